"""Statements of the pump at 100,000 rows touch what they were asked for.

Whatever the planner believes: that the tables are empty, as after an ANALYZE of a drained
queue, or nothing at all. Rows are counted by PostgreSQL itself.
"""

from datetime import timedelta

from odoo.tests import tagged
from odoo.tools import SQL

from .. import clock
from ..models.engine.engine_types import Lane
from ..models.log import message_moves as moves
from ..models.log.message_leases import MessageLeases
from .fakes import EngineCase

ROWS = 100_000
KEYS = 1_000  # half of them behind a failed message
CAP = 200
TABLES = ("interop_queue", "interop_message")
LANES = {
    "interface:none": Lane(CAP),
    "interface:key": Lane(CAP, "key"),
    "interface:strict": Lane(CAP, "strict"),
}
_MESSAGES = """
INSERT INTO interop_message (direction, interface_id, system_id, contract_id, company_id,
       external_id, state, data_class, test, lane, attempt_count, try_count,
       ordering_key, create_date, write_date)
SELECT 'out', %(interface)s, %(system)s, %(contract)s, %(company)s, 'msg_plan_' || n,
       CASE WHEN lane = 'interface:key' AND n / 3 %% %(keys)s < %(keys)s / 2
                 AND n / 3 < %(keys)s THEN 'dead' ELSE 'pending' END,
       'none', false, lane, 0, 0, 'key' || n / 3 %% %(keys)s, now(), now()
  FROM generate_series(0, %(rows)s - 1) n
 CROSS JOIN LATERAL (SELECT (%(lanes)s::text[])[1 + n %% 3] AS lane) l
"""
_QUEUE = """
INSERT INTO interop_queue (id, place, state, lane, next_attempt_at, ordering_key,
       is_first, interface_id, company_id, test, try_count, attempt_count, dead_workers)
SELECT id, id, state, lane, now() AT TIME ZONE 'UTC' - interval '1 hour',
       CASE lane WHEN 'interface:key' THEN ordering_key
                 WHEN 'interface:strict' THEN '' END,
       lane = 'interface:none' OR lane = 'interface:key'
           AND id = min(id) OVER (PARTITION BY lane, ordering_key),
       interface_id, company_id, false, 0, 0, 0
  FROM interop_message ORDER BY id
"""


@tagged("post_install", "-at_install")
class TestQueuePlans(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls._create_interface()

    def _fill(self):
        self.env.flush_all()
        values = {
            "interface": self.interface.id,
            "system": self.interface.system_id.id,
            "contract": self.interface.contract_ids.id,
            "company": self.facility.id,
            "keys": KEYS,
            "rows": ROWS,
            "lanes": list(LANES),
        }
        self.env.cr.execute(_MESSAGES, values)
        self.env.cr.execute(_QUEUE)

    def _touched(self):
        """Return ``{table: (rows read one by one, rows fetched by an index)}``."""
        self.env.cr.execute(
            """SELECT relname, seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables
                WHERE relname = ANY(%s)""",
            [list(TABLES)],
        )
        return {name: found for name, *found in self.env.cr.fetchall()}

    def _counting(self, most, call):
        """Call, and check that no table was read through and few rows were fetched."""
        self.env.flush_all()
        before = self._touched()
        result = call()
        after = self._touched()
        for table in TABLES:
            read, fetched = (
                now - then
                for now, then in zip(after[table], before[table], strict=True)
            )
            self.assertEqual(read, 0, f"{table} was read through")
            self.assertLessEqual(fetched, most, f"{table}: rows fetched")
        return result

    def _check(self):
        leases, ids = MessageLeases(self.env), self.interface.ids
        for name, lane in LANES.items():
            with self.subTest(lane=name):
                claims = self._counting(
                    10 * CAP,
                    lambda lane=lane, name=name: leases.claim({name: lane}, ids, 60),
                )
                self.assertEqual(len(claims), CAP)
                if lane.ordering == "strict":
                    self.assertFalse(leases.claim({name: lane}, ids, 60))
                due = self._counting(
                    6 * CAP,
                    lambda lane=lane, name=name: leases.next_claimable(
                        {name: lane}, ids
                    ),
                )
                self.assertEqual(bool(due), lane.ordering != "strict")
                half = [self._result(claim, http_status=200) for claim in claims[:100]]
                rest = [
                    self._result(
                        claim,
                        "retry",
                        error_class="timeout",
                        error_code="x",
                        error_message="x",
                    )
                    for claim in claims[100:]
                ]
                recorded = self._counting(
                    10 * CAP, lambda half=half: leases.record(half)
                )
                self.assertEqual(len(recorded), 100)
                recorded = self._counting(
                    10 * CAP, lambda rest=rest: leases.record(rest)
                )
                self.assertEqual(len(recorded), 100)
        claims = leases.claim({"interface:none": LANES["interface:none"]}, ids, 60)
        self.env.cr.execute(
            "UPDATE interop_queue_lease SET until = %s",
            [clock.now() - timedelta(seconds=1)],
        )
        self.assertEqual(self._counting(10 * CAP, leases.reclaim), len(claims))
        crashed = self._counting(
            10 * CAP, lambda: leases.claim({"interface:none": Lane(CAP)}, ids, 60)
        )
        self.assertEqual(len(crashed), 8)
        self.assertLessEqual(
            self._counting(10 * CAP, self.env["interop.queue"]._promote) or 0, 0
        )
        some = [claim.message_id for claim in crashed]
        self._counting(100, lambda: self.model.browse(some)._move(moves.DONE))
        waiting = self.model.search([("state", "=", "pending")], limit=50)
        for move in (moves.DEAD, moves.RETRIED, moves.CANCELLED):
            self._counting(1000, lambda move=move: waiting._move(move))

    def test_after_a_drained_queue_was_analyzed(self):
        self.model = self.env["interop.message"].sudo()
        for table in TABLES:
            self.env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
        for table in TABLES:
            self.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
        self._fill()
        self._check()

    def test_without_any_statistics(self):
        self.model = self.env["interop.message"].sudo()
        self.env.cr.execute("TRUNCATE interop_message, interop_queue CASCADE")
        self._fill()
        self._check()
