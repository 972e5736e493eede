"""Address, signing keys and credentials for deliveries to an endpoint."""

import dataclasses

from odoo.addons.interop_base import clock, parameters
from odoo.addons.interop_base.exceptions import ConfigurationError
from odoo.addons.interop_base.tools import signing

from .. import const
from ..tools import header_guard, http_channel, message_signing, oauth, url_guard


def allowed_ports(env):
    """Return the ports allowed in the Settings, parsed for ``url_guard``."""
    ports = parameters.text(env, const.PARAM_PORTS, const.DEFAULT_PORTS)
    return url_guard.parse_ports(ports)


class EndpointConnection:
    """Reads address, keys, credentials and headers of one endpoint for the sender.

    It runs in the short transaction that prepares deliveries and opens no connection.
    """

    def __init__(self, endpoint):
        endpoint.ensure_one()
        self.endpoint = endpoint
        self.env = endpoint.env

    # === ADDRESS === #

    def receiver(self):
        """Return the ``http_channel.Receiver`` of this endpoint.

        :raises ConfigurationError: a client certificate or proxy credential has expired,
            or the Settings have no proxy
        """
        endpoint = self.endpoint
        pem = self._optional_credential(
            "client_certificate",
            self.env._(
                "The client certificate of endpoint %s has expired. Set a new client "
                "certificate.",
                endpoint.name,
            ),
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
                    "Endpoint %s uses the outgoing proxy, but the Settings have no proxy. "
                    "Enter the proxy in the Settings, or clear Use Outgoing Proxy.",
                    endpoint.name,
                ),
                code="no_proxy",
            )
        credential = self._optional_credential(
            "proxy",
            self.env._(
                "The proxy credential of endpoint %s has expired. Set a new proxy "
                "credential.",
                endpoint.name,
            ),
        )
        return {"proxy": http_channel.Proxy(url, credential or "")}

    def extra_headers(self):
        """Return the extra headers after another check.

        :raises header_guard.HeaderRefusal: a header is not allowed
        """
        headers = self.endpoint.header_ids
        return (
            header_guard.check_headers((item.name, item.value) for item in headers)
            if headers
            else {}
        )

    # === SIGNATURE === #

    def signing_secrets(self, now):
        """Return the secrets that sign at ``now``: old and new ones during a rotation.

        :param datetime now: naive UTC
        :raises ConfigurationError: a secret that the signature version requires is
            missing
        """
        endpoint = self.endpoint
        kinds = const.SECRET_KINDS[endpoint.signature_version]
        # sudo: the engine signs with secrets that the current user cannot read
        usable_sudo = endpoint.sudo().secret_ids._usable(now)
        for kind in kinds:
            if kind not in usable_sudo.mapped("kind"):
                raise ConfigurationError(
                    self.env._(
                        "Endpoint %(name)s has no valid secret for its signature version "
                        "(%(version)s). Press Generate Secret or Rotate Secret on the "
                        "endpoint.",
                        name=endpoint.name,
                        version=endpoint.signature_version,
                    ),
                    code="no_secret",
                )
        return usable_sudo.filtered(lambda secret: secret.kind in kinds)

    def signing_keys(self, now):
        """Return ``(keys, signer)``.

        ``keys`` sign the message (Standard Webhooks). ``signer`` signs the request
        (RFC 9421); ``keys`` is then empty. Otherwise ``signer`` is None.

        :param datetime now: naive UTC
        :raises ConfigurationError: a secret that the signature version requires is
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
        # A request has one signature, and a receiver refuses an unknown key. So the old
        # key signs until it expires. The receiver has the new key by then.
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
        """Return ``(headers, oauth.Grant or None)`` of the receiver credential.

        :raises ConfigurationError: the credential is missing or expired
        """
        endpoint = self.endpoint
        if endpoint.auth_method == "none":
            return {}, None
        value = self.credential("receiver")
        if not value:
            raise ConfigurationError(
                self.env._(
                    "Endpoint %s has no valid credential for the receiver. Press Set "
                    "Credential on the endpoint.",
                    endpoint.name,
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
        """Return the value of the newest valid credential of a purpose, or ``None``."""
        # sudo: the engine sends credentials that the current user cannot read
        secrets_sudo = self.endpoint.sudo().secret_ids.filtered(
            lambda secret: secret.purpose == purpose
        )
        secret_sudo = secrets_sudo._usable(clock.now())[:1]
        return secret_sudo._get_value() if secret_sudo else None

    def _optional_credential(self, purpose, expired):
        """Return the value of a credential, ``None`` if it was never set.

        An expired credential is an error: without it the receiver or proxy would refuse
        each message.

        :param str expired: text of the error
        :raises ConfigurationError: the credential has expired
        """
        value = self.credential(purpose)
        if not value and self.endpoint.secret_ids.filtered(
            lambda secret: secret.purpose == purpose and not secret.revoked_at
        ):
            raise ConfigurationError(expired, code="no_credential")
        return value
