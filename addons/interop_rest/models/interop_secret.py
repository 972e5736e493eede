"""Tokens of clients."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.interop_base import clock

from .. import const
from ..tools import tokens


class InteropSecret(models.Model):
    """Adds tokens: only the hash of a token is stored, and the token is shown once."""

    _inherit = "interop.secret"

    token_prefix = fields.Char(
        "Begins With",
        readonly=True,
        copy=False,
        help="The first characters of the token. Use them to tell tokens apart.",
    )

    @api.constrains("kind", "valid_from", "valid_to", "client_id")
    def _check_token_ends(self):
        for secret in self:
            if secret.kind != "token_hash" or not secret.client_id:
                continue
            longest = timedelta(days=const.SETTINGS[const.PARAM_TOKEN_DAYS][2])
            if not secret.valid_to or secret.valid_to - secret.valid_from > longest:
                raise ValidationError(
                    self.env._(
                        "A token needs an expiry date that is at most %s days after its "
                        "start. Enter an earlier date under Valid Until.",
                        longest.days,
                    )
                )

    @api.model
    @api.private
    def _create_value(self, vals, plaintext):
        if vals["kind"] != "token_hash" or not vals.get("client_id"):
            return super()._create_value(vals, plaintext)
        if not tokens.is_token(plaintext):
            raise ValidationError(
                self.env._("The value is not a token of this server. Generate a token.")
            )
        vals = {**vals, "token_prefix": tokens.prefix(plaintext)}
        return super()._create_value(vals, tokens.digest(plaintext))

    @api.model
    @api.private
    def _generate_plaintext(self, kind):
        if kind == "token_hash":
            return tokens.generate()
        return super()._generate_plaintext(kind)

    def write(self, vals):
        """Refuse a change of the token prefix."""
        if "token_prefix" in vals:
            raise UserError(
                self.env._("The beginning of a token cannot change. Rotate the token.")
            )
        return super().write(vals)

    def _rotation_values(self):
        values = super()._rotation_values()
        if self.kind == "token_hash" and self.client_id:
            values["valid_to"] = self._token_end()
        return values

    def _action_show_once(self, plaintext):
        action = super()._action_show_once(plaintext)
        if self.client_id.accepts_http_signature and self.kind == "hmac":
            action["params"]["note"] += " " + self.env._(
                "For signed requests (RFC 9421) use the key id %s.", self.uuid
            )
        return action

    @api.model
    def _token_end(self):
        """Return the expiry date of a token that is generated now."""
        days = self.env["interop.rest.settings"]._setting(const.PARAM_TOKEN_DAYS)
        return clock.now() + timedelta(days=days)
