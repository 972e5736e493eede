"""Address, TLS, signatures, credentials and networks of webhook endpoints."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.interop_base import clock, parameters
from odoo.addons.interop_base.const import PROTECTED_CLASSES
from odoo.addons.interop_base.exceptions import ConfigurationError
from odoo.addons.interop_base.tools import approval

from .. import const
from ..tools import http_channel, message_signing, proxy_channel, url_guard
from .endpoint_connection import EndpointConnection, allowed_ports
from .secret_expiry import SecretExpiry
from .trial_message import TrialMessage


class InteropEndpoint(models.Model):
    """Adds URL, TLS, signatures, credentials, private networks, proxy and tests.

    Rate, order and circuit of an endpoint are part of ``interop_base``.
    """

    _inherit = "interop.endpoint"

    url = fields.Char(
        "URL",
        required=True,
        tracking=True,
        help="The address that receives the deliveries. Odoo checks its form when you save, "
        "and its IP addresses for each connection.",
    )
    signature_version = fields.Selection(
        const.SIGNATURE_VERSIONS,
        required=True,
        default="v1",
        tracking=True,
        help="Standard Webhooks (v1, v1a) sign the message. HTTP Message Signatures "
        "(RFC 9421) sign the request with its address.",
    )
    secret_ids = fields.One2many("interop.secret", "endpoint_id", "Secrets", copy=False)
    header_ids = fields.One2many(
        "interop.endpoint.header", "endpoint_id", "Extra Headers", copy=True
    )
    connect_timeout = fields.Integer(
        "Connect Timeout (s)",
        required=True,
        tracking=True,
        default=lambda self: self._default_number(
            const.PARAM_CONNECT_TIMEOUT, const.DEFAULT_CONNECT_TIMEOUT
        ),
        help="Maximum time for name resolution, connection and TLS handshake together.",
    )
    total_timeout = fields.Integer(
        "Timeout (s)",
        required=True,
        tracking=True,
        default=lambda self: self._default_number(
            const.PARAM_TOTAL_TIMEOUT, const.DEFAULT_TOTAL_TIMEOUT
        ),
        help="Maximum time of a delivery, from name resolution to the last byte of the "
        "response.",
    )
    cloudevents = fields.Selection(
        const.CLOUDEVENTS,
        "CloudEvents 1.0",
        required=True,
        default="none",
        tracking=True,
        help="The CloudEvents format of new messages. Messages that already wait keep "
        "their format.",
    )
    max_response_kb = fields.Integer(
        "Maximum Response Size (KB)",
        required=True,
        tracking=True,
        default=lambda self: self._default_number(
            const.PARAM_MAX_RESPONSE_KB, const.DEFAULT_MAX_RESPONSE_KB
        ),
        help="Odoo reads at most this part of a response, also after decompression.",
    )
    allowed_networks = fields.Text(
        "Allowed Private Networks",
        tracking=True,
        help="One network per line, such as 10.20.0.0/16. Leave empty to refuse private, "
        "loopback, link-local and other special addresses.",
    )
    allow_http = fields.Boolean(
        "Allow Plain HTTP",
        tracking=True,
        help="Deliveries may use http without TLS. Anyone on the network path can then "
        "read the messages.",
    )
    ca_certificate = fields.Text(
        "Certificate Authority (PEM)",
        tracking=True,
        help="The CA certificate of a receiver with a private certificate authority. Leave "
        "empty to trust the public certificate authorities.",
    )
    auth_method = fields.Selection(
        const.AUTH_METHODS,
        "Credential",
        required=True,
        default="none",
        tracking=True,
        help="The credential that the receiver requires in addition to the signature.",
    )
    auth_user = fields.Char(
        "User or Client ID",
        tracking=True,
        help="The user name for Basic, or the client id for OAuth 2.0.",
    )
    oauth_token_url = fields.Char(
        "Token URL",
        tracking=True,
        help="The address of the OAuth 2.0 server that issues access tokens.",
    )
    oauth_scope = fields.Char(
        "Scope",
        tracking=True,
        help="The requested scope. Leave empty to request the default scope.",
    )
    oauth_client_auth = fields.Selection(
        const.CLIENT_AUTHS,
        "Client Authentication",
        required=True,
        default="basic",
        tracking=True,
        help="How the token request sends client id and client secret.",
    )
    has_credential = fields.Boolean(compute="_compute_has_credential")
    has_client_certificate = fields.Boolean(compute="_compute_has_credential")
    has_proxy_credential = fields.Boolean(compute="_compute_has_credential")
    use_proxy = fields.Boolean(
        "Use Outgoing Proxy",
        tracking=True,
        help="Send deliveries through the proxy in the Settings. TLS is end-to-end "
        "between Odoo and the receiver. While the proxy is not reachable, messages wait "
        "and are retried. They are never sent without the proxy.",
    )
    network_request_ids = fields.One2many(
        "interop.network.request", "endpoint_id", copy=False
    )
    requested_networks = fields.Text(
        compute="_compute_requested_networks",
        store=True,
        tracking=True,
    )
    networks_requested_by_id = fields.Many2one(
        "res.users",
        compute="_compute_requested_networks",
        store=True,
        ondelete="restrict",
        tracking=True,
    )
    is_protected = fields.Boolean(compute="_compute_is_protected")

    _timeouts = models.Constraint(
        "CHECK (connect_timeout > 0 AND total_timeout >= connect_timeout"
        f" AND total_timeout <= {const.MAX_TOTAL_TIMEOUT})",
        "The connect timeout must be at least 1 second. The timeout must be at least the "
        f"connect timeout and at most {const.MAX_TOTAL_TIMEOUT} seconds.",
    )
    _answer_limits = models.Constraint(
        f"CHECK (max_response_kb BETWEEN 1 AND {const.MAX_RESPONSE_KB})",
        f"The maximum response size must be between 1 and {const.MAX_RESPONSE_KB} KB.",
    )

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {
            "requested_networks",
            "networks_requested_by_id",
        }

    @api.model
    def _default_number(self, parameter, fallback):
        return parameters.number(self.env, parameter, fallback)

    @api.model
    def _outbound_proxy(self):
        """Return the URL of the outgoing proxy, or ``""``."""
        return parameters.text(self.env, const.PARAM_PROXY)

    # === COMPUTE METHODS === #

    @api.depends("secret_ids.valid_to", "secret_ids.revoked_at", "secret_ids.purpose")
    def _compute_has_credential(self):
        now = clock.now()
        for endpoint in self:
            # sudo: reads only whether a secret exists
            usable_sudo = endpoint.sudo().secret_ids._usable(now)
            purposes = usable_sudo.mapped("purpose")
            endpoint.has_credential = "receiver" in purposes
            endpoint.has_client_certificate = "client_certificate" in purposes
            endpoint.has_proxy_credential = "proxy" in purposes

    def _compute_is_protected(self):
        # sudo: interfaces of other facilities and archived interfaces count as well
        interfaces_sudo = (
            self.env["interop.interface"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("endpoint_id", "in", self.ids),
                    ("data_class", "in", PROTECTED_CLASSES),
                    ("state", "!=", "retired"),
                ]
            )
        )
        for endpoint in self:
            endpoint.is_protected = endpoint in interfaces_sudo.endpoint_id

    @api.depends(
        "network_request_ids.state",
        "network_request_ids.networks",
        "network_request_ids.requested_by_id",
    )
    def _compute_requested_networks(self):
        for endpoint in self:
            request = endpoint._open_network_request()
            endpoint.requested_networks = request.networks
            endpoint.networks_requested_by_id = request.requested_by_id

    # === CHECKS === #

    @api.constrains(
        "url",
        "allow_http",
        "allowed_networks",
        "auth_method",
        "oauth_token_url",
    )
    def _check_url(self):
        """Check the form of the addresses.

        Names are resolved for each connection. Name resolution in this transaction would
        hold it open across the network.
        """
        for endpoint in self:
            try:
                networks = url_guard.parse_networks(endpoint.allowed_networks or "")
                for url in endpoint._guarded_urls():
                    target = url_guard.parse_url(
                        url,
                        allow_http=endpoint.allow_http,
                        ports=allowed_ports(self.env),
                    )
                    if target.address:
                        url_guard.check_address(str(target.address), networks)
            except url_guard.GuardRefusal as refusal:
                raise endpoint._url_error(refusal) from None

    def _url_error(self, refusal):
        """Return the ``ValidationError`` for a URL, network or proxy that is not allowed.

        :param GuardRefusal refusal: the reason
        """
        self.ensure_one()
        return ValidationError(
            self.env._(
                "Endpoint %(name)s cannot be saved. %(reason)s",
                name=self.name,
                reason=str(refusal),
            )
        )

    def _guarded_urls(self):
        """Return all URLs that this endpoint connects to."""
        self.ensure_one()
        return [self.url, *[self.oauth_token_url] * (self.auth_method == "oauth2")]

    @api.constrains("ca_certificate")
    def _check_ca_certificate(self):
        for endpoint in self.filtered("ca_certificate"):
            if not http_channel.is_certificate(endpoint.ca_certificate):
                raise ValidationError(
                    self.env._(
                        "The certificate authority of endpoint %s is not a PEM "
                        "certificate. Paste the CA certificate with its BEGIN and END "
                        "lines.",
                        endpoint.name,
                    )
                )

    @api.constrains("auth_method", "auth_user", "oauth_token_url")
    def _check_auth(self):
        for endpoint in self:
            method = endpoint.auth_method
            if method in ("basic", "oauth2") and not endpoint.auth_user:
                raise ValidationError(
                    self.env._(
                        "Endpoint %s has no user or client ID. Enter it on the page "
                        "Credential.",
                        endpoint.name,
                    )
                )
            if method == "basic" and ":" in endpoint.auth_user:
                raise ValidationError(
                    self.env._(
                        "The user of endpoint %s contains a colon, which Basic does not "
                        "allow. Enter a user without a colon.",
                        endpoint.name,
                    )
                )
            if method == "oauth2" and not endpoint.oauth_token_url:
                raise ValidationError(
                    self.env._(
                        "Endpoint %s has no token URL. Enter it on the page Credential.",
                        endpoint.name,
                    )
                )

    @api.constrains("use_proxy", "url", "auth_method", "oauth_token_url")
    def _check_use_proxy(self):
        for endpoint in self.filtered("use_proxy"):
            if not self._outbound_proxy():
                raise ValidationError(
                    self.env._(
                        "Endpoint %s uses the outgoing proxy, but the Settings have no "
                        "proxy. Enter it under Settings, Healthcare Integration, Webhooks, "
                        "Outgoing proxy.",
                        endpoint.name,
                    )
                )
            try:
                for url in endpoint._guarded_urls():
                    proxy_channel.check_receiver(url)
            except url_guard.GuardRefusal as refusal:
                raise endpoint._url_error(refusal) from None

    @api.constrains("signature_version", "header_ids")
    def _check_signature_headers(self):
        """Refuse extra headers that would replace a header of the signature."""
        for endpoint in self:
            if endpoint.signature_version not in const.REQUEST_ALGORITHMS:
                continue
            for header in endpoint.header_ids:
                if header.name.lower() in message_signing.HEADERS:
                    raise ValidationError(
                        self.env._(
                            "Endpoint %(endpoint)s signs its requests, and the extra "
                            "header %(header)s is part of the signature. Remove the extra "
                            "header.",
                            endpoint=endpoint.name,
                            header=header.name,
                        )
                    )

    def write(self, vals):
        """Refuse new private networks for protected messages without a second person."""
        if "allowed_networks" in vals:
            for endpoint in self.filtered("is_protected"):
                if endpoint._adds_networks(vals["allowed_networks"]):
                    raise UserError(
                        self.env._(
                            "Endpoint %s receives personal or patient-adjacent messages. "
                            "A second person has to approve another network. Press "
                            "Request Networks; a steward approves them.",
                            endpoint.name,
                        )
                    )
        return super().write(vals)

    def _adds_networks(self, text):
        """Return whether ``text`` allows an address that is refused now."""
        self.ensure_one()
        try:
            asked = url_guard.parse_networks(text or "")
        except url_guard.GuardRefusal as refusal:
            raise UserError(str(refusal)) from None
        allowed = url_guard.parse_networks(self.allowed_networks or "")
        return any(
            not any(
                network.version == known.version and network.subnet_of(known)
                for known in allowed
            )
            for network in asked
        )

    # === APPROVAL === #

    def _approval_part_fields(self):
        """Return the fields that decide where content goes and how it is protected."""
        return {
            "url",
            "allow_http",
            "ca_certificate",
            "signature_version",
            "auth_method",
            "auth_user",
            "oauth_token_url",
            "oauth_scope",
            "oauth_client_auth",
            "use_proxy",
            "allowed_networks",
        }

    def _approval_state(self):
        state = super()._approval_state()
        state["endpoint.ca_certificate"] = approval.digest(self.ca_certificate or "")
        state["endpoint.allowed_networks"] = url_guard.network_texts(
            self.allowed_networks
        )
        if self.auth_method != "oauth2":
            state["endpoint.oauth_client_auth"] = False
        # Only a digest of the header value is stored, because the value may be secret.
        state["endpoint.headers"] = [
            f"{header.name}: {approval.digest(header.value)}"
            for header in self.header_ids
        ]
        return state

    def _approval_labels(self):
        return {
            **super()._approval_labels(),
            "endpoint.headers": self.env._("Extra Headers (digests)"),
        }

    def _part_text(self, name):
        if name == "ca_certificate":
            return approval.digest(self.ca_certificate or "")
        return super()._part_text(name)

    # === BUSINESS METHODS === #

    def _has_usable_secret(self):
        """Return whether the endpoint has the secrets to sign messages now."""
        self.ensure_one()
        try:
            return bool(EndpointConnection(self).signing_secrets(clock.now()))
        except ConfigurationError:
            return False

    def _signs_requests(self):
        """Return whether the endpoint signs requests (RFC 9421) instead of messages."""
        self.ensure_one()
        return self.signature_version in const.REQUEST_ALGORITHMS

    def _rotate_kind(self, kind):
        """Rotate or generate the secret of a kind; return ``(secret, plaintext)``."""
        secrets = self.env["interop.secret"]
        current = self.secret_ids.filtered(lambda secret: secret.kind == kind)
        current = current._usable(clock.now())[:1]
        if current:
            return current._rotate()
        plaintext = secrets._generate_plaintext(kind)
        secret = secrets._create_value(
            {
                "name": self.env._("Signature of %s", self.name),
                "system_id": self.system_id.id,
                "company_id": self.company_id.id,
                "kind": kind,
                "endpoint_id": self.id,
            },
            plaintext,
        )
        self.env["interop.audit.event"]._log("generated", secret)
        return secret, plaintext

    @api.model
    def _cron_warn_secrets(self):
        """Warn the owners of systems of secrets that expire soon."""
        SecretExpiry(self.env).warn()

    # === NETWORKS: approved by a second person === #

    def _set_networks(self, text):
        """Allow the networks ``text`` after their approval."""
        self.ensure_one()
        # The networks are approved here, so approved interfaces stay approved.
        self._approval_owners()._replace_approved(
            "endpoint.allowed_networks", url_guard.network_texts(text)
        )
        self._transition({"allowed_networks": text})
        self._check_url()
        self.env["interop.pump"]._arm_after_commit()

    def _open_network_request(self):
        """Return the request that waits for a steward, with the rights of the user."""
        self.ensure_one()
        return self.network_request_ids.filtered(
            lambda request: request.state == "requested"
        )

    # === ACTIONS === #

    def action_send_test(self):
        """Send a test message and show its result."""
        self.ensure_one()
        interface = self.interface_ids.filtered(
            lambda item: item.transport == "webhook"
        )
        if not interface:
            raise UserError(
                self.env._(
                    "No interface uses endpoint %s. Choose this endpoint on an interface "
                    "first, because the test message uses that interface.",
                    self.name,
                )
            )
        return self._send_test(interface[:1])

    def _send_test(self, interface):
        """Queue a test message, and return the action that shows its result."""
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.check_access("read")
        reference = TrialMessage(self, interface).publish()
        return {
            "type": "ir.actions.client",
            "tag": "interop_webhook_test",
            "name": self.env._("Test of %s", self.name),
            "target": "new",
            "params": {"endpoint_id": self.id, "reference": reference},
        }

    def get_test_result(self, reference):
        """Return the result of a test; see ``TrialMessage.result``."""
        self.ensure_one()
        self.check_access("read")
        return TrialMessage.result(self, reference)

    def action_rotate_secret(self):
        """Generate or rotate the signing secrets, and show the new values once."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self.ensure_one()
        created = [
            self._rotate_kind(kind)
            for kind in const.SECRET_KINDS[self.signature_version]
        ]
        action = created[0][0]._action_show_once(created[0][1])
        action["params"]["value"] = "\n".join(
            secret.public_value or plaintext for secret, plaintext in created
        )
        return action

    def action_set_credential(self):
        """Open the dialog for the credential of the receiver."""
        return self._action_credential("receiver", self.env._("Set Credential"))

    def action_set_client_certificate(self):
        """Open the dialog for the client certificate and its private key."""
        return self._action_credential(
            "client_certificate", self.env._("Set Client Certificate")
        )

    def action_set_proxy_credential(self):
        """Open the dialog for user and password of the proxy."""
        return self._action_credential("proxy", self.env._("Set Proxy Credential"))

    def _action_credential(self, purpose, name):
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "interop.credential.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_endpoint_id": self.id,
                "default_purpose": purpose,
            },
        }

    def action_request_networks(self):
        """Open the dialog that requests networks (administrators)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Request Networks"),
            "res_model": "interop.network.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_endpoint_id": self.id,
                "default_networks": self.requested_networks or self.allowed_networks,
            },
        }

    def action_approve_networks(self, networks=None):
        """Approve the requested networks (stewards).

        Without ``networks`` this method approves nothing and opens the approval dialog.

        :param str networks: the requested networks as the user read them
        """
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        request = self._network_request()
        if not networks:
            return request.action_approve()
        if networks != request.networks:
            raise UserError(
                self.env._(
                    "The requested networks of endpoint %s have changed. Open the request "
                    "again, then decide.",
                    self.name,
                )
            )
        return request.action_approve(request.approval_fingerprint)

    def action_refuse_networks(self, reason=None):
        """Refuse the requested networks (stewards), and tell the requester the reason.

        Without a reason this method opens the dialog that asks for it.
        """
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        return self._network_request().action_refuse(reason)

    def _network_request(self):
        """Return the open request of networks, or raise ``UserError``."""
        self.ensure_one()
        self.check_access("read")
        request = self._open_network_request()
        if not request:
            raise UserError(
                self.env._(
                    "Endpoint %s has no request for networks. Reload the page.",
                    self.name,
                )
            )
        return request
