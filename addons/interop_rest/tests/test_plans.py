"""A connection that keeps its plans is as clean as any other."""

from contextlib import closing, nullcontext

import psycopg2
from psycopg2 import extensions

from odoo import sql_db
from odoo.tests import TransactionCase, tagged

from .. import plans

# What a session can leave behind, and how to see that it did: a value, or an error.
LEFT = {
    "a setting": ("SET work_mem = '7MB'", "SHOW work_mem", "7MB"),
    "a role": (
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SHOW default_transaction_read_only",
        "on",
    ),
    "a table": (
        "CREATE TEMP TABLE left_behind AS SELECT 1",
        "SELECT to_regclass('left_behind')::text",
        "left_behind",
    ),
    "a lock": (
        "SELECT pg_advisory_lock(4711)",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711",
        1,
    ),
    "a listener": (
        "LISTEN left_behind",
        "SELECT count(*) FROM pg_listening_channels()",
        1,
    ),
    "a statement": (
        "PREPARE left_behind AS SELECT 1",
        "SELECT count(*) FROM pg_prepared_statements",
        1,
    ),
    "a cursor": (
        "DECLARE left_behind CURSOR WITH HOLD FOR SELECT 1",
        "SELECT count(*) FROM pg_cursors",
        1,
    ),
}


@tagged("post_install", "-at_install")
class TestPlans(TransactionCase):
    """On a pool of its own: one connection, used again and again."""

    def setUp(self):
        super().setUp()
        self.pool = sql_db.ConnectionPool(1)
        self.addCleanup(self.pool.close_all)
        _name, self.info = sql_db.connection_info_for(self.env.cr.dbname)

    def _cursor(self, kept=True):
        """A cursor on the one connection, as core makes one."""
        with plans.kept() if kept else nullcontext():
            return closing(sql_db.Cursor(self.pool, self.env.cr.dbname, self.info))

    def _value(self, cr, query):
        cr.execute(query)
        return cr.fetchone()[0]

    def _last_statement(self, cr):
        """The last thing that the connection of ``cr`` did, seen from outside."""
        pid = cr.connection.info.backend_pid
        self.env.cr.execute("SELECT pg_stat_clear_snapshot()")
        return self._value(
            self.env.cr, f"SELECT query FROM pg_stat_activity WHERE pid = {pid}"
        )

    def test_nothing_is_left_behind(self):
        for kept in (True, False):
            for name, (leave, look, left) in LEFT.items():
                with self.subTest(name, kept=kept):
                    with self._cursor(kept) as cr:
                        pid = cr.connection.info.backend_pid
                        cr.execute(leave)
                        cr.connection.commit()
                        self.assertEqual(self._value(cr, look), left)
                        cr.connection.commit()
                    with self._cursor(kept) as cr:
                        self.assertEqual(cr.connection.info.backend_pid, pid)
                        self.assertNotEqual(self._value(cr, look), left)

    def test_the_value_of_a_sequence_is_forgotten(self):
        with self._cursor() as cr:
            cr.execute("CREATE TEMP SEQUENCE left_behind")
            self._value(cr, "SELECT nextval('left_behind')")
            cr.connection.commit()
        with self._cursor() as cr, self.assertRaises(psycopg2.Error):
            cr.execute("SELECT lastval()", log_exceptions=False)

    def test_plans_are_kept_only_where_asked_for(self):
        with self._cursor(kept=False):
            pass
        for kept in (True, False, True):
            with self._cursor(kept) as cr:
                said = self._last_statement(cr)
                self.assertEqual("DISCARD ALL" in said, not kept, said)
                self.assertEqual("pg_advisory_unlock_all" in said, kept, said)
        self.assertFalse(plans._keeps.get())

    def test_the_session_is_as_core_wants_it(self):
        """Transactions, isolation and read-only ones as if psycopg2 had cleaned it."""
        found = []
        for kept in (False, True):
            with self._cursor(kept) as cr:
                cr.connection.set_session(readonly=True, isolation_level="SERIALIZABLE")
            with self._cursor(kept) as cr:
                connection = cr.connection
                found.append(
                    (
                        connection.autocommit,
                        connection.isolation_level,
                        connection.readonly,
                        connection.deferrable,
                        connection.status,
                        connection.encoding,
                        self._value(cr, "SHOW transaction_isolation"),
                        self._value(cr, "SHOW transaction_read_only"),
                    )
                )
        self.assertEqual(*found)

    def test_another_encoding_is_cleaned_by_core(self):
        with self._cursor() as cr:
            cr.connection.set_client_encoding("LATIN1")
        with self._cursor() as cr:
            self.assertIn("DISCARD ALL", self._last_statement(cr))
            self.assertEqual(self._value(cr, "SELECT 'é–'"), "é–")

    def test_a_broken_connection_is_replaced(self):
        with self._cursor() as cr:
            pid = cr.connection.info.backend_pid
        self._value(self.env.cr, f"SELECT pg_terminate_backend({pid}, 5000)")
        with self._cursor() as cr:
            self.assertNotEqual(cr.connection.info.backend_pid, pid)
            self.assertEqual(self._value(cr, "SELECT 1"), 1)

    def test_a_change_of_the_schema_is_seen(self):
        """A plan that was kept is made anew when what it was made for has changed."""
        with self._cursor() as cr:
            cr.execute(
                """CREATE TABLE interop_of_plans (number int);
                   INSERT INTO interop_of_plans VALUES (1);
                   CREATE FUNCTION interop_of_plans() RETURNS text AS
                   $$ DECLARE row record;
                      BEGIN SELECT * INTO row FROM interop_of_plans; RETURN row; END $$
                   LANGUAGE plpgsql"""
            )
            cr.connection.commit()
        try:
            with self._cursor() as cr:
                self.assertEqual(self._value(cr, "SELECT interop_of_plans()"), "(1)")
            self._change("ALTER TABLE interop_of_plans ADD word text DEFAULT 'new'")
            with self._cursor() as cr:
                self.assertEqual(
                    self._value(cr, "SELECT interop_of_plans()"), "(1,new)"
                )
        finally:
            self._change(
                "DROP FUNCTION interop_of_plans(); DROP TABLE interop_of_plans"
            )

    def _change(self, statement):
        """Run ``statement`` on another connection."""
        with closing(psycopg2.connect(**self.info)) as connection:
            connection.set_isolation_level(extensions.ISOLATION_LEVEL_AUTOCOMMIT)
            connection.cursor().execute(statement)
