"""Keys and tokens of clients."""

from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.interop_base import clock

from .. import const
from ..tools import tokens

USED_EVERY = timedelta(minutes=5)


class InteropSecret(models.Model):
    """Links a key or token to the client that it proves.

    The value of a token is its hash: the token itself is shown once and kept nowhere.
    """

    _inherit = "interop.secret"

    client_id = fields.Many2one(
        "interop.client", ondelete="restrict", index=True, readonly=True
    )
    token_prefix = fields.Char(
        "Begins With",
        readonly=True,
        copy=False,
        help="The beginning of a token, by which people tell tokens apart.",
    )
    last_used_at = fields.Datetime(
        "Last Used",
        readonly=True,
        copy=False,
        help="When the key or token was last accepted, to five minutes.",
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

    def write(self, vals):
        """Keep a key with its client, and what is shown of it as it was."""
        if "client_id" in vals:
            raise UserError(self.env._("A secret belongs to its client for good."))
        if {"token_prefix", "last_used_at"} & vals.keys():
            raise UserError(self.env._("A token does not change."))
        result = super().write(vals)
        if {"valid_from", "valid_to"} & vals.keys():
            self.client_id._note_editor()
        return result

    @api.model
    @api.private
    def _create_value(self, vals, plaintext):
        if vals["kind"] != "token_hash" or not vals.get("client_id"):
            return super()._create_value(vals, plaintext)
        if not tokens.is_token(plaintext):
            raise ValidationError(self.env._("This is not a token."))
        vals = {**vals, "token_prefix": tokens.prefix(plaintext)}
        return super()._create_value(vals, tokens.digest(plaintext))

    def _note_created(self):
        """A new key of a client that was ever approved lets more callers in: its owner
        and the stewards are told, also while it is being changed."""
        result = super()._note_created()
        client = self.client_id
        if not client:
            return result
        client._note_editor()
        if client.approved_fingerprint:
            self.env["interop.audit.event"]._log(
                "changed", client, f"Keys: + {self._approval_text()}"
            )
            summary = self.env._("New key of client %s", client.name)
            self._tell_owner(summary, stewards=True)
        return result

    def _approval_text(self):
        """Return what an approval of the client says about this key."""
        self.ensure_one()
        start = fields.Datetime.to_string(self.valid_from)
        end = fields.Datetime.to_string(self.valid_to) or "…"
        return f"{self.kind} {self.fingerprint or '–'} ({self.uuid}) {start} – {end}"

    @api.model
    @api.private
    def _generate_plaintext(self, kind):
        if kind == "token_hash":
            return tokens.generate()
        return super()._generate_plaintext(kind)

    def _rotation_values(self):
        values = {**super()._rotation_values(), "client_id": self.client_id.id}
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
        days = self.env["interop.inbound"]._setting(const.PARAM_TOKEN_DAYS)
        return clock.now() + timedelta(days=days)

    def _note_used(self, now):
        """Remember that a key or token was accepted at ``now``: every few minutes,
        waiting for nobody.

        On a cursor of its own: within the request it would be the one row that all
        requests of a client write, and a refused request would undo it. Rarely, because
        what is remembered of a client is read again whenever a row of it changes.
        """
        self.ensure_one()
        before = now - USED_EVERY
        if self.last_used_at and self.last_used_at > before:
            return
        try:
            with self.env.registry.cursor() as cr:
                cr.execute(
                    """UPDATE interop_secret SET last_used_at = %s
                        WHERE id = ANY(ARRAY(
                              SELECT id FROM interop_secret
                               WHERE id = %s AND (last_used_at IS NULL
                                                  OR last_used_at <= %s)
                                 FOR UPDATE SKIP LOCKED))""",
                    [now, self.id, before],
                    log_exceptions=False,
                )
        except psycopg2.errors.SerializationFailure:
            return  # another request has just written it
