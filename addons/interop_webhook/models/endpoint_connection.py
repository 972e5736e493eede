"""How deliveries reach the receiver of an endpoint, and prove who sends them."""

import dataclasses

from odoo.addons.interop_base import clock, parameters
from odoo.addons.interop_base.exceptions import ConfigurationError
from odoo.addons.interop_base.tools import signing

from .. import const
from ..tools import header_guard, http_channel, message_signing, oauth, url_guard


def allowed_ports(env):
    """Return the ports allowed in Settings, as ``url_guard`` takes them."""
    ports = parameters.text(env, const.PARAM_PORTS, const.DEFAULT_PORTS)
    return url_guard.parse_ports(ports)


class EndpointConnection:
    """Address, keys, credentials and headers of one endpoint, as the sender takes them.

    Read in the short transaction that prepares deliveries; nothing here connects.
    """

    def __init__(self, endpoint):
        endpoint.ensure_one()
        self.endpoint = endpoint
        self.env = endpoint.env

    # === ADDRESS === #

    def receiver(self):
        """Return what the sender needs to reach this endpoint.

        :raises ConfigurationError: when a certificate or a proxy that is to be used is
            not there
        """
        endpoint = self.endpoint
        pem = self._optional_credential(
            "client_certificate",
            self.env._("The client certificate of “%s” has expired.", endpoint.name),
        )
        return http_channel.Receiver(
            key=f"endpoint:{endpoint.id}",
            url=endpoint.url,
            allow_http=endpoint.allow_http,
            ports=allowed_ports(self.env),
            networks=url_guard.parse_networks(endpoint.allowed_networks or ""),
            connect_timeout=endpoint.connect_timeout,
            total_timeout=endpoint.total_timeout,
            concurrency=endpoint.concurrency,
            max_response_bytes=endpoint.max_response_kb * 1024,
            ca_pem=endpoint.ca_certificate or "",
            client_pem=pem or "",
            **self._proxy(),
        )

    def _proxy(self):
        endpoint = self.endpoint
        if not endpoint.use_proxy:
            return {}
        url = endpoint._outbound_proxy()
        if not url:
            raise ConfigurationError(
                self.env._(
                    "“%s” uses the outgoing proxy, and Settings name none.",
                    endpoint.name,
                ),
                code="no_proxy",
            )
        credential = self._optional_credential(
            "proxy",
            self.env._(
                "The credential of “%s” for the proxy has expired.", endpoint.name
            ),
        )
        return {"proxy": http_channel.Proxy(url, credential or "")}

    def extra_headers(self):
        """Return the extra headers, checked once more."""
        headers = self.endpoint.header_ids
        return (
            header_guard.check_headers((item.name, item.value) for item in headers)
            if headers
            else {}
        )

    # === SIGNATURE === #

    def signing_secrets(self, now):
        """Return every secret that signs at ``now``: during an overlap old and new.

        :raises ConfigurationError: when a kind that the signature version needs is
            missing
        """
        endpoint = self.endpoint
        kinds = const.SECRET_KINDS[endpoint.signature_version]
        # sudo: the engine signs whoever caused the message
        usable_sudo = endpoint.sudo().secret_ids._usable(now)
        for kind in kinds:
            if kind not in usable_sudo.mapped("kind"):
                raise ConfigurationError(
                    self.env._(
                        "Endpoint “%(name)s” has no usable secret for its signatures "
                        "(%(version)s). Generate one.",
                        name=endpoint.name,
                        version=endpoint.signature_version,
                    ),
                    code="no_secret",
                )
        return usable_sudo.filtered(lambda secret: secret.kind in kinds)

    def signing_keys(self, now):
        """Return ``(keys, signer)``: the keys that sign messages, or what signs requests
        (and no keys then).

        :raises ConfigurationError: when a kind that the signature version needs is
            missing
        """
        secrets = self.signing_secrets(now)
        algorithm = const.REQUEST_ALGORITHMS.get(self.endpoint.signature_version)
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
            self.endpoint.url,
            allow_http=self.endpoint.allow_http,
            ports=allowed_ports(self.env),
        )
        url = f"{target.scheme}://{target.authority}{target.path_qs}"
        material = signing.decode_secret(secret._get_value())
        return (), message_signing.Signer(secret.uuid, algorithm, material, url)

    # === CREDENTIAL === #

    def authorization(self):
        """Return ``(headers, oauth.Grant or None)``.

        :raises ConfigurationError: when the credential is missing or expired
        """
        endpoint = self.endpoint
        if endpoint.auth_method == "none":
            return {}, None
        value = self.credential("receiver")
        if not value:
            raise ConfigurationError(
                self.env._(
                    "Endpoint “%s” has no usable credential. Set it.", endpoint.name
                ),
                code="no_credential",
            )
        if endpoint.auth_method == "bearer":
            return {"Authorization": f"Bearer {value}"}, None
        if endpoint.auth_method == "basic":
            return {"Authorization": oauth.basic(endpoint.auth_user, value)}, None
        receiver = dataclasses.replace(
            self.receiver(), key=f"token:{endpoint.id}", url=endpoint.oauth_token_url
        )
        return {}, oauth.Grant(
            receiver,
            endpoint.auth_user,
            value,
            endpoint.oauth_scope or "",
            endpoint.oauth_client_auth == "body",
        )

    def credential(self, purpose):
        """Return the newest usable value, or ``None``."""
        # sudo: the engine shows credentials whoever caused the message
        secrets_sudo = self.endpoint.sudo().secret_ids.filtered(
            lambda secret: secret.purpose == purpose
        )
        secret_sudo = secrets_sudo._usable(clock.now())[:1]
        return secret_sudo._get_value() if secret_sudo else None

    def _optional_credential(self, purpose, expired):
        """Return the newest usable value, or ``None`` where none was ever wanted.

        :param str expired: what to say when it was set and holds no longer: without it
            the other side would refuse every message for good
        :raises ConfigurationError: with that text
        """
        value = self.credential(purpose)
        if not value and self.endpoint.secret_ids.filtered(
            lambda secret: secret.purpose == purpose and not secret.revoked_at
        ):
            raise ConfigurationError(expired, code="no_credential")
        return value
