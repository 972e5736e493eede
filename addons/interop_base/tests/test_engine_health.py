"""The engine never stops: limits of its transactions, and what Settings says of it."""

import os
import socket
import threading
import time
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

import psycopg2
from psycopg2.errors import QueryCanceled, SerializationFailure
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import config, mute_logger

from .. import clock, const, db
from ..models.engine import engine_health, pump_run
from ..models.log.message_leases import MessageLeases
from .common import InteropCase
from .fakes import EngineCase

OPTIONS = {
    "pump_seconds": 1,
    "pump_batch": 10,
    "lease_seconds": 9,
    "statement_seconds": 1,
}
LOGGER = pump_run.__name__


class RealRegistry:
    """Opens real connections, which a test's registry does not."""

    def __init__(self, dbname):
        self.dbname = dbname

    def cursor(self):
        return db_connect(self.dbname).cursor()


@tagged("post_install", "-at_install")
class TestLimits(InteropCase):
    """Case 17, on real connections: nothing hangs, and a dead worker holds nothing.

    Not an ``EngineCase``: that one changes the table of messages, and the other
    connections here would wait for it for ever.
    """

    def setUp(self):
        super().setUp()
        self.registry_of_its_own = RealRegistry(self.env.cr.dbname)
        self.addCleanup(self._clean)

    def _clean(self):
        with self.registry_of_its_own.cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '10s'")
            cr.execute("DELETE FROM interop_engine_problem WHERE kind = 'statement'")

    def _run(self, **options):
        return pump_run.PumpRun(
            self.registry_of_its_own, SUPERUSER_ID, {**OPTIONS, **options}
        )

    def _holders(self):
        self.env.cr.execute("SELECT pg_stat_clear_snapshot()")
        self.env.cr.execute(engine_health._HOLDER, [const.MATERIALIZE_LOCK])
        return [pid for pid, _seconds in self.env.cr.fetchall()]

    def _wait_for(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not happen in time")
            time.sleep(0.05)

    def test_every_transaction_of_the_pump_is_limited(self):
        for read_committed in (True, False):
            with self._run(statement_seconds=7)._env(read_committed) as env:
                found = {}
                for name in (
                    "statement_timeout",
                    "idle_in_transaction_session_timeout",
                    "client_connection_check_interval",
                ):
                    env.cr.execute(f"SHOW {name}")
                    found[name] = env.cr.fetchone()[0]
            self.assertEqual(
                found,
                {
                    "statement_timeout": "7s",
                    "idle_in_transaction_session_timeout": "7s",
                    "client_connection_check_interval": "1s",
                },
            )
        with self.registry_of_its_own.cursor() as cr:  # the same connection, perhaps
            cr.execute("SHOW statement_timeout")
            self.assertEqual(cr.fetchone()[0], "0", "nobody else is limited")

    def test_server_that_cannot_watch_its_clients_is_limited_all_the_same(self):
        with (
            patch.object(db, "_unchecked", {self.env.cr.dbname}),
            self.registry_of_its_own.cursor() as cr,
        ):
            db.limit(cr, 7)
            cr.execute("SHOW statement_timeout")
            self.assertEqual(cr.fetchone()[0], "7s")
            cr.execute(
                "SELECT setting = reset_val FROM pg_settings"
                " WHERE name = 'client_connection_check_interval'"
            )
            self.assertTrue(cr.fetchone()[0], "left as the server has it")

    @mute_logger("odoo.sql_db")
    def test_hung_step_ends_by_itself_and_the_others_go_on(self):
        def hang(materializer):
            materializer.env.cr.execute("SELECT pg_sleep(30)")

        run = self._run()
        started = time.monotonic()
        pump = self.env.registry["interop.pump"]
        with (
            patch.object(
                self.env.registry["interop.materializer"], "_materialize", hang
            ),
            self.assertLogs(LOGGER, "ERROR") as logs,
        ):
            self.assertEqual(run._materialize(), 0)
            self.assertEqual(run._materialize(), 0, "not again in this run")
        self.assertLess(time.monotonic() - started, 25)
        self.assertEqual(len(logs.output), 1)
        self.assertIn("turning events into messages took too long", logs.output[0])
        with patch.object(pump, "_claim", lambda *_args: []):
            self.assertEqual(run._claim(False), [], "claiming goes on")
        self.assertNotIn("claim", run._ended_steps)
        with self.registry_of_its_own.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            texts = "\n".join(engine_health.EngineHealth(env).texts())
        self.assertIn("took too long and was canceled", texts)

    @mute_logger("odoo.sql_db", LOGGER)
    def test_after_an_ended_step_the_next_run_comes_soon_and_not_at_once(self):
        called = []
        pump = self.env.registry["interop.pump"]
        run = self._run()
        run._ended_steps.add("materialize")
        with (
            patch.object(pump, "_arm", lambda _pump, due=None: called.append(due)),
            run._env() as env,
        ):
            now = clock.database_now(env.cr)
            run._hand_over()
        (due,) = called
        seconds = (due - now).total_seconds()
        self.assertAlmostEqual(seconds, pump_run.ENDED_PAUSE, delta=5)

    @mute_logger("odoo.sql_db", LOGGER)
    def test_results_are_recorded_at_the_second_try(self):
        tries = []

        def record(_run, _found):
            tries.append(1)
            if len(tries) == 1:
                raise QueryCanceled

        with patch.object(pump_run.PumpRun, "_record_once", record):
            self._run()._record([(None, None, None)])
        self.assertEqual(len(tries), 2)

    def test_session_of_a_killed_worker_gives_its_lock_back(self):
        """In the middle of a statement, as the kernel closes the sockets of the dead."""
        cursor = self.registry_of_its_own.cursor()

        def work():
            try:
                db.limit(cursor, 60)
                cursor.execute(
                    "SELECT pg_try_advisory_xact_lock(%s)", [const.MATERIALIZE_LOCK]
                )
                cursor.execute("SELECT pg_sleep(60)", log_exceptions=False)
            except psycopg2.Error:
                return

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._wait_for(self._holders)
        with socket.socket(fileno=os.dup(cursor.connection.fileno())) as own:
            own.shutdown(socket.SHUT_RDWR)
        started = time.monotonic()
        self._wait_for(lambda: not self._holders())
        self.assertLess(time.monotonic() - started, 30)
        thread.join(60)
        with suppress(psycopg2.Error):
            cursor.close()

    def test_rotation_does_not_fail_when_contents_change(self):
        """40001 under REPEATABLE READ: the command reads what others have committed."""
        with self.registry_of_its_own.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            (payload_id,) = env["interop.payload"]._store_many(
                [(None, "personal", b"x")]
            )
            cr.execute(
                "UPDATE interop_payload SET key_id = 'old' WHERE id = %s", [payload_id]
            )
        self.addCleanup(self._delete_payload, payload_id)
        vault = self.env.registry["interop.vault"]
        for level, error in (
            (None, SerializationFailure),
            (ISOLATION_LEVEL_READ_COMMITTED, None),
        ):
            with (
                self.registry_of_its_own.cursor() as cr,
                patch.object(vault, "_decrypt", lambda *_args: b"x"),
            ):
                if level:
                    cr.connection.set_isolation_level(level)
                cr.execute("SELECT 1 FROM interop_payload LIMIT 1")  # its snapshot
                with self.registry_of_its_own.cursor() as other:
                    other.execute(
                        "UPDATE interop_payload SET key_id = 'old', size = size + 1"
                        " WHERE id = %s",
                        [payload_id],
                    )
                payloads = api.Environment(cr, SUPERUSER_ID, {})["interop.payload"]
                if error:
                    with self.assertRaises(error):
                        payloads._reencrypt_batch()
                    cr.rollback()
                else:
                    self.assertGreaterEqual(payloads._reencrypt_batch(), 1)

    def _delete_payload(self, payload_id):
        with self.registry_of_its_own.cursor() as cr:
            cr.execute("DELETE FROM interop_payload WHERE id = %s", [payload_id])


@tagged("post_install", "-at_install")
class TestEngineHealth(EngineCase):
    """Settings says why the engine does not move, and an alarm tells operators."""

    def setUp(self):
        super().setUp()
        self.interface = self._create_interface()
        self.env.cr.execute("DELETE FROM interop_event")
        self.env.cr.execute("DELETE FROM interop_message")
        self.env.cr.execute("DELETE FROM interop_engine_problem")

    def _settings(self):
        return self.env["res.config.settings"].create({})

    def _ago(self, seconds):
        return clock.database_now(self.env.cr) - timedelta(seconds=seconds)

    def test_nothing_waits(self):
        settings = self._settings()
        self.assertEqual(
            settings.interop_engine_age, "Oldest event: none. Oldest due message: none."
        )
        self.assertNotIn(
            "due but are not processed", settings.interop_engine_texts or ""
        )

    def test_ages_of_what_waits_are_shown(self):
        message = self._publish(self.interface)
        self._set_columns(message, next_attempt_at=self._ago(600))
        partner = self.env["res.partner"].create({"name": "A"})
        self.env["interop.event"]._publish(
            self.interface.contract_ids.message_type,
            partner,
            occurred_at=self._ago(42),
        )
        settings = self._settings()
        self.assertRegex(settings.interop_engine_age, r"Oldest event: 4\d s")
        self.assertRegex(settings.interop_engine_age, r"Oldest due message: 10 min")
        self.assertIn("due but are not processed", settings.interop_engine_texts)

    def test_what_must_not_move_does_not_count(self):
        message = self._publish(self.interface)
        self._set_columns(message, next_attempt_at=self._ago(600))
        self.interface._set_suspended()
        self.assertIn("due message: none", self._settings().interop_engine_age)
        self.interface._set_active()
        self._set_columns(message, next_attempt_at=self._ago(-600))
        self.assertIn("due message: none", self._settings().interop_engine_age)

    def test_a_slow_question_is_given_up(self):
        def slow(leases, *_args):
            leases.env.cr.execute("SELECT pg_sleep(9)", log_exceptions=False)

        with (
            patch.object(engine_health, "READ_SECONDS", 0.1),
            patch.object(MessageLeases, "next_claimable", slow),
        ):
            self.assertIn("not found within", self._settings().interop_engine_age)
        self.env.cr.execute("SHOW statement_timeout")
        self.assertEqual(self.env.cr.fetchone()[0], "0")

    def test_stall_raises_an_alarm_once_and_ends_it(self):
        operator = self._create_user("operator")
        team = self.env["interop.team"].create(
            {"name": "Operators", "member_ids": [(6, 0, operator.ids)]}
        )
        self.env["ir.config_parameter"].set_param(
            "interop_base.operators_team_id", team.id
        )
        message = self._publish(self.interface)
        self._set_columns(message, next_attempt_at=self._ago(600))
        pump = self.env["interop.pump"].sudo()
        for _minute in range(2):
            pump._tell_stall()
        problem = self.env["interop.engine.problem"].search([("kind", "=", "stall")])
        self.assertEqual(problem.count, 2)
        self.assertEqual(problem.activity_ids.user_id, operator)
        self.assertIn("10 min", problem.with_user(operator).text)
        self._run()
        pump._tell_stall()
        self.assertFalse(problem.exists())

    def test_session_that_holds_the_lock_is_named(self):
        with (
            db_connect(self.env.cr.dbname).cursor() as cr,
            patch.object(engine_health, "STALL_SECONDS", -4),
        ):
            cr.execute("SELECT pg_advisory_xact_lock(%s)", [const.MATERIALIZE_LOCK])
            cr.execute("SELECT pg_backend_pid()")
            pid = cr.fetchone()[0]
            texts = "\n".join(engine_health.EngineHealth(self.env)._holder())
        self.assertIn(f"pg_terminate_backend({pid})", texts)

    def test_old_snapshot_is_named(self):
        with (
            db_connect(self.env.cr.dbname).cursor() as cr,
            patch.object(engine_health, "SNAPSHOT_MINUTES", 0),
        ):
            cr.execute("SELECT 1 FROM res_partner LIMIT 1")
            cr.execute("SELECT pg_backend_pid()")
            pid = cr.fetchone()[0]
            self.env.cr.execute("SELECT pg_stat_clear_snapshot()")
            self.env.cr.execute(
                engine_health._SNAPSHOT.replace("LIMIT 1", "LIMIT 50"), [0]
            )
            self.assertIn(pid, [row[0] for row in self.env.cr.fetchall()])
            self.assertTrue(engine_health.EngineHealth(self.env)._snapshot())

    def test_limit_above_that_of_the_worker_is_told(self):
        health = engine_health.EngineHealth(self.env)
        self.assertFalse(health._timeout())
        with patch.dict(config.options, {"limit_time_real": 60}):
            self.assertIn("limit_time_real", health._timeout()[0])

    # === CASE 16: THE DATABASE'S CLOCK === #

    def _jump(self, seconds):
        real = clock.now
        return patch.object(
            clock, "now", side_effect=lambda: real() + timedelta(seconds=seconds)
        )

    def test_retry_by_a_person_is_due_now_by_the_databases_clock(self):
        """Case 16."""
        message = self._publish(self.interface)
        for jump in (120, -120):
            message._set_dead("connect", "x", "x")
            with self._jump(jump):
                message._set_pending()
            late = message.next_attempt_at - clock.database_now(self.env.cr)
            self.assertLess(abs(late.total_seconds()), 10, jump)

    def test_pump_wakes_by_the_servers_clock_when_the_database_says(self):
        """Case 16: queue_job's runner compares with its own clock."""
        pump = self.env["interop.pump"].sudo()
        for jump in (120, -120):
            due = self._ago(-300)
            with self._jump(jump):
                pump._arm(due)
                job = self.env["queue.job"].search(
                    [("model_name", "=", "interop.pump")], order="id desc", limit=1
                )
                left = (job.eta - clock.now()).total_seconds()
            self.assertAlmostEqual(left, 300, delta=10)
            job.unlink()

    def test_cron_goes_by_the_databases_clock(self):
        """Case 16."""
        pump = self.env.registry["interop.pump"]
        message = self._publish(self.interface)
        self._set_columns(message, next_attempt_at=self._ago(-600))
        armed = []
        with (
            self._jump(3600),
            patch.object(pump, "_arm", lambda _pump, due=None: armed.append(due)),
        ):
            self.env["interop.pump"].sudo()._cron_rearm()
        self.assertFalse(armed, "it is due in ten minutes, whatever this clock says")
