"""Tokens of clients."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.interop_base import clock

from .. import const
from ..tools import tokens


class InteropSecret(models.Model):
    """The value of a token is its hash: the token itself is shown once and kept
    nowhere."""

    _inherit = "interop.secret"

    token_prefix = fields.Char(
        "Begins With",
        readonly=True,
        copy=False,
        help="The beginning of a token, by which people tell tokens apart.",
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
                        "A token ends, at the latest after %s days.", longest.days
                    )
                )

    @api.model
    @api.private
    def _create_value(self, vals, plaintext):
        if vals["kind"] != "token_hash" or not vals.get("client_id"):
            return super()._create_value(vals, plaintext)
        if not tokens.is_token(plaintext):
            raise ValidationError(self.env._("This is not a token."))
        vals = {**vals, "token_prefix": tokens.prefix(plaintext)}
        return super()._create_value(vals, tokens.digest(plaintext))

    @api.model
    @api.private
    def _generate_plaintext(self, kind):
        if kind == "token_hash":
            return tokens.generate()
        return super()._generate_plaintext(kind)

    def write(self, vals):
        """Keep what is shown of a token as it was."""
        if "token_prefix" in vals:
            raise UserError(self.env._("A token does not change."))
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
                "Signed requests (RFC 9421) name it as keyid %s.", self.uuid
            )
        return action

    @api.model
    def _token_end(self):
        """Return until when a token made now is valid."""
        days = self.env["interop.rest.settings"]._setting(const.PARAM_TOKEN_DAYS)
        return clock.now() + timedelta(days=days)
