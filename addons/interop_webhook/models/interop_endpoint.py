"""Where webhooks go: address, protection on the way, and what they are signed with."""

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
    """URL and TLS, signatures, credentials, private networks, the outgoing proxy and
    tests of an endpoint. Its pace (rate, order, circuit) is ground."""

    _inherit = "interop.endpoint"

    url = fields.Char(
        "URL",
        required=True,
        tracking=True,
        help="Address that deliveries are posted to. It is checked here and again for "
        "each connection.",
    )
    signature_version = fields.Selection(
        const.SIGNATURE_VERSIONS,
        required=True,
        default="v1",
        tracking=True,
        help="Standard Webhooks (v1, v1a) sign the message; HTTP Message Signatures "
        "(RFC 9421) sign the request, address included.",
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
        help="Name look-up, connection and TLS together.",
    )
    total_timeout = fields.Integer(
        "Timeout (s)",
        required=True,
        tracking=True,
        default=lambda self: self._default_number(
            const.PARAM_TOTAL_TIMEOUT, const.DEFAULT_TOTAL_TIMEOUT
        ),
        help="The whole exchange, from the look-up to the last byte of the answer.",
    )
    cloudevents = fields.Selection(
        const.CLOUDEVENTS,
        "CloudEvents 1.0",
        required=True,
        default="none",
        tracking=True,
        help="Holds for messages that are rendered from now on: what waits already is "
        "sent as it is.",
    )
    max_response_kb = fields.Integer(
        "Answer Read (KB)",
        required=True,
        tracking=True,
        default=lambda self: self._default_number(
            const.PARAM_MAX_RESPONSE_KB, const.DEFAULT_MAX_RESPONSE_KB
        ),
        help="More of an answer is not read, decompressed or not.",
    )
    allowed_networks = fields.Text(
        "Allowed Private Networks",
        tracking=True,
        help="One network per line, such as 10.20.0.0/16. Private, loopback, "
        "link-local and other special addresses are refused unless they are listed "
        "here.",
    )
    allow_http = fields.Boolean(
        "Allow Plain http",
        tracking=True,
        help="Without TLS everybody on the way can read the messages.",
    )
    ca_certificate = fields.Text(
        "Certificate Authority (PEM)",
        tracking=True,
        help="Trust this authority instead of the public ones, for receivers with "
        "certificates of their own.",
    )
    auth_method = fields.Selection(
        const.AUTH_METHODS,
        "Credential",
        required=True,
        default="none",
        tracking=True,
        help="What the receiver asks for besides our signature.",
    )
    auth_user = fields.Char(
        "User or Client ID",
        tracking=True,
        help="Name that goes with the password, or the client id for OAuth 2.0.",
    )
    oauth_token_url = fields.Char("Token URL", tracking=True)
    oauth_scope = fields.Char("Scope", tracking=True)
    oauth_client_auth = fields.Selection(
        const.CLIENT_AUTHS,
        "Client Credentials Travel",
        required=True,
        default="basic",
        tracking=True,
    )
    has_credential = fields.Boolean(compute="_compute_has_credential")
    has_client_certificate = fields.Boolean(compute="_compute_has_credential")
    has_proxy_credential = fields.Boolean(compute="_compute_has_credential")
    use_proxy = fields.Boolean(
        "Use the Outgoing Proxy",
        tracking=True,
        help="Deliveries go through the proxy named in Settings, in a tunnel that is "
        "encrypted up to the receiver. While the proxy cannot be reached, messages "
        "wait and are tried again; they never go around it.",
    )
    network_request_ids = fields.One2many(
        "interop.network.request", "endpoint_id", "Requests of Networks", copy=False
    )
    requested_networks = fields.Text(
        "Networks Asked For",
        compute="_compute_requested_networks",
        store=True,
        tracking=True,
    )
    networks_requested_by_id = fields.Many2one(
        "res.users",
        "Asked For By",
        compute="_compute_requested_networks",
        store=True,
        ondelete="restrict",
        tracking=True,
    )
    is_protected = fields.Boolean(compute="_compute_is_protected")

    _timeouts = models.Constraint(
        "CHECK (connect_timeout > 0 AND total_timeout >= connect_timeout"
        f" AND total_timeout <= {const.MAX_TOTAL_TIMEOUT})",
        "Timeouts are at least one second, the whole exchange takes at least as long "
        "as connecting and at most a minute.",
    )
    _answer_limits = models.Constraint(
        f"CHECK (max_response_kb BETWEEN 1 AND {const.MAX_RESPONSE_KB})",
        "The answer read is between 1 and 10240 KB.",
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
            # sudo: whether there is a secret is no secret
            usable_sudo = endpoint.sudo().secret_ids._usable(now)
            purposes = usable_sudo.mapped("purpose")
            endpoint.has_credential = "receiver" in purposes
            endpoint.has_client_certificate = "client_certificate" in purposes
            endpoint.has_proxy_credential = "proxy" in purposes

    def _compute_is_protected(self):
        # sudo: interfaces of other facilities and archived ones count as well
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
        """Check the form of the addresses. Names are looked up for each connection: a
        look-up has no place in a transaction."""
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
                raise endpoint._refused(refusal) from None

    def _refused(self, refusal):
        """Return the error that tells a person why this endpoint cannot be saved so."""
        self.ensure_one()
        return ValidationError(
            self.env._(
                "The endpoint “%(name)s” is refused: %(reason)s",
                name=self.name,
                reason=str(refusal),
            )
        )

    def _guarded_urls(self):
        """Return every URL that this endpoint connects to."""
        self.ensure_one()
        return [self.url, *[self.oauth_token_url] * (self.auth_method == "oauth2")]

    @api.constrains("ca_certificate")
    def _check_ca_certificate(self):
        for endpoint in self.filtered("ca_certificate"):
            if not http_channel.is_certificate(endpoint.ca_certificate):
                raise ValidationError(
                    self.env._(
                        "The certificate authority of “%s” is not a PEM certificate.",
                        endpoint.name,
                    )
                )

    @api.constrains("auth_method", "auth_user", "oauth_token_url")
    def _check_auth(self):
        for endpoint in self:
            method = endpoint.auth_method
            if method in ("basic", "oauth2") and not endpoint.auth_user:
                raise ValidationError(
                    self.env._("“%s” needs a user or client id.", endpoint.name)
                )
            if method == "basic" and ":" in endpoint.auth_user:
                raise ValidationError(
                    self.env._(
                        "The user of “%s” cannot contain a colon.", endpoint.name
                    )
                )
            if method == "oauth2" and not endpoint.oauth_token_url:
                raise ValidationError(
                    self.env._("“%s” needs the URL of its tokens.", endpoint.name)
                )

    @api.constrains("use_proxy", "url", "auth_method", "oauth_token_url")
    def _check_use_proxy(self):
        for endpoint in self.filtered("use_proxy"):
            if not self._outbound_proxy():
                raise ValidationError(
                    self.env._(
                        "“%s” cannot use the outgoing proxy: Settings name none "
                        "(Healthcare Integration, Webhooks, Outgoing proxy).",
                        endpoint.name,
                    )
                )
            try:
                for url in endpoint._guarded_urls():
                    proxy_channel.check_receiver(url)
            except url_guard.GuardRefusal as refusal:
                raise endpoint._refused(refusal) from None

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

    def write(self, vals):
        """Private networks of protected flows are not added by one person."""
        if "allowed_networks" in vals:
            for endpoint in self.filtered("is_protected"):
                if endpoint._adds_networks(vals["allowed_networks"]):
                    raise UserError(
                        self.env._(
                            "Personal or patient-adjacent messages go to “%s”: another "
                            "network needs a second person. Use the button Ask for "
                            "Networks; a steward approves.",
                            endpoint.name,
                        )
                    )
        return super().write(vals)

    def _adds_networks(self, text):
        """Return whether ``text`` allows any address that is refused now."""
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
        """Where content goes, and how it is protected on its way."""
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
        # The value of a header is compared, not kept.
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
        """Return whether messages could be signed now."""
        self.ensure_one()
        try:
            return bool(EndpointConnection(self).signing_secrets(clock.now()))
        except ConfigurationError:
            return False

    def _signs_requests(self):
        """Return whether requests are signed (RFC 9421), not messages."""
        self.ensure_one()
        return self.signature_version in const.REQUEST_ALGORITHMS

    def _rotate_kind(self, kind):
        """Return ``(secret, plaintext)`` of a new secret of ``kind``."""
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
        """Give the owners of systems something to do about secrets that end soon."""
        SecretExpiry(self.env).warn()

    # === NETWORKS === #

    def _set_networks(self, text):
        """Allow the networks ``text``, which a second person approved."""
        self.ensure_one()
        # Approved here, so no flow that was approved stops for it.
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
        """Send a test message and show what came of it."""
        self.ensure_one()
        interface = self.interface_ids.filtered(
            lambda item: item.transport == "webhook"
        )
        if not interface:
            raise UserError(
                self.env._(
                    "No interface delivers to “%s” yet. Choose this endpoint on an "
                    "interface first: the test message goes through it.",
                    self.name,
                )
            )
        return self._send_test(interface[:1])

    def _send_test(self, interface):
        """Queue a test message of ``interface``; return the action that shows its
        result."""
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
        """Return what came of a test; see ``TrialMessage.result``."""
        self.ensure_one()
        self.check_access("read")
        return TrialMessage.result(self, reference)

    def action_rotate_secret(self):
        """Generate what is missing, replace what is there, and show the new values
        once."""
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
        """Open the dialog that takes the credential."""
        return self._action_credential("receiver", self.env._("Set Credential"))

    def action_set_client_certificate(self):
        """Open the dialog that takes the client certificate and its key."""
        return self._action_credential(
            "client_certificate", self.env._("Set Client Certificate")
        )

    def action_set_proxy_credential(self):
        """Open the dialog that takes user and password for the proxy."""
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
        """Open the dialog that asks for networks (administrators)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask for Networks"),
            "res_model": "interop.network.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_endpoint_id": self.id,
                "default_networks": self.requested_networks or self.allowed_networks,
            },
        }

    def action_approve_networks(self, networks=None):
        """Approve the networks asked for (stewards).

        Without ``networks`` nothing is approved: the sheet that shows them opens.

        :param str networks: the networks that were read, as they were asked for
        """
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        request = self._network_request()
        if not networks:
            return request.action_approve()
        if networks != request.networks:
            raise UserError(
                self.env._(
                    "The requested networks of “%s” have changed. Read the request "
                    "again, then decide.",
                    self.name,
                )
            )
        return request.action_approve(request.approval_fingerprint)

    def action_refuse_networks(self, reason=None):
        """Refuse the networks asked for (stewards); the reason reaches who asked.

        Without a reason the sheet opens, which asks for it.
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
                    "No networks are requested for the endpoint “%s”.", self.name
                )
            )
        return request
