"""Health of endpoints: circuit, pause, rate and success, in separate tables.

A pump records hundreds of results per second. Therefore results never write the tracked
endpoint. They write one narrow row per endpoint, once per batch. Claims read and lock the
same row.
"""

from collections import Counter, defaultdict
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models

from ... import clock, const, db, parameters
from ...tools import circuit as circuit_tools

_COLUMNS = ("circuit", "failures", "opened", "circuit_until", "failing_since")
_COLUMNS += ("failing_count",)
_WELL = circuit_tools.Circuit()

_NOW = "(clock_timestamp() AT TIME ZONE 'UTC')"
# The bucket holds the tokens of one second; unused tokens above that are lost.
_BURST = "GREATEST(1, e.rate_limit / 60.0)"
_TOKENS = f"""LEAST({_BURST}, h.tokens + e.rate_limit / 60.0
                    * GREATEST(0, EXTRACT(EPOCH FROM {_NOW} - h.tokens_at)))"""
_GATED = f"""(e.rate_limit > 0 OR h.circuit <> 'closed' OR h.paused_until > {_NOW})"""
_TABLES = "interop_endpoint_health h JOIN interop_endpoint e ON e.id = h.endpoint_id"


class Gate(NamedTuple):
    """Rate, pause and circuit that limit the claims of one endpoint now."""

    endpoint_id: int
    circuit: str
    held: bool
    limited: bool
    tokens: float

    @property
    def probing(self):
        """Whether a single message tests the receiver."""
        return self.circuit != circuit_tools.CLOSED

    def cap(self, cap):
        """Return how many of ``cap`` may be claimed."""
        if self.held or (self.limited and self.tokens < 1):
            return 0
        if self.probing:
            return min(cap, 1)
        return min(cap, int(self.tokens)) if self.limited else cap


def _endpoint_ids(lanes):
    return [int(name.split(":")[1]) for name in lanes if name.startswith("endpoint:")]


