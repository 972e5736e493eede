"""No statement's plan depends on statistics: each touches what it was asked for.

``IN (SELECT … LIMIT … FOR UPDATE SKIP LOCKED)`` ignores its limit when the last ANALYZE
saw a drained table: the inner query runs again for every outer row.
"""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .. import clock, const, db
from ..models.engine import interop_materializer
from ..models.engine.engine_types import Lane
from ..models.log import message_leases
from ..models.log import message_retention as retention
from ..models.log.message_leases import MessageLeases
from .fakes import QUEUE_ONLY, EngineCase, set_queue

ROWS, LIMIT = 700, 200
LEASED = "lease_token IS NOT NULL"


@tagged("post_install", "-at_install")
class TestPlans(EngineCase):
    """Case 17, by statement and by what the planner knows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls._create_interface(
            payload_retention_days=1, message_retention_days=1
        )

    def _each_state(self, table, fill, empty, check):
        """Run ``check`` with a full table of which the planner believes something else.

        :param fill: function that inserts a number of rows
        :param empty: function that deletes them all
        """
        for seen in (0, 1, None):
            with self.subTest(table=table, seen=seen):
                self.env.flush_all()
                fill(ROWS)
                empty()
                if seen is None:
                    # As after the first start: no row was ever counted.
                    self.env.cr.execute(
                        "SELECT reltuples FROM pg_class WHERE relname = %s", [table]
                    )
                else:
                    fill(seen)
                    self.env.cr.execute(f"ANALYZE {table}")
                    empty()
                fill(ROWS)
                check()
                empty()

    def _delete(self, table):
        return lambda: self.env.cr.execute(f"DELETE FROM {table}")

    def _count(self, table, where="true"):
        self.env.cr.execute(f"SELECT count(*) FROM {table} WHERE {where}")
        return self.env.cr.fetchone()[0]

    # === EVENTS === #

    def _fill_events(self, count, state="failed"):
        self.env.cr.execute(
            """INSERT INTO interop_event (contract_id, res_model, res_id, company_id,
                      occurred_at, state, interface_ids)
               SELECT %s, 'res.partner', i, %s, now() AT TIME ZONE 'UTC', %s, '[]'
                 FROM generate_series(1, %s) i""",
            [self.interface.contract_ids.id, self.facility.id, state, count],
        )

    def test_materialize_takes_a_batch(self):
        materializer = self.env["interop.materializer"].sudo()

        def check():
            with patch.object(interop_materializer, "BATCH", LIMIT):
                self.assertEqual(materializer._materialize(), LIMIT)
            self.assertEqual(self._count("interop_event"), ROWS - LIMIT)

        table = "interop_event"
        self._each_state(table, self._fill_events, self._delete(table), check)

    # === MESSAGES === #

    def _fill_messages(self, count, **columns):
        old = clock.now() - timedelta(days=9)
        queued = {name: columns.pop(name) for name in QUEUE_ONLY if name in columns}
        state = columns.pop("state", "pending")
        ids = db.insert_rows(
            self.env["interop.message"],
            [
                {
                    "direction": "out",
                    "interface_id": self.interface.id,
                    "system_id": self.interface.system_id.id,
                    "contract_id": self.interface.contract_ids.id,
                    "company_id": self.facility.id,
                    "external_id": f"msg_{self._next()}",
                    "data_class": "none",
                    "test": False,
                    "lane": self.interface._lane(),
                    "done_at": None,
                    "payload_id": None,
                    "try_count": 0,
                    "attempt_count": 0,
                    **columns,
                    "state": "pending" if state == "processing" else state,
                }
                for _row in range(count)
            ],
        )
        if state not in const.CLOSED_STATES:
            self.env["interop.queue"]._enqueue(ids)
            queued = {
                "next_attempt_at": old,
                **queued,
                "try_count": columns.get("try_count", 0),
            }
            set_queue(self.env, ids, {"state": state, **queued})

    def _each_state_of_messages(self, check, table="interop_queue", **columns):
        self._each_state(
            table,
            lambda count: self._fill_messages(count, **columns),
            lambda: self.env.cr.execute(
                "DELETE FROM interop_message; DELETE FROM interop_queue;"
                "DELETE FROM interop_queue_lease"
            ),
            check,
        )

    def test_reclaim_takes_a_batch(self):
        def check():
            with patch.object(message_leases, "RECLAIM_BATCH", LIMIT):
                taken = MessageLeases(self.env).reclaim()
            self.assertEqual(taken, LIMIT)
            self.assertEqual(self._count("interop_queue", LEASED), ROWS - LIMIT)

        past = clock.now() - timedelta(hours=1)
        self._each_state_of_messages(
            check, state="processing", lease_until=past, try_count=1
        )

    def test_claim_takes_what_a_lane_has_room_for(self):
        def check():
            claims = MessageLeases(self.env).claim(
                {self.interface._lane(): Lane(LIMIT)}, self.interface.ids, 60
            )
            self.assertEqual(len(claims), LIMIT)
            self.assertEqual(self._count("interop_queue", LEASED), LIMIT)

        self._each_state_of_messages(check)

    def test_suspects_are_few_at_a_time(self):
        def check():
            claims = MessageLeases(self.env).claim(
                {self.interface._lane(): Lane(LIMIT)}, self.interface.ids, 60
            )
            self.assertEqual(self._count("interop_queue", LEASED), len(claims))
            self.assertLessEqual(len(claims), 8)

        self._each_state_of_messages(check, try_count=1)

    def test_retention_of_messages_takes_a_batch(self):
        def check():
            with patch.object(retention, "BATCH", LIMIT):
                found = self.env["interop.message"]._gc_messages()
            self.assertEqual(found, (LIMIT, True))
            self.assertEqual(self._count("interop_message"), ROWS - LIMIT)

        old = clock.now() - timedelta(days=9)
        self._each_state_of_messages(
            check, "interop_message", state="done", done_at=old
        )

    def test_retention_of_contents_takes_a_batch(self):
        old = clock.now() - timedelta(days=9)

        def fill(count):
            if count:
                stored = self.env["interop.payload"]._store_many(
                    [(self.facility.id, "none", b"x")] * count
                )
                self._fill_messages(count, state="done", done_at=old)
                self.env.cr.execute(
                    """UPDATE interop_message m SET payload_id = p.id
                         FROM (SELECT id, row_number() OVER (ORDER BY id) AS n
                                 FROM interop_message WHERE payload_id IS NULL) w
                         JOIN unnest(%s::int[]) WITH ORDINALITY AS p(id, n) ON p.n = w.n
                        WHERE m.id = w.id""",
                    [stored],
                )

        def empty():
            self.env.cr.execute(
                "DELETE FROM interop_message; DELETE FROM interop_payload"
            )

        def check():
            before = self._count("interop_payload")
            with patch.object(retention, "BATCH", LIMIT):
                found = self.env["interop.message"]._gc_payloads()
            self.assertEqual(found, (LIMIT, True))
            self.assertEqual(self._count("interop_payload"), before - LIMIT)
            where = "payload_id IS NULL"
            self.assertEqual(self._count("interop_message", where), LIMIT)

        self._each_state("interop_payload", fill, empty, check)

    def test_key_rotation_takes_a_batch(self):
        payloads = self.env["interop.payload"]

        def fill(count):
            if count:
                payloads._store_many([(self.facility.id, "personal", b"x")] * count)
                self.env.cr.execute("UPDATE interop_payload SET key_id = 'old'")

        def check():
            vault = self.env.registry["interop.vault"]
            with patch.object(vault, "_decrypt", lambda *_args: b"x"):
                self.assertEqual(payloads._reencrypt_batch(LIMIT), LIMIT)
            where = "key_id = 'old'"
            self.assertEqual(self._count("interop_payload", where), ROWS - LIMIT)

        table = "interop_payload"
        self._each_state(table, fill, self._delete(table), check)
