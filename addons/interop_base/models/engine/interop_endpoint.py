"""Endpoints: settings and state that all transports with a receiver share."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ... import clock, const, parameters
from ...tools import circuit as circuit_tools
from .engine_types import Hold

MAX_BLOCKING = 20


class InteropEndpoint(models.Model):
    """A receiver of messages. Several interfaces may share one.

    This model has the rate limit, the order, the concurrency and the circuit breaker.
    Transports add the address and the signature.
    """

    _name = "interop.endpoint"
    _description = "Endpoint"
    _inherit = [
        "interop.code.mixin",
        "interop.state.mixin",
        "interop.approval.part.mixin",
        "interop.message.count.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "name"
    _owner_path = "interface_id.endpoint_id"

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
        help="The only facility that this endpoint serves. Its interfaces then cover this "
        "facility only. Leave empty to serve all facilities of the system.",
    )
    interface_ids = fields.One2many("interop.interface", "endpoint_id", "Interfaces")
    state = fields.Selection(
        const.ENDPOINT_STATES,
        required=True,
        default="active",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
        help="While the endpoint is paused, suspended or disabled, messages wait and use "
        "no attempts.",
    )
    state_reason = fields.Char("Reason", readonly=True, copy=False, tracking=True)
    concurrency = fields.Integer(
        required=True,
        default=8,
        tracking=True,
        help="Maximum number of simultaneous deliveries per worker.",
    )
    ordering = fields.Selection(
        const.ORDERINGS,
        required=True,
        default="none",
        tracking=True,
        help="With an order, an open message blocks the later messages until it is "
        "delivered or a user cancels it.",
    )
    payload_limit_kb = fields.Integer(
        "Maximum Message Size (KB)",
        required=True,
        default=1024,
        tracking=True,
        help="A larger message is not sent. It fails immediately.",
    )
    circuit_failures = fields.Integer(
        "Circuit Breaker Threshold",
        required=True,
        default=10,
        tracking=True,
        help="Number of consecutive failures after which deliveries pause until a single "
        "test message is delivered. Waiting messages use no attempts. 0: never pause.",
    )
    circuit_seconds = fields.Integer(
        "Circuit Retry Delay (s)",
        required=True,
        default=15,
        tracking=True,
        help="Delay before a single message tests the receiver. It doubles after each "
        "failed test, up to ten minutes.",
    )
    rate_limit = fields.Integer(
        "Deliveries per Minute",
        required=True,
        default=0,
        tracking=True,
        help="Rate limit of all workers together. Messages above the limit wait and use no "
        "attempts. 0: no limit.",
    )
    health = fields.Selection(const.HEALTHS, compute="_compute_health")
    held_until = fields.Datetime("Held Back Until", compute="_compute_health")
    failures_in_row = fields.Integer(
        "Failures since Last Success", compute="_compute_health"
    )
    last_success_at = fields.Datetime(
        "Last Success",
        compute="_compute_health",
        help="A successful test message counts here, because it shows that the receiver "
        "answers.",
    )
    last_failure_at = fields.Datetime("Last Failure", compute="_compute_health")
    success_rate = fields.Float(
        "Success Rate (24 h)",
        compute="_compute_rate",
        help="Share of the attempts that succeeded. Test messages are not counted.",
    )
    tries = fields.Integer(
        "Attempts (24 h)",
        compute="_compute_rate",
        help="Number of delivery attempts. Test messages are not counted.",
    )
    oldest_waiting_at = fields.Datetime("Oldest Waiting", compute="_compute_oldest")
    blocking_message_ids = fields.Many2many(
        "interop.message", string="Blocking Messages", compute="_compute_blocking"
    )
    color = fields.Integer(compute="_compute_color")

    _code_uniq = models.Constraint(
        "UNIQUE (code)",
        "An endpoint with this code already exists. Choose another code.",
    )
    _limits = models.Constraint(
        f"CHECK (concurrency BETWEEN 1 AND {const.MAX_CONCURRENCY}"
        " AND payload_limit_kb > 0)",
        f"The concurrency must be between 1 and {const.MAX_CONCURRENCY}. The maximum "
        "message size must be at least 1 KB.",
    )
    _circuit_limits = models.Constraint(
        "CHECK (circuit_failures >= 0 AND circuit_seconds BETWEEN 1 AND"
        f" {circuit_tools.MAX_WAIT} AND rate_limit >= 0)",
        "The circuit breaker threshold and the rate limit must not be negative. The "
        "circuit retry delay must be between 1 second and 10 minutes.",
    )

    # === COMPUTE METHODS === #

    @api.depends("state")
    def _compute_health(self):
        # sudo: only the engine can read the table; a user with access to the endpoint may
        # see its health
        rows_sudo = (
            self.env["interop.endpoint.health"]
            .sudo()
            .search([("endpoint_id", "in", self.ids)])
        )
        by_endpoint = {row.endpoint_id.id: row for row in rows_sudo}
        now = clock.database_now(self.env.cr)
        for endpoint in self:
            row = by_endpoint.get(endpoint.id, rows_sudo.browse())
            held = [row.paused_until or now]
            if row.circuit == circuit_tools.OPEN:
                held.append(row.circuit_until or now)
            endpoint.held_until = max(held) if max(held) > now else False
            endpoint.health = endpoint._health_of(row, now)
            endpoint.failures_in_row = row.failing_count
            endpoint.last_success_at = row.last_success_at
            endpoint.last_failure_at = row.last_failure_at

    def _health_of(self, row, now):
        if self.state != "active":
            return "resting"
        if row.circuit in (circuit_tools.OPEN, circuit_tools.HALF_OPEN):
            return row.circuit
        if row.paused_until and row.paused_until > now:
            return "throttled"
        if row.failing_count:
            return "failing"
        if not row.last_success_at:
            return "unknown"
        unsteady = self.tries and self.success_rate < const.HEALTHY_PERCENT
        return "unsteady" if unsteady else "healthy"

    def _compute_rate(self):
        since = self._health_since()
        # sudo: as above
        groups = (
            self.env["interop.endpoint.hour"]
            .sudo()
            ._read_group(
                [("endpoint_id", "in", self.ids), ("hour", ">", since)],
                ["endpoint_id"],
                ["succeeded:sum", "failed:sum"],
            )
        )
        counts = {endpoint.id: (good, bad) for endpoint, good, bad in groups}
        for endpoint in self:
            good, bad = counts.get(endpoint.id, (0, 0))
            endpoint.tries = good + bad
            endpoint.success_rate = 100 * good / (good + bad) if good + bad else 0

    @api.model
    def _health_since(self):
        return clock.now() - timedelta(hours=const.HEALTH_HOURS)

    def _compute_oldest(self):
        for endpoint in self:
            self.env.cr.execute(
                "SELECT create_date FROM interop_message"
                " WHERE id = (SELECT min(id) FROM interop_queue"
                "              WHERE lane = %s AND state = 'pending')",
                [endpoint._lane()],
            )
            (endpoint.oldest_waiting_at,) = self.env.cr.fetchone() or (False,)

    def _compute_blocking(self):
        """Find the first open message of each order that blocks later messages.

        A message blocks if it failed, or if its interface or facility does not move
        messages. A stopped system stops all its endpoints, so it is no reason here.
        """
        self.blocking_message_ids = False
        for endpoint in self.filtered(lambda item: item.ordering != "none"):
            self.env.cr.execute(
                SQL(
                    """SELECT head.id
                         FROM (SELECT min(id) AS id, count(*) AS size
                                 FROM interop_queue
                                WHERE lane = %s AND ordering_key IS NOT NULL
                             GROUP BY ordering_key) head
                         JOIN interop_queue m ON m.id = head.id
                         JOIN interop_interface i ON i.id = m.interface_id
                    LEFT JOIN res_company c ON c.id = m.company_id
                        WHERE head.size > 1
                          AND (m.state IN ('dead', 'parked') OR m.attempt_count > 0
                               OR i.state <> 'active'
                               OR i.interop_stopped_at IS NOT NULL
                               OR c.interop_stopped_at IS NOT NULL)
                     ORDER BY head.size DESC, head.id LIMIT %s""",
                    endpoint._lane(),
                    MAX_BLOCKING,
                )
            )
            found = self.env["interop.message"].browse(
                [message_id for (message_id,) in self.env.cr.fetchall()]
            )
            endpoint.blocking_message_ids = found._filtered_access("read")

    @api.depends("state")
    def _compute_color(self):
        colors = {"active": 10, "paused": 3, "suspended": 2, "disabled": 1}
        for endpoint in self:
            endpoint.color = colors[endpoint.state]

    # === CHECKS === #

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {"state_reason"}

    @api.constrains("active")
    def _check_archive(self):
        """Refuse to archive an endpoint that interfaces in use deliver to."""
        for endpoint in self.filtered(lambda item: not item.active):
            using = endpoint.interface_ids.filtered(lambda item: item._is_in_use())
            if using:
                raise ValidationError(
                    self.env._(
                        "Endpoint “%(endpoint)s” cannot be archived. These interfaces "
                        "deliver to it: %(interfaces)s. Retire them, or set them back to "
                        "draft and choose another endpoint.",
                        endpoint=endpoint.name,
                        interfaces=", ".join(using.mapped("name")),
                    )
                )

    @api.constrains("company_id", "system_id")
    def _check_facility(self):
        for endpoint in self.filtered("company_id"):
            # sudo: includes facilities that are not selected in the company switcher
            if endpoint.company_id not in endpoint.system_id.sudo().company_ids:
                raise ValidationError(
                    self.env._(
                        "Endpoint “%(endpoint)s” serves facility %(facility)s, but "
                        "system %(system)s does not. Choose a facility of the system.",
                        endpoint=endpoint.name,
                        facility=endpoint.company_id.name,
                        system=endpoint.system_id.name,
                    )
                )
        self.interface_ids._check_endpoint()

    @api.model_create_multi
    def create(self, vals_list):
        """Create endpoints, each with its row of health."""
        endpoints = super().create(vals_list)
        # sudo: only the engine can write the row
        self.env["interop.endpoint.health"].sudo().create(
            [
                {"endpoint_id": endpoint.id, "queue_ordering": endpoint.ordering}
                for endpoint in endpoints
            ]
        )
        return endpoints

    # === APPROVAL === #

    def _audited_fields(self):
        return super()._audited_fields() | {"system_id", "company_id"}

    def _approval_owners(self):
        # sudo: interfaces of all facilities, archived ones as well
        return self.sudo().with_context(active_test=False).interface_ids

    def _approval_state(self):
        """Return the values of the endpoint that the approval of an interface covers.

        Called with all rights when an interface that delivers here is approved or
        compared with its approval. An override replaces or adds keys that start with
        ``endpoint.``, with values as in ``interop.approval.mixin``. It must not add a
        secret, or a value that changes without an action of a user.
        """
        self.ensure_one()
        return {
            **{f"endpoint.{name}": self[name] for name in self._approval_part_fields()},
            "endpoint": self.code,
        }

    def _approval_labels(self):
        """Return ``{key of _approval_state: label}``; an override adds its keys."""
        return {
            f"endpoint.{name}": self._fields[name]._description_string(self.env)
            for name in self._approval_part_fields()
        }

    def _approval_authors(self):
        """Return the users who created or changed this endpoint since the last approval
        of an interface with this endpoint."""
        # sudo: interfaces of all facilities; most users cannot read the audit trail
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

    # === HOLDS === #

    def _delivers(self):
        """Return whether this endpoint delivers; False for an empty recordset."""
        return self.active and self.state == "active"

    def _lane(self):
        """Return the lane of this endpoint's messages."""
        self.ensure_one()
        return f"endpoint:{self.id}"

    def _test_lane(self):
        """Return the lane of test messages, which move also while other messages wait."""
        self.ensure_one()
        return f"test:{self.id}"

    def _holds(self):
        """Return the reasons why messages wait for this endpoint, as a list of ``Hold``."""
        self.ensure_one()
        if not self.active:
            text = self.env._(
                "Endpoint “%s” is archived. Unarchive it, or choose another endpoint.",
                self.name,
            )
            return [Hold(text)]
        if self.state != "active":
            states = dict(self._fields["state"]._description_selection(self.env))
            text = self.env._(
                "Endpoint “%(name)s” does not deliver (%(state)s). %(reason)s",
                name=self.name,
                state=states[self.state],
                reason=self.state_reason or "",
            )
            return [Hold(text.strip())]
        lane = self._lane()
        until = self.env["interop.endpoint.health"]._held_until({lane: None}).get(lane)
        if not until:
            return []
        if self.health in ("open", "half_open"):
            text = self.env._(
                "%(count)s consecutive deliveries to endpoint “%(name)s” failed. A single "
                "message will test the receiver.",
                name=self.name,
                count=self.failures_in_row,
            )
        elif self.health == "throttled":
            text = self.env._(
                "The receiver of endpoint “%s” asked Odoo to wait.", self.name
            )
        else:
            text = self.env._(
                "Endpoint “%s” has reached its limit of deliveries per minute.",
                self.name,
            )
        return [Hold(text, until)]

    # === TRANSITIONS === #

    def _set_active(self):
        """Resume deliveries and reset the circuit; waiting messages are due immediately."""
        moved = self._set_state(
            "active", ("paused", "suspended", "disabled"), state_reason=False
        )
        self.env["interop.endpoint.health"].sudo()._reset(moved)  # sudo: engine's table
        return self._moved(moved, "active")

    def _set_paused(self, reason):
        """Pause deliveries; messages wait."""
        moved = self._set_state("paused", ("active",), state_reason=reason)
        return self._moved(moved, "paused")

    def _set_disabled(self, reason):
        """Stop deliveries until an administrator resumes them; messages wait."""
        moved = self._set_state(
            "disabled", ("active", "paused", "suspended"), state_reason=reason
        )
        return self._moved(moved, "disabled")

    def _set_gone(self):
        """Disable the endpoint after a 410 response, and notify the owner of the system."""
        moved = self._set_disabled(
            self.env._(
                "The receiver answered 410 Gone. It no longer accepts messages. Check "
                "the URL with the partner, then resume."
            )
        )
        for endpoint in moved:
            endpoint._tell_owner(
                self.env._("Endpoint %s was disabled (410 Gone)", endpoint.name)
            )
        return moved

    def _set_suspended(self, circuit):
        """Suspend after sustained failure; notify the owner and the operations address."""
        reason = self.env._(
            "Suspended. No delivery has succeeded since %(since)s UTC, and %(count)s "
            "attempts failed. Messages wait. Resume when the receiver is available again.",
            since=circuit.failing_since.strftime("%Y-%m-%d %H:%M"),
            count=circuit.failing_count,
        )
        moved = self._set_state("suspended", ("active",), state_reason=reason)
        for endpoint in moved:
            endpoint._tell_owner(self.env._("Endpoint %s is suspended", endpoint.name))
            endpoint._tell_operations()
        return self._moved(moved, "suspended")

    def _moved(self, endpoints, detail):
        if endpoints:
            self.env["interop.audit.event"]._log("transition", endpoints, detail)
            self.env["interop.pump"]._arm_after_commit()
        return endpoints

    def _tell_owner(self, summary):
        """Schedule an activity for the owner of the system."""
        self.ensure_one()
        if self.system_id.owner_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=self.system_id.owner_id.id,
                summary=summary,
                note=self.state_reason,
            )

    def _tell_operations(self):
        """Queue a message to the operations address; Odoo's mail queue sends it."""
        self.ensure_one()
        address = parameters.text(self.env, const.PARAM_OPERATIONS)
        if address:
            # sudo: the current user may not be allowed to create e-mails
            self.env["mail.mail"].sudo().create(
                {
                    "subject": self.env._("Endpoint %s is suspended", self.name),
                    "email_to": address,
                    "body_html": self.env["ir.qweb"]._render(
                        "interop_base.mail_suspended",
                        {"endpoint": self},
                        raise_if_not_found=True,
                    ),
                    "auto_delete": True,
                }
            )

    # === ACTIONS === #

    def action_pause(self):
        """Pause (operators)."""
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.check_access("read")
        # sudo: operators pause without editing
        self.sudo()._set_paused(self.env._("Paused by %s", self.env.user.name))

    def action_resume(self):
        """Resume (operators)."""
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.check_access("read")
        self.sudo()._set_active()  # sudo: operators resume without editing

    def action_try_now(self):
        """Reset the circuit and the pause of the receiver (operators)."""
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.check_access("read")
        # sudo: only the engine can write the health
        self.env["interop.endpoint.health"].sudo()._reset(self)
        self.env["interop.audit.event"]._log("overrode", self, "Test Now")
        self.env["interop.pump"]._arm_after_commit()

    def action_view_messages(self):
        """Open the messages of this endpoint."""
        return self.env["interop.message"]._action_log(
            [("interface_id.endpoint_id", "in", self.ids)]
        )

    def action_view_health(self):
        """Show how many attempts succeeded and failed per hour."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_endpoint_hour_action"
        )
        since = fields.Datetime.to_string(self._health_since())
        action["domain"] = [("endpoint_id", "in", self.ids), ("hour", ">", since)]
        return action
