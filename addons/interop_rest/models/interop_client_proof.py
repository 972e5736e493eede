"""How a client proves who it is."""

from odoo import api, models

from odoo.addons.interop_base.tools.signing import VerifyingKey

from .. import const
from ..tools import message_signatures, networks

VERIFYING_KINDS = ("hmac", "ed25519_public")
# way of proof -> the field that allows it
METHODS = {
    "webhook": "accepts_signature",
    "token": "accepts_token",
    "http_signature": "accepts_http_signature",
    "vendor": "accepts_vendor",
}
# The kind of a key decides about the algorithm, never the caller.
ALGORITHMS = {
    "hmac": message_signatures.HMAC_SHA256,
    "ed25519_public": message_signatures.ED25519,
}


class InteropClient(models.Model):
    """Keys, tokens, and from where they are accepted."""

    _inherit = "interop.client"

    @api.private
    def _verifying_keys(self, now):
        """Return the keys that prove this client at ``now`` (naive UTC), newest
        first."""
        secrets = self.secret_ids.filtered(lambda item: item.kind in VERIFYING_KINDS)
        return [
            VerifyingKey.from_text(secret._get_value(), secret.id)
            for secret in secrets._usable(now)
        ]

    @api.private
    def _message_keys(self, now):
        """Return the keys for HTTP Message Signatures at ``now`` by their key ids."""
        secrets = self.secret_ids.filtered(lambda item: item.kind in VERIFYING_KINDS)
        return [
            message_signatures.Key(
                secret.uuid,
                ALGORITHMS[secret.kind],
                VerifyingKey.from_text(secret._get_value()).material,
            )
            for secret in secrets._usable(now)
        ]

    @api.private
    def _tokens(self, now):
        """Return the tokens that prove this client at ``now``, newest first."""
        return self.secret_ids.filtered(
            lambda item: item.kind == "token_hash" and item.valid_to
        )._usable(now)

    def _may_call(self, now, address, method):
        """Return why this client may not call at ``now`` from ``address`` with this way
        of proof; ``""`` if it may."""
        if self.state != "active":
            return f"client_{self.state}"
        if self.expires_at and self.expires_at <= now:
            return "client_expired"
        if method not in METHODS or not self[METHODS[method]]:
            return "method_not_allowed"
        if not networks.allows(networks.parse(self.allowed_networks), address):
            return "network_not_allowed"
        return ""

    @api.private
    def _rate_limit(self):
        """Return how many requests per minute this client may make."""
        self.ensure_one()
        inbound = self.env["interop.inbound"]
        return self.rate_limit or inbound._setting(const.PARAM_RATE)

    def _alert_failures(self, network):
        """Tell the owner of the system that somebody keeps failing as this client."""
        self.ensure_one()
        if self.system_id.owner_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=self.system_id.owner_id.id,
                summary=self.env._(
                    "Somebody keeps failing to prove to be %s", self.name
                ),
                note=self.env._(
                    "Too many calls in the name of this client could not prove it, from "
                    "network %s. Either its key, token or clock is wrong there, or "
                    "somebody else is trying. The reasons are in the server's log. "
                    "Calls with a valid proof are answered as ever.",
                    network or "?",
                ),
            )

    def _can_prove(self, now):
        """Return whether there is a key or token for a way of proof that it may use."""
        keys = self.secret_ids.filtered(lambda item: item.kind in VERIFYING_KINDS)
        return bool(
            (
                (self.accepts_signature or self.accepts_http_signature)
                and keys._usable(now)
            )
            or (self.accepts_token and self._tokens(now))
        )
