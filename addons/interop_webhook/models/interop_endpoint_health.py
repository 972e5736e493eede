"""How endpoints are: circuit, pause, rate and success, in tables of their own.

Results come in by the hundred per second: they never write the tracked endpoint, only a
narrow row beside it, once per batch.
"""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.interop_base import clock, db

from .. import const
from ..tools import circuit as circuit_tools

_COLUMNS = ("circuit", "failures", "opened", "circuit_until", "failing_since")
_COLUMNS += ("failing_count",)


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
            circuit, row = endpoint._circuit_after(known[endpoint.id], own, now)
            rows.append(row)
            if endpoint._is_failing_for_good(circuit, now):
                sustained[endpoint] = circuit
        self._write_rows(rows)
        return sustained

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
    _description = "Tries of an Endpoint by Hour"
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
