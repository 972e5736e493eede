"""How endpoints are: circuit, pause, rate and success, in tables of their own.

Results come in by the hundred per second: they never write the tracked endpoint, only a
narrow row beside it, once per batch. The same row is the gate that claims go through.
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
# A second's worth may go at once; what is not used beyond that is lost.
_BURST = "GREATEST(1, e.rate_limit / 60.0)"
_TOKENS = f"""LEAST({_BURST}, h.tokens + e.rate_limit / 60.0
                    * GREATEST(0, EXTRACT(EPOCH FROM {_NOW} - h.tokens_at)))"""
_GATED = f"""(e.rate_limit > 0 OR h.circuit <> 'closed' OR h.paused_until > {_NOW})"""
_TABLES = "interop_endpoint_health h JOIN interop_endpoint e ON e.id = h.endpoint_id"


class Gate(NamedTuple):
    """What narrows the lane of one endpoint right now."""

    endpoint_id: int
    circuit: str
    held: bool
    limited: bool
    tokens: float

    @property
    def probing(self):
        """Whether a single message is to find out how the receiver is."""
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
    failures = fields.Integer("Failures in a Row", required=True, default=0)
    opened = fields.Integer("Times Opened", required=True, default=0)
    circuit_until = fields.Datetime(readonly=True)
    paused_until = fields.Datetime(readonly=True)
    failing_since = fields.Datetime(readonly=True)
    failing_count = fields.Integer(required=True, default=0)
    last_success_at = fields.Datetime("Last Success", readonly=True)
    last_failure_at = fields.Datetime("Last Failure", readonly=True)
    tokens = fields.Float(
        required=True, default=1, help="Deliveries that the rate allows at once."
    )
    tokens_at = fields.Datetime(
        required=True, default=lambda self: clock.database_now(self.env.cr)
    )

    _endpoint_uniq = models.UniqueIndex("(endpoint_id)", "One row per endpoint.")

    # === GATES: what a claim has to pass === #

    @api.model
    @api.private
    def _narrow(self, lanes):
        """Return ``(lanes, gates)``: what rate, pause and circuit leave of ``lanes``.

        The row of a gated endpoint stays locked until the claim commits. Another worker
        does not wait for it: it leaves that lane out this time.
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
        """Note which of the ``gates`` of :meth:`_narrow` these claims went through."""
        taken = Counter(claim.lane for claim in claims)
        for name, gate in gates.items():
            if gate and taken[name]:
                self._pass_gate(gate, taken[name], lease_seconds)

    @api.model
    def _lock_gates(self, lanes):
        """Return ``{lane: Gate}`` of gated endpoints; ``None``: locked elsewhere."""
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
        """Take ``count`` from the rate; note that a probe is on its way.

        A probe whose worker dies counts as lost when its lease ends.
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
        """Return ``{lane: naive UTC}`` of what rate, pause or circuit hold back."""
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

    # === LEARNING FROM RESULTS === #

    @api.model
    @api.private
    def _learn(self, noted):
        """Learn from ``[(endpoint, Result, is test)]``, in the transaction that records
        the results: stop endpoints that are gone or keep failing."""
        endpoints = self.env["interop.endpoint"]
        gone = {e.id for e, result, _test in noted if result.http_status == 410}
        endpoints.browse(gone)._set_gone()
        self.env["interop.endpoint.hour"]._count(noted)
        for endpoint, circuit in self._note(noted).items():
            endpoint._set_suspended(circuit)

    @api.model
    @api.private
    def _note(self, noted):
        """Learn from ``[(endpoint, Result, is test)]``; returns sustained failures.

        :returns: ``{endpoint: circuit_tools.Circuit}`` of those to be suspended
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
                continue  # deleted meanwhile
            circuit, row = _circuit_after(endpoint, known[endpoint.id], own, now)
            rows.append(row)
            if self._is_failing_for_good(endpoint, circuit, now):
                sustained[endpoint] = circuit
        self._write_rows(rows)
        return sustained

    @api.model
    def _is_failing_for_good(self, endpoint, circuit, now):
        """Return whether ``endpoint`` is to be suspended (Settings)."""
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
        """Return a limit of suspension; a 0 is stored as text and means never."""
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
        """Forget failures and pauses: somebody says that the receiver is well."""
        self.env.cr.execute(
            """UPDATE interop_endpoint_health
                  SET circuit = 'closed', failures = 0, opened = 0, failing_count = 0,
                      circuit_until = NULL, failing_since = NULL, paused_until = NULL
                WHERE endpoint_id = ANY(%s)""",
            [endpoints.ids],
        )
        self.invalidate_model(flush=False)


class InteropEndpointHour(models.Model):
    """Tries per endpoint and hour: the success rate without reading every try."""

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

    _hour_uniq = models.UniqueIndex("(endpoint_id, hour)", "One row per hour.")

    @api.model
    @api.private
    def _count(self, noted):
        """Add tries, ``[(endpoint, Result, is test)]``; deferrals are none."""
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
        """Remove what no success rate reads any more."""
        limit = clock.now() - timedelta(hours=const.HEALTH_HOURS + 1)
        self.env.cr.execute(
            "DELETE FROM interop_endpoint_hour WHERE hour < %s", [limit]
        )


def _circuit_after(endpoint, circuit, results, now):
    """Return ``(circuit, row)`` after ``[(Result, is test)]`` at ``now`` (the database's
    clock).

    A test that succeeds shows that the receiver is well; one that fails is somebody
    trying things out.
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
    """Return for how long the receiver wants no message at all."""
    if result.outcome == "done" or result.http_status not in (429, 503):
        return 0
    if result.retry_after is not None:
        return result.retry_after
    return const.THROTTLE_SECONDS if result.http_status == 429 else 0
