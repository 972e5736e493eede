"""Endpoints that fail: circuit, pause, suspension, and what the form says about it."""

from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.models.engine.engine_types import Hold

from .. import const
from ..tools import circuit as circuit_tools

_WELL = circuit_tools.Circuit()


class InteropEndpoint(models.Model):
    """Health. It is read from narrow tables (``interop_endpoint_health.py``)."""

    _inherit = "interop.endpoint"

    circuit_failures = fields.Integer(
        "Leave Alone After (failures)",
        required=True,
        default=10,
        tracking=True,
        help="After so many in a row, nothing is sent until a single message gets "
        "through. Waiting costs no try. 0: keep sending.",
    )
    circuit_seconds = fields.Integer(
        "First Wait (s)",
        required=True,
        default=15,
        tracking=True,
        help="Wait before a single message tries whether the receiver is back. It doubles "
        "each time, up to ten minutes.",
    )
    rate_limit = fields.Integer(
        "Deliveries per Minute",
        required=True,
        default=0,
        tracking=True,
        help="All workers together. What exceeds it waits and costs no try. "
        "0: no limit.",
    )
    health = fields.Selection(const.HEALTHS, compute="_compute_health")
    held_until = fields.Datetime("Held Back Until", compute="_compute_health")
    failures_in_row = fields.Integer("Failures Since", compute="_compute_health")
    last_success_at = fields.Datetime(
        "Last Success",
        compute="_compute_health",
        help="A successful test message counts here, because it shows that the receiver "
        "answers.",
    )
    last_failure_at = fields.Datetime("Last Failure", compute="_compute_health")
    success_rate = fields.Float(
        "Success Rate, 24 h",
        compute="_compute_rate",
        help="Share of the tries that the receiver took. Test messages are not counted.",
    )
    tries = fields.Integer(
        "Tries, 24 h",
        compute="_compute_rate",
        help="Deliveries that were tried. Test messages are not counted.",
    )
    oldest_waiting_at = fields.Datetime("Oldest Waiting", compute="_compute_oldest")

    _circuit_limits = models.Constraint(
        "CHECK (circuit_failures >= 0 AND circuit_seconds BETWEEN 1 AND"
        f" {circuit_tools.MAX_WAIT} AND rate_limit >= 0)",
        "Failures in a row and the rate are not negative, and the first wait is between "
        "one second and ten minutes.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Each endpoint has its row of health from the start."""
        endpoints = super().create(vals_list)
        # sudo: the row is the engine's
        self.env["interop.endpoint.health"].sudo().create(
            [{"endpoint_id": endpoint.id} for endpoint in endpoints]
        )
        return endpoints

    # === COMPUTE METHODS === #

    @api.depends("state")
    def _compute_health(self):
        # sudo: health is the engine's table; who sees the endpoint sees its health
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

    def _compute_oldest(self):
        for endpoint in self:
            self.env.cr.execute(
                "SELECT min(create_date) FROM interop_message"
                " WHERE lane = %s AND state IN ('pending', 'processing')",
                [endpoint._lane()],
            )
            endpoint.oldest_waiting_at = self.env.cr.fetchone()[0]

    def _holds(self):
        """Return why nothing is delivered here now, as a list of ``Hold``."""
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
        until = self.env["interop.pump"]._held_until({lane: None}).get(lane)
        if not until:
            return []
        if self.health in ("open", "half_open"):
            text = self.env._(
                "Deliveries to endpoint “%(name)s” failed %(count)s times in a row. "
                "One message is sent next to test the receiver.",
                name=self.name,
                count=self.failures_in_row,
            )
        elif self.health == "throttled":
            text = self.env._("The receiver of endpoint “%s” asked to wait.", self.name)
        else:
            text = self.env._(
                "Endpoint “%s” has reached its limit of deliveries per minute.",
                self.name,
            )
        return [Hold(text, until)]

    # === LEARNING FROM RESULTS === #

    def _circuit_after(self, circuit, results, now):
        """Return ``(circuit, row)`` after ``[(Result, is test)]`` at ``now`` (the
        database's clock).

        A test that succeeds shows that the receiver is well; one that fails is somebody
        trying things out.
        """
        self.ensure_one()
        success_at = failure_at = paused_until = None
        for result, is_test in results:
            if result.outcome == "done" and circuit == _WELL:
                success_at = now
                continue
            said = circuit_tools.meaning(
                result.outcome, result.http_status, result.error_class
            )
            if is_test and said != circuit_tools.SUCCEEDED:
                continue
            pause = _pause_seconds(result)
            if pause:
                paused_until = max(paused_until or now, now + timedelta(seconds=pause))
            if said == circuit_tools.SUCCEEDED:
                success_at = now
            elif said != circuit_tools.NOTHING:
                failure_at = now
            circuit = circuit_tools.after(
                circuit,
                said,
                now,
                failures=self.circuit_failures,
                seconds=self.circuit_seconds,
                throttled=result.error_class == "throttled",
            )
        return circuit, (
            self.id,
            circuit.state,
            circuit.failures,
            circuit.opened,
            circuit.until,
            circuit.failing_since,
            circuit.failing_count,
            success_at,
            failure_at,
            paused_until,
        )

    def _is_failing_for_good(self, circuit, now):
        """Return whether this endpoint is to be suspended (Settings)."""
        if self.state != "active":
            return False
        return circuit_tools.is_sustained(
            circuit,
            now,
            hours=self._suspend_number(const.PARAM_SUSPEND_HOURS),
            failures=self._suspend_number(const.PARAM_SUSPEND_FAILURES),
        )

    @api.model
    def _suspend_number(self, parameter):
        # sudo: system parameter; a 0 is stored as text and means never
        value = self.env["ir.config_parameter"].sudo().get_param(parameter)
        return int(value) if value else const.SUSPEND_DEFAULTS[parameter]

    # === TRANSITIONS AND ACTIONS === #

    def _set_suspended(self, circuit):
        """Stop after sustained failure; tell the owner and the operations address."""
        reason = self.env._(
            "Suspended: no delivery succeeded since %(since)s UTC, %(count)s tries failed. "
            "Messages wait. Resume when the receiver is back.",
            since=circuit.failing_since.strftime("%Y-%m-%d %H:%M"),
            count=circuit.failing_count,
        )
        moved = self._set_state("suspended", ("active",), state_reason=reason)
        for endpoint in moved:
            endpoint._tell_owner(self.env._("Endpoint %s is suspended", endpoint.name))
            endpoint._tell_operations()
        return self._moved(moved, "suspended")

    def _tell_owner(self, summary):
        """Give the owner of the system something to do."""
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
        # sudo: system parameter, and mail is queued for nobody in particular
        address = (
            self.env["ir.config_parameter"].sudo().get_param(const.PARAM_OPERATIONS)
        )
        if address:
            self.env["mail.mail"].sudo().create(
                {
                    "subject": self.env._("Endpoint %s is suspended", self.name),
                    "email_to": address,
                    "body_html": self.env["ir.qweb"]._render(
                        "interop_webhook.mail_suspended",
                        {"endpoint": self},
                        raise_if_not_found=True,
                    ),
                    "auto_delete": True,
                }
            )

    def action_view_health(self):
        """Show how many tries succeeded and failed, hour by hour."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_webhook.interop_endpoint_hour_action"
        )
        since = fields.Datetime.to_string(self._health_since())
        action["domain"] = [("endpoint_id", "in", self.ids), ("hour", ">", since)]
        return action

    @api.model
    def _health_since(self):
        return clock.now() - timedelta(hours=const.HEALTH_HOURS)

    def action_try_now(self):
        """Do not wait for the circuit or a pause any longer (operators)."""
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.check_access("read")
        # sudo: health is the engine's
        self.env["interop.endpoint.health"].sudo()._reset(self)
        self.env["interop.audit.event"]._log("overrode", self, "try now")
        self.env["interop.pump"]._arm_after_commit()


def _pause_seconds(result):
    """Return for how long the receiver wants no message at all."""
    if result.outcome == "done" or result.http_status not in (429, 503):
        return 0
    if result.retry_after is not None:
        return result.retry_after
    return const.THROTTLE_SECONDS if result.http_status == 429 else 0