class InteropEndpointHealth(models.Model):
    """One row per endpoint. Only the engine writes it."""

    _name = "interop.endpoint.health"
    _description = "Health of an Endpoint"
    _log_access = False

    endpoint_id = fields.Many2one(
        "interop.endpoint", required=True, readonly=True, ondelete="cascade"
    )
    circuit = fields.Selection(
        const.CIRCUITS, required=True, readonly=True, default=circuit_tools.CLOSED
    )
    failures = fields.Integer("Consecutive Failures", required=True, default=0)
    opened = fields.Integer("Times Opened", required=True, default=0)
    circuit_until = fields.Datetime(readonly=True)
    paused_until = fields.Datetime(readonly=True)
    failing_since = fields.Datetime(readonly=True)
    failing_count = fields.Integer(required=True, default=0)
    last_success_at = fields.Datetime("Last Success", readonly=True)
    last_failure_at = fields.Datetime("Last Failure", readonly=True)
    queue_ordering = fields.Selection(
        const.ORDERINGS,
        "Order of the Queue",
        readonly=True,
        help="The order in which waiting messages stand. It follows the order of the "
        "endpoint within a second.",
    )
    tokens = fields.Float(
        required=True, default=1, help="Deliveries that the rate limit allows now."
    )
    tokens_at = fields.Datetime(
        required=True, default=lambda self: clock.database_now(self.env.cr)
    )

    _endpoint_uniq = models.UniqueIndex(
        "(endpoint_id)", "The endpoint already has a row of health."
    )

    # === LIMITS OF CLAIMS === #

    @api.model
    @api.private
    def _narrow(self, lanes):
        """Return ``(lanes, gates)``: ``lanes`` within rate, pause and circuit.

        The row of a limited endpoint stays locked until the claim commits. Another
        worker does not wait for the lock. It skips that lane in this round.
        """
        gates = self._lock_gates(lanes)
        narrowed = {}
        for name, lane in lanes.items():
            cap = gates[name].cap(lane.cap) if gates.get(name) else lane.cap
            if cap > 0 and not (name in gates and gates[name] is None):
                narrowed[name] = lane._replace(cap=cap)
        return narrowed, gates

    @api.model
    @api.private
    def _pass(self, gates, claims, lease_seconds):
        """Count the ``claims`` in the limits ``gates`` that :meth:`_narrow` returned."""
        taken = Counter(claim.lane for claim in claims)
        for name, gate in gates.items():
            if gate and taken[name]:
                self._pass_gate(gate, taken[name], lease_seconds)

    @api.model
    def _lock_gates(self, lanes):
        """Return ``{lane: Gate}`` of limited endpoints; ``None``: another worker has
        locked it."""
        ids = _endpoint_ids(lanes)
        self.env.cr.execute(
            f"SELECT e.id FROM {_TABLES} WHERE e.id = ANY(%s) AND {_GATED}", [ids]
        )
        gates = {f"endpoint:{row[0]}": None for row in self.env.cr.fetchall()}
        if not gates:
            return gates
        self.env.cr.execute(
            f"""SELECT h.endpoint_id, h.circuit,
                       COALESCE(h.paused_until > {_NOW}, false)
                       OR (h.circuit <> 'closed' AND h.circuit_until > {_NOW}),
                       e.rate_limit > 0, {_TOKENS}
                  FROM {_TABLES}
                 WHERE e.id = ANY(%s) AND {_GATED}
                   FOR UPDATE OF h SKIP LOCKED""",
            [ids],
        )
        for row in self.env.cr.fetchall():
            gates[f"endpoint:{row[0]}"] = Gate(*row)
        return gates

    @api.model
    def _pass_gate(self, gate, count, lease_seconds):
        """Take ``count`` tokens from the rate, and note a probe in flight.

        If the worker of a probe dies, the probe counts as lost when its lease expires.
        """
        self.env.cr.execute(
            f"""UPDATE interop_endpoint_health h
                   SET tokens = %s, tokens_at = {_NOW},
                       circuit = CASE WHEN %s THEN 'half_open' ELSE h.circuit END,
                       circuit_until = CASE
                           WHEN %s THEN {_NOW} + make_interval(secs => %s)
                           ELSE h.circuit_until END
                 WHERE h.endpoint_id = %s""",
            [
                float(gate.tokens) - count,
                gate.probing,
                gate.probing,
                lease_seconds,
                gate.endpoint_id,
            ],
        )
        self.invalidate_model(flush=False)

    @api.model
    @api.private
    def _held_until(self, lanes):
        """Return ``{lane: naive UTC}`` of the lanes that rate, pause or circuit block."""
        self.env.cr.execute(
            f"""SELECT held.id, held.at
                  FROM (SELECT e.id, GREATEST(
                               h.paused_until,
                               CASE WHEN h.circuit <> 'closed' THEN h.circuit_until END,
                               CASE WHEN e.rate_limit > 0 AND {_TOKENS} < 1 THEN
                                   {_NOW} + make_interval(secs =>
                                       (1 - {_TOKENS}) * 60 / e.rate_limit) END) AS at
                          FROM {_TABLES}
                         WHERE e.id = ANY(%s) AND {_GATED}) held
                 WHERE held.at > {_NOW}""",
            [_endpoint_ids(lanes)],
        )
        return {f"endpoint:{row[0]}": row[1] for row in self.env.cr.fetchall()}

    # === RESULTS === #

    @api.model
    @api.private
    def _learn(self, noted):
        """Update health from ``[(endpoint, Result, is test)]``.

        Called in the transaction that records the results. It disables endpoints that
        answered 410 and suspends endpoints with sustained failures.
        """
        endpoints = self.env["interop.endpoint"]
        gone = {e.id for e, result, _test in noted if result.http_status == 410}
        endpoints.browse(gone)._set_gone()
        self.env["interop.endpoint.hour"]._count(noted)
        for endpoint, circuit in self._note(noted).items():
            endpoint._set_suspended(circuit)

    @api.model
    @api.private
    def _note(self, noted):
        """Update the rows from ``[(endpoint, Result, is test)]``.

        :returns: ``{endpoint: circuit_tools.Circuit}`` of the endpoints to suspend
        """
        results = defaultdict(list)
        for endpoint, result, is_test in noted:
            results[endpoint].append((result, is_test))
        self.env.cr.execute(
            f"""SELECT endpoint_id, {", ".join(_COLUMNS)} FROM interop_endpoint_health
                 WHERE endpoint_id = ANY(%s) ORDER BY endpoint_id FOR UPDATE""",
            [[endpoint.id for endpoint in results]],
        )
        known = {
            row[0]: circuit_tools.Circuit(*row[1:]) for row in self.env.cr.fetchall()
        }
        now = clock.database_now(self.env.cr)
        rows, sustained = [], {}
        for endpoint, own in results.items():
            if endpoint.id not in known:
                continue  # the endpoint was deleted meanwhile
            circuit, row = _circuit_after(endpoint, known[endpoint.id], own, now)
            rows.append(row)
            if self._is_failing_for_good(endpoint, circuit, now):
                sustained[endpoint] = circuit
        self._write_rows(rows)
        return sustained

    @api.model
    def _is_failing_for_good(self, endpoint, circuit, now):
        """Return whether to suspend ``endpoint`` by the limits in the Settings."""
        if endpoint.state != "active":
            return False
        return circuit_tools.is_sustained(
            circuit,
            now,
            hours=self._suspend_number(const.PARAM_SUSPEND_HOURS),
            failures=self._suspend_number(const.PARAM_SUSPEND_FAILURES),
        )

    @api.model
    def _suspend_number(self, parameter):
        """Return a limit of suspension; 0 is stored as text and means never."""
        return parameters.number(self.env, parameter, const.SUSPEND_DEFAULTS[parameter])

    def _write_rows(self, rows):
        db.values(
            self.env.cr,
            """UPDATE interop_endpoint_health h
                  SET circuit = v.circuit, failures = v.failures, opened = v.opened,
                      circuit_until = v.circuit_until::timestamp,
                      failing_since = v.failing_since::timestamp,
                      failing_count = v.failing_count,
                      last_success_at = COALESCE(
                          v.success_at::timestamp, h.last_success_at),
                      last_failure_at = COALESCE(
                          v.failure_at::timestamp, h.last_failure_at),
                      paused_until = GREATEST(
                          v.paused_until::timestamp, h.paused_until)
                 FROM (VALUES %s) AS v(endpoint_id, circuit, failures, opened,
                      circuit_until, failing_since, failing_count, success_at,
                      failure_at, paused_until)
                WHERE h.endpoint_id = v.endpoint_id""",
            rows,
        )
        self.invalidate_model(flush=False)

    @api.model
    @api.private
    def _reset(self, endpoints):
        """Clear failures and pauses after a user resumed or pressed Test Now."""
        self.env.cr.execute(
            """UPDATE interop_endpoint_health
                  SET circuit = 'closed', failures = 0, opened = 0, failing_count = 0,
                      circuit_until = NULL, failing_since = NULL, paused_until = NULL
                WHERE endpoint_id = ANY(%s)""",
            [endpoints.ids],
        )
        self.invalidate_model(flush=False)


