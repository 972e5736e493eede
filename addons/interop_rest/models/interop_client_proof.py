"""How a client proves who it is."""

import logging
import time

from odoo import SUPERUSER_ID, api, models

from odoo.addons.interop_base.exceptions import ConfigurationError, GuardError
from odoo.addons.interop_base.tools.signing import VerifyingKey

from .. import const
from ..tools import message_signatures, networks

_logger = logging.getLogger(__name__)

QUIET = 60  # minutes without a use of an unreadable key after which it is told again
NOTE_EVERY = 60.0  # seconds between notes of one worker about one key
_noted = {}  # (database, secret) -> moment of the monotonic clock
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
            VerifyingKey.from_text(text, secret.id)
            for secret, text in self._readable(secrets._usable(now))
        ]

    @api.private
    def _message_keys(self, now):
        """Return the keys for HTTP Message Signatures at ``now`` by their key ids."""
        secrets = self.secret_ids.filtered(lambda item: item.kind in VERIFYING_KINDS)
        return [
            message_signatures.Key(
                secret.uuid,
                ALGORITHMS[secret.kind],
                VerifyingKey.from_text(text).material,
            )
            for secret, text in self._readable(secrets._usable(now))
        ]

    @api.private
    def _readable(self, secrets):
        """Return ``(secret, plaintext)`` of those secrets that this server can decrypt.

        One that it cannot decrypt proves nothing, but the client may have another one.
        The owner of the system is told of it.

        :raises ConfigurationError: there are secrets, and not one of them can be read
        :raises GuardError: without a key file
        """
        found, problem = [], None
        for secret in secrets:
            try:
                found.append((secret, secret._get_value()))
            except GuardError:
                raise
            except ConfigurationError as error:
                problem = error
                self._note_unreadable(secret)
        if problem and not found:
            raise problem
        return found

    def _note_unreadable(self, secret):
        """Tell the owner of the system of a key that cannot be read, once per episode."""
        key = (self.env.cr.dbname, secret.id)
        now = time.monotonic()
        if _noted.get(key, 0) > now:
            return
        if len(_noted) > 1000:
            _noted.clear()
        _noted[key] = now + NOTE_EVERY
        subject = f"unreadable:{secret.id}"
        if not self.env["interop.rate.counter"]._begins(subject, QUIET):
            return
        _logger.warning(
            "a key cannot be read: client=%s secret=%s", self.code, secret.uuid
        )
        # On a cursor of its own: a refusal undoes what the request did.
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["interop.client"].browse(self.id)._alert_unreadable(
                env["interop.secret"].browse(secret.id)
            )

    def _alert_unreadable(self, secret):
        """Tell the owner of the system of a key that cannot be read."""
        self.ensure_one()
        owner = self.system_id.owner_id
        if not owner:
            return
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=owner.id,
            summary=self.env._("A key of %s cannot be read", self.name),
            note=self.env._(
                "This server cannot decrypt the key “%(secret)s”. Calls that use this "
                "key are refused. Calls with other keys still work. Put the key that "
                "encrypted it back into the key file, or revoke it and give the "
                "partner a new one.",
                secret=secret.name,
            ),
        )

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
