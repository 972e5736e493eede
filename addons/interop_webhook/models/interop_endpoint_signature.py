"""What deliveries are signed with."""

from odoo import api, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import signing

from .. import const
from ..tools import message_signing, url_guard


class InteropEndpoint(models.Model):
    """Signatures over the message (Standard Webhooks) or the request (RFC 9421)."""

    _inherit = "interop.endpoint"

    @api.constrains("signature_version", "header_ids")
    def _check_signature_headers(self):
        """An extra header must not take the place of a signature."""
        for endpoint in self:
            if endpoint.signature_version not in const.REQUEST_ALGORITHMS:
                continue
            for header in endpoint.header_ids:
                if header.name.lower() in message_signing.HEADERS:
                    raise ValidationError(
                        self.env._(
                            "“%(endpoint)s” signs its requests: remove the extra header "
                            "“%(header)s”, which is part of that signature.",
                            endpoint=endpoint.name,
                            header=header.name,
                        )
                    )

    @api.private
    def _signing_keys(self, now):
        """Return ``(keys, signer)``: the keys that sign messages, or what signs requests
        (and no keys then).

        :raises ConfigurationError: when a kind that the signature version needs is
            missing
        """
        secrets = self._signing_secrets(now)
        algorithm = const.REQUEST_ALGORITHMS.get(self.signature_version)
        if not algorithm:
            return (
                tuple(
                    signing.SigningKey.from_text(secret._get_value(), secret.id)
                    for secret in secrets[: signing.MAX_KEYS]
                ),
                None,
            )
        # Receivers refuse a request if they do not know a key of it. So the one that is
        # replaced signs on until it ends: they have its successor by then.
        secret = min(
            secrets, key=lambda item: (not item.valid_to, item.valid_to or now, item.id)
        )
        target = url_guard.parse_url(
            self.url, allow_http=self.allow_http, ports=self._ports()
        )
        url = f"{target.scheme}://{target.authority}{target.path_qs}"
        material = signing.decode_secret(secret._get_value())
        return (), message_signing.Signer(secret.uuid, algorithm, material, url)

    def _signs_requests(self):
        """Return whether requests are signed (RFC 9421), not messages."""
        self.ensure_one()
        return self.signature_version in const.REQUEST_ALGORITHMS


class InteropEndpointHeader(models.Model):
    """The same when a header is added later."""

    _inherit = "interop.endpoint.header"

    @api.constrains("name", "endpoint_id")
    def _check_no_signature(self):
        self.endpoint_id._check_signature_headers()


class InteropSecret(models.Model):
    """Receivers find the key of a signed request by its id."""

    _inherit = "interop.secret"

    def _action_show_once(self, plaintext):
        action = super()._action_show_once(plaintext)
        kinds = const.SECRET_KINDS.get(self.endpoint_id.signature_version, ())
        if self.kind in kinds and self.endpoint_id._signs_requests():
            action["params"]["note"] += " " + self.env._(
                "Signed requests (RFC 9421) name it as keyid %s.", self.uuid
            )
            others = self.endpoint_id._signing_secrets(clock.now()) - self
            ends = [item.valid_to for item in others if item.valid_to]
            if ends:
                action["params"]["note"] += " " + self.env._(
                    "It signs from %s UTC on, when the one before ends.",
                    max(ends).strftime("%Y-%m-%d %H:%M"),
                )
        return action
