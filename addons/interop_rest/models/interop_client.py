"""Authentication methods and permissions of clients over HTTP."""

from odoo import api, fields, models

from odoo.addons.interop_base.tools.signing import VerifyingKey

from .. import const
from ..tools import message_signatures

VERIFYING_KINDS = ("hmac", "ed25519_public")
# The kind of the key determines the algorithm. The caller cannot choose it.
ALGORITHMS = {
    "hmac": message_signatures.HMAC_SHA256,
    "ed25519_public": message_signatures.ED25519,
}


class InteropClient(models.Model):
    """Adds authentication methods, keys, tokens and operations of the REST services."""

    _inherit = "interop.client"

    accepts_signature = fields.Boolean(
        "Signed Messages",
        default=True,
        tracking=True,
        help="The client may sign each message with an HMAC or Ed25519 key (Standard "
        "Webhooks).",
    )
    accepts_token = fields.Boolean(
        "Tokens",
        tracking=True,
        help="The client may send a token with an expiry date as Authorization: Bearer. "
        "This is weaker than a signature: anyone who intercepts the token can reuse it.",
    )
    accepts_http_signature = fields.Boolean(
        "Signed Requests",
        tracking=True,
        help="The client may sign method, address and body digest of each request (HTTP "
        "Message Signatures, RFC 9421). The request names the key by its key id.",
    )
    may_read_status = fields.Boolean(
        default=True,
        tracking=True,
        help="The client may read the status of the messages that it sent.",
    )
    may_read_identifiers = fields.Boolean(
        default=True,
        tracking=True,
        help="The client may look up identifiers of the namespaces under May Look Up.",
    )
    may_read_events = fields.Boolean(
        default=True,
        tracking=True,
        help="The client may fetch messages that its system missed, on the outbound "
        "interfaces of the client.",
    )
    may_reconcile = fields.Boolean(
        default=True,
        tracking=True,
        help="The client may compare lists of messages that it sent with the messages "
        "that Odoo received.",
    )
    requires_idempotency_key = fields.Boolean(
        tracking=True,
        help="Messages with a token or a signed request must have the header "
        "Idempotency-Key. Signed messages do not need it.",
    )
    namespace_ids = fields.Many2many(
        "interop.namespace",
        "interop_client_namespace_rel",
        "client_id",
        "namespace_id",
        "May Look Up",
        tracking=True,
        help="Assigning authorities whose identifiers the client may look up and receive. "
        "Leave empty to forbid look-ups.",
    )
    may_link = fields.Boolean(
        "May Link Identifiers",
        tracking=True,
        help="The client may link a number of its system to a record that it may look "
        "up.",
    )

    # === APPROVAL === #

    @api.model
    def _transports(self):
        return super()._transports() | {"rest"}

    @api.model
    def _approved_fields(self):
        return super()._approved_fields() | {
            *self._auth_methods().values(),
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

    # === AUTHENTICATION === #

    @api.model
    def _auth_methods(self):
        """Return ``{authentication method: name of the field that allows it}``.

        An override adds the methods of its addon to those of ``super()``.
        """
        return {
            "webhook": "accepts_signature",
            "token": "accepts_token",
            "http_signature": "accepts_http_signature",
        }

    def _authentication_refusal(self, now, address, method):
        """Return why this client may not call, as a code for the log.

        :param datetime now: naive UTC
        :param str address: IP address of the caller
        :param str method: authentication method, a key of :meth:`_auth_methods`
        :returns: ``""`` if the client may call
        """
        reason = self._may_call(now, address)
        allowed = self._auth_methods().get(method)
        return reason or ("" if allowed and self[allowed] else "method_not_allowed")

    @api.private
    def _verifying_keys(self, now):
        """Return the keys that are valid at ``now`` (naive UTC), newest first."""
        secrets = self._keys_of(VERIFYING_KINDS)
        return [
            VerifyingKey.from_text(text, secret.id)
            for secret, text in self._decrypted(secrets._usable(now))
        ]

    @api.private
    def _message_keys(self, now):
        """Return the keys for HTTP Message Signatures that are valid at ``now``."""
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
        """Return the tokens that are valid at ``now``, newest first."""
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
        """Notify the owner of the system of repeated failed authentication.

        :param str network: network of the calls, in CIDR notation
        """
        self.ensure_one()
        if self.system_id.owner_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=self.system_id.owner_id.id,
                summary=self.env._(
                    "Repeated failed authentication as client %s", self.name
                ),
                note=self.env._(
                    "Too many calls with this client's code from network %s failed "
                    "authentication. Either the client uses a wrong key, token or clock, "
                    "or another caller uses its code. Look for the reasons in the server "
                    "log. Valid calls are still accepted.",
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
        """Generate a key or token and return the action that shows the value once."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        secrets = self.env["interop.secret"]
        plaintext = secrets._generate_plaintext(kind)
        secret = secrets._create_value(self._secret_values(kind), plaintext)
        self.env["interop.audit.event"]._log("generated", secret)
        return secret._action_show_once(plaintext)

    def action_add_public_key(self):
        """Open the wizard for the public key of a caller that signs with Ed25519."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add Public Key"),
            "res_model": "interop.client.key.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_client_id": self.id},
        }
