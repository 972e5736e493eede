"""How clients prove their identity over HTTP, and what they may ask there."""

from odoo import api, fields, models

from odoo.addons.interop_base.tools.signing import VerifyingKey

from .. import const
from ..tools import message_signatures

VERIFYING_KINDS = ("hmac", "ed25519_public")
# The kind of a key decides about the algorithm, never the caller.
ALGORITHMS = {
    "hmac": message_signatures.HMAC_SHA256,
    "ed25519_public": message_signatures.ED25519,
}


class InteropClient(models.Model):
    """Ways of proof, keys and tokens, and the operations of the REST services."""

    _inherit = "interop.client"

    accepts_signature = fields.Boolean(
        "Signed Messages",
        default=True,
        tracking=True,
        help="Standard Webhooks: each request is signed with a key (HMAC or Ed25519).",
    )
    accepts_token = fields.Boolean(
        "Tokens",
        tracking=True,
        help="A secret text that ends by itself, sent along as Authorization: Bearer. "
        "Weaker: whoever reads a request can send others.",
    )
    accepts_http_signature = fields.Boolean(
        "Signed Requests",
        tracking=True,
        help="HTTP Message Signatures (RFC 9421): each request is signed with method, "
        "address and digest of its body. The key is named by its key id.",
    )
    may_read_status = fields.Boolean(
        default=True,
        tracking=True,
        help="It may ask what became of its own messages.",
    )
    may_read_identifiers = fields.Boolean(
        default=True,
        tracking=True,
        help="It may look identifiers up, of the namespaces listed with it.",
    )
    may_read_events = fields.Boolean(
        default=True,
        tracking=True,
        help="It may fetch what its system was sent, of its outbound interfaces.",
    )
    may_reconcile = fields.Boolean(
        default=True,
        tracking=True,
        help="It may compare what it has sent with what is here, many messages at once.",
    )
    requires_idempotency_key = fields.Boolean(
        tracking=True,
        help="Messages that are not signed as webhooks are refused unless they carry "
        "Idempotency-Key.",
    )
    namespace_ids = fields.Many2many(
        "interop.namespace",
        "interop_client_namespace_rel",
        "client_id",
        "namespace_id",
        "May Look Up",
        tracking=True,
        help="Assigning authorities whose identifiers it may look up, and get of a record "
        "that it has found. None: it looks up nothing.",
    )
    may_link = fields.Boolean(
        "May Link Identifiers",
        tracking=True,
        help="It may say which record a number of its own system belongs to. The record "
        "has to be one that it may look up.",
    )

    # === APPROVAL === #

    @api.model
    def _transports(self):
        return super()._transports() | {"rest"}

    @api.model
    def _approved_fields(self):
        return super()._approved_fields() | {
            *self._ways().values(),
            "requires_idempotency_key",
            "may_read_status",
            "may_read_identifiers",
            "may_read_events",
            "may_reconcile",
            "may_link",
            "namespace_ids",
        }

    def _approval_state(self):
        return {
            **super()._approval_state(),
            "namespaces": self.namespace_ids.mapped("code"),
        }

    # === PROOF === #

    @api.model
    def _ways(self):
        """Return ``{way of proof: name of the field that allows it}``; an override adds
        the ways of its addon."""
        return {
            "webhook": "accepts_signature",
            "token": "accepts_token",
            "http_signature": "accepts_http_signature",
        }

    def _may_prove(self, now, address, way):
        """Return why this client may not call at ``now`` from ``address`` with this way
        of proof; ``""`` if it may."""
        reason = self._may_call(now, address)
        allowed = self._ways().get(way)
        return reason or ("" if allowed and self[allowed] else "method_not_allowed")

    @api.private
    def _verifying_keys(self, now):
        """Return the keys that prove this client at ``now`` (naive UTC), newest
        first."""
        secrets = self._keys_of(VERIFYING_KINDS)
        return [
            VerifyingKey.from_text(text, secret.id)
            for secret, text in self._decrypted(secrets._usable(now))
        ]

    @api.private
    def _message_keys(self, now):
        """Return the keys for HTTP Message Signatures at ``now`` by their key ids."""
        secrets = self._keys_of(VERIFYING_KINDS)
        return [
            message_signatures.Key(
                secret.uuid,
                ALGORITHMS[secret.kind],
                VerifyingKey.from_text(text).material,
            )
            for secret, text in self._decrypted(secrets._usable(now))
        ]

    @api.private
    def _tokens(self, now):
        """Return the tokens that prove this client at ``now``, newest first."""
        found = self._keys_of(("token_hash",))
        return found.filtered("valid_to")._usable(now)

    def _can_authenticate(self, now):
        keys = self._keys_of(VERIFYING_KINDS)
        return super()._can_authenticate(now) or bool(
            (
                (self.accepts_signature or self.accepts_http_signature)
                and keys._usable(now)
            )
            or (self.accepts_token and self._tokens(now))
        )

    @api.private
    def _rate_limit(self):
        """Return how many requests per minute this client may make."""
        self.ensure_one()
        settings = self.env["interop.rest.settings"]
        return self.rate_limit or settings._setting(const.PARAM_RATE)

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

    # === KEYS === #

    def _secret_values(self, kind):
        values = super()._secret_values(kind)
        if kind == "token_hash":
            values["valid_to"] = self.env["interop.secret"]._token_end()
        return values

    def action_generate_hmac(self):
        """Generate an HMAC key and show it once."""
        return self._generate("hmac")

    def action_generate_token(self):
        """Generate a token and show it once."""
        return self._generate("token_hash")

    def _generate(self, kind):
        """Generate a key or token and return the action that shows it once."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        secrets = self.env["interop.secret"]
        plaintext = secrets._generate_plaintext(kind)
        secret = secrets._create_value(self._secret_values(kind), plaintext)
        self.env["interop.audit.event"]._log("generated", secret)
        return secret._action_show_once(plaintext)

    def action_add_public_key(self):
        """Ask for the public key of a caller that signs with Ed25519."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add Public Key"),
            "res_model": "interop.client.key.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_client_id": self.id},
        }