class InteropEndpointHour(models.Model):
    """Count attempts per endpoint and hour, for the success rate."""

    _name = "interop.endpoint.hour"
    _description = "Attempts of an Endpoint by Hour"
    _log_access = False
    _order = "hour desc, id"

    endpoint_id = fields.Many2one(
        "interop.endpoint", required=True, readonly=True, ondelete="cascade"
    )
    hour = fields.Datetime(required=True, readonly=True)
    succeeded = fields.Integer(required=True, default=0)
    failed = fields.Integer(required=True, default=0)

    _hour_uniq = models.UniqueIndex(
        "(endpoint_id, hour)", "The endpoint already has a row for this hour."
    )

    @api.model
    @api.private
    def _count(self, noted):
        """Add attempts, ``[(endpoint, Result, is test)]``; deferrals do not count."""
        counts = defaultdict(lambda: [0, 0])
        hour = clock.now().replace(minute=0, second=0, microsecond=0)
        for endpoint, result, is_test in noted:
            if not is_test and result.outcome != "deferred":
                counts[endpoint.id][result.outcome != "done"] += 1
        db.values(
            self.env.cr,
            """INSERT INTO interop_endpoint_hour (endpoint_id, hour, succeeded, failed)
               VALUES %s
          ON CONFLICT (endpoint_id, hour) DO UPDATE
                  SET succeeded = interop_endpoint_hour.succeeded + EXCLUDED.succeeded,
                      failed = interop_endpoint_hour.failed + EXCLUDED.failed""",
            [(key, hour, *counts[key]) for key in sorted(counts)],
        )
        self.invalidate_model(flush=False)

    @api.autovacuum
    def _gc_hours(self):
        """Delete hours that are too old for the success rate."""
        limit = clock.now() - timedelta(hours=const.HEALTH_HOURS + 1)
        self.env.cr.execute(
            "DELETE FROM interop_endpoint_hour WHERE hour < %s", [limit]
        )


def _circuit_after(endpoint, circuit, results, now):
    """Return ``(circuit, row)`` after ``[(Result, is test)]`` at ``now`` (the database's
    clock).

    A successful test shows that the receiver answers. A failed test is ignored, because
    users also test an incomplete configuration.
    """
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
            failures=endpoint.circuit_failures,
            seconds=endpoint.circuit_seconds,
            throttled=result.error_class == "throttled",
        )
    return circuit, (
        endpoint.id,
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


def _pause_seconds(result):
    """Return the seconds for which the receiver refuses all messages."""
    if result.outcome == "done" or result.http_status not in (429, 503):
        return 0
    if result.retry_after is not None:
        return result.retry_after
    return const.THROTTLE_SECONDS if result.http_status == 429 else 0
