"""Where deliveries go."""

import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import ConfigurationError
from odoo.addons.interop_base.tools import approval

from .. import const
from ..tools import header_guard, http_channel, url_guard

LOOKUP_SECONDS = 2


class InteropEndpoint(models.Model):
    """A receiver of signed webhooks. Several interfaces may share one."""

    _name = "interop.endpoint"
    _description = "Webhook Endpoint"
    _inherit = [
        "interop.code.mixin",
        "interop.state.mixin",
        "interop.approval.part.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "name"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    system_id = fields.Many2one(
        "interop.system", required=True, ondelete="restrict", index=True, tracking=True
    )
    company_id = fields.Many2one(
        "res.company",
        "Facility",
        index=True,
        tracking=True,
        help="Set it when the endpoint serves one facility only. Interfaces that use "
        "it may then cover that facility alone.",
    )
    url = fields.Char(
        "URL",
        required=True,
        tracking=True,
        help="Address that deliveries are posted to. It is checked here and again for "
        "each connection.",
    )
    state = fields.Selection(
        const.ENDPOINT_STATES,
        required=True,
        default="active",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
        help="While paused or disabled, messages wait and lose no try.",
    )
    state_reason = fields.Char("Reason", readonly=True, copy=False, tracking=True)
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
    concurrency = fields.Integer(
        required=True,
        default=8,
        tracking=True,
        help="Deliveries on their way at the same time, per worker.",
    )
    ordering = fields.Selection(
        const.ORDERINGS,
        required=True,
        default="none",
        tracking=True,
        help="In order, whatever is still open holds back what comes after it, until it "
        "is delivered or somebody cancels it.",
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
    payload_limit_kb = fields.Integer(
        "Largest Message (KB)",
        required=True,
        default=1024,
        tracking=True,
        help="A larger message fails at once instead of being sent.",
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
    interface_ids = fields.One2many("interop.interface", "endpoint_id", "Interfaces")
    failed_count = fields.Integer("Failed", compute="_compute_message_counts")
    parked_count = fields.Integer(
        "To Decide",
        compute="_compute_message_counts",
        help="Messages that wait for a decision. They have not failed.",
    )
    waiting_count = fields.Integer("Waiting", compute="_compute_message_counts")
    color = fields.Integer(compute="_compute_color")

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "An endpoint with this code exists."
    )
    _timeouts = models.Constraint(
        "CHECK (connect_timeout > 0 AND total_timeout >= connect_timeout"
        f" AND total_timeout <= {const.MAX_TOTAL_TIMEOUT})",
        "Timeouts are at least one second, the whole exchange takes at least as long "
        "as connecting and at most a minute.",
    )
    _limits = models.Constraint(
        f"CHECK (concurrency BETWEEN 1 AND {const.MAX_CONCURRENCY}"
        f" AND max_response_kb BETWEEN 1 AND {const.MAX_RESPONSE_KB}"
        " AND payload_limit_kb > 0)",
        "Concurrency is between 1 and 64, the answer read between 1 and 10240 KB, and "
        "the largest message at least 1 KB.",
    )

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {"state_reason"}

    @api.model
    def _default_number(self, parameter, fallback):
        # sudo: defaults for new endpoints are system parameters
        params_sudo = self.env["ir.config_parameter"].sudo()
        return int(params_sudo.get_param(parameter) or fallback)

    @api.model
    def _ports(self):
        """Return the ports allowed in Settings, as ``url_guard`` takes them."""
        # sudo: which ports may be used is a system parameter
        params_sudo = self.env["ir.config_parameter"].sudo()
        return url_guard.parse_ports(
            params_sudo.get_param(const.PARAM_PORTS) or const.DEFAULT_PORTS
        )

    # === COMPUTE METHODS === #

    def _compute_message_counts(self):
        groups = self.env["interop.message"]._read_group(
            [
                ("interface_id.endpoint_id", "in", self.ids),
                ("state", "in", ("pending", "processing", "dead", "parked")),
            ],
            ["interface_id", "state"],
            ["__count"],
        )
        counts = Counter()
        for interface, state, count in groups:
            counts[interface.endpoint_id.id, state] += count
        for endpoint in self:
            failed, parked, pending, processing = (
                counts[endpoint._origin.id, state]
                for state in ("dead", "parked", "pending", "processing")
            )
            endpoint.failed_count = failed
            endpoint.parked_count = parked
            endpoint.waiting_count = pending + processing

    @api.depends("state")
    def _compute_color(self):
        colors = {"active": 10, "paused": 3, "suspended": 2, "disabled": 1}
        for endpoint in self:
            endpoint.color = colors[endpoint.state]

    # === CHECKS === #

    @api.constrains("url", "allow_http", "allowed_networks")
    def _check_url(self):
        for endpoint in self:
            try:
                networks = url_guard.parse_networks(endpoint.allowed_networks or "")
                for url in endpoint._guarded_urls():
                    self._check_target(url, endpoint.allow_http, networks)
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
        return [self.url]

    @api.model
    def _check_target(self, url, allow_http, networks):
        """Raise ``GuardRefusal`` unless ``url`` and its addresses are acceptable."""
        target = url_guard.parse_url(url, allow_http=allow_http, ports=self._ports())
        addresses = [str(target.address)] if target.address else []
        for address in addresses or self._lookup(target.host, target.port):
            url_guard.check_address(address, networks)

    @api.model
    def _lookup(self, host, port):
        """Return the addresses of a name, or none when it cannot be resolved quickly:
        the guard that counts is the one for each connection."""
        executor = ThreadPoolExecutor(1)
        try:
            infos = executor.submit(
                socket.getaddrinfo, host, port, type=socket.SOCK_STREAM
            ).result(LOOKUP_SECONDS)
        except (OSError, FutureTimeout, UnicodeError):
            return []
        finally:
            executor.shutdown(wait=False)
        return [info[4][0] for info in infos]

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

    @api.constrains("active")
    def _check_archive(self):
        """An archived endpoint delivers nothing: nothing may rely on it."""
        for endpoint in self.filtered(lambda item: not item.active):
            using = endpoint.interface_ids.filtered(lambda item: item._is_in_use())
            if using:
                raise ValidationError(
                    self.env._(
                        "Endpoint “%(endpoint)s” cannot be archived: %(interfaces)s "
                        "deliver to it. Retire these interfaces, or set them back to "
                        "draft and choose another endpoint.",
                        endpoint=endpoint.name,
                        interfaces=", ".join(using.mapped("name")),
                    )
                )

    @api.constrains("company_id", "system_id")
    def _check_facility(self):
        for endpoint in self.filtered("company_id"):
            # sudo: also facilities that are not chosen in the switcher
            if endpoint.company_id not in endpoint.system_id.sudo().company_ids:
                raise ValidationError(
                    self.env._(
                        "“%(endpoint)s” serves %(facility)s, which %(system)s does "
                        "not.",
                        endpoint=endpoint.name,
                        facility=endpoint.company_id.name,
                        system=endpoint.system_id.name,
                    )
                )
        self.interface_ids._check_endpoint()

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

    def _audited_fields(self):
        return super()._audited_fields() | {"system_id", "company_id"}

    def _approval_owners(self):
        # sudo: interfaces of all facilities, archived ones as well
        return self.sudo().with_context(active_test=False).interface_ids

    def _approval_state(self):
        """Return what an approval of an interface says about its endpoint."""
        self.ensure_one()
        state = {
            f"endpoint.{name}": self[name] for name in self._approval_part_fields()
        }
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
        return {**state, "endpoint": self.code}

    def _approval_authors(self):
        """Return the users who made or changed this endpoint since an interface with it
        was approved last."""
        # sudo: interfaces of all facilities; the trail is closed to most users
        self_sudo = self.sudo()
        domain = [
            ("res_model", "=", self._name),
            ("res_id", "in", self.ids),
            ("action", "=", "changed"),
        ]
        approved = max(
            filter(None, self._approval_owners().mapped("approved_at")), default=None
        )
        if approved:
            domain.append(("occurred_at", ">", approved))
        lines_sudo = self_sudo.env["interop.audit.event"].search(domain)
        authors = (
            self_sudo.env["res.users"].browse(lines_sudo.mapped("user_id")).exists()
        )
        return authors if approved else authors | self_sudo.create_uid

    def _part_text(self, name):
        if name == "ca_certificate":
            return approval.digest(self.ca_certificate or "")
        return super()._part_text(name)

    # === BUSINESS METHODS === #

    @api.private
    def _signing_secrets(self, now):
        """Return every secret that signs at ``now``: during an overlap old and new.

        :raises ConfigurationError: when a kind that the signature version needs is
            missing
        """
        self.ensure_one()
        kinds = const.SECRET_KINDS[self.signature_version]
        # sudo: the engine signs whoever caused the message
        usable_sudo = self.sudo().secret_ids._usable(now)
        for kind in kinds:
            if kind not in usable_sudo.mapped("kind"):
                raise ConfigurationError(
                    self.env._(
                        "Endpoint “%(name)s” has no usable secret for its signatures "
                        "(%(version)s). Generate one.",
                        name=self.name,
                        version=self.signature_version,
                    ),
                    code="no_secret",
                )
        return usable_sudo.filtered(lambda secret: secret.kind in kinds)

    def _has_usable_secret(self):
        """Return whether messages could be signed now."""
        self.ensure_one()
        try:
            return bool(self._signing_secrets(clock.now()))
        except ConfigurationError:
            return False

    @api.private
    def _receiver(self):
        """Return what the sender needs to reach this endpoint."""
        self.ensure_one()
        return http_channel.Receiver(
            key=f"endpoint:{self.id}",
            url=self.url,
            allow_http=self.allow_http,
            ports=self._ports(),
            networks=url_guard.parse_networks(self.allowed_networks or ""),
            connect_timeout=self.connect_timeout,
            total_timeout=self.total_timeout,
            concurrency=self.concurrency,
            max_response_bytes=self.max_response_kb * 1024,
            ca_pem=self.ca_certificate or "",
        )

    @api.private
    def _extra_headers(self):
        """Return the extra headers, checked once more."""
        self.ensure_one()
        return header_guard.check_headers(
            (header.name, header.value) for header in self.header_ids
        )

    def _delivers(self):
        """Return whether messages may leave to this endpoint; none of an empty one."""
        return self.active and self.state == "active"

    def _lane(self):
        """Return the lane of this endpoint's messages."""
        self.ensure_one()
        return f"endpoint:{self.id}"

    def _test_lane(self):
        """Return the lane of test messages: they move when others must not."""
        self.ensure_one()
        return f"test:{self.id}"
