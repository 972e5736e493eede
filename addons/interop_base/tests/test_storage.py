"""PostgreSQL cleans the engine's tables early enough."""

from odoo.tests import TransactionCase, tagged

from .. import storage


@tagged("post_install", "-at_install")
class TestStorage(TransactionCase):
    def _options(self, table):
        """Return the storage parameters of a table and of its TOAST table."""
        self.env.cr.execute(
            """SELECT c.reloptions, t.reloptions FROM pg_class c
                 LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
                WHERE c.oid = %s::regclass""",
            [table],
        )
        own, toast = self.env.cr.fetchone()
        return {
            **dict(text.split("=") for text in own or []),
            **{
                f"toast.{name}": value
                for name, value in (text.split("=") for text in toast or [])
            },
        }

    def _tables(self):
        self.env.cr.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind = 'r'",
            [list(storage.OPTIONS)],
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def test_installed_tables_have_their_parameters(self):
        tables = self._tables()
        self.assertGreaterEqual(len(tables), len(storage.OPTIONS) - 2)
        for table in tables:
            with self.subTest(table=table):
                found = self._options(table)
                self.assertEqual(found, {**found, **storage.OPTIONS[table]})

    def test_an_upgrade_brings_them_back_and_leaves_others(self):
        self.env.cr.execute(
            "ALTER TABLE interop_event RESET (autovacuum_vacuum_threshold)"
        )
        self.env.cr.execute("ALTER TABLE interop_event SET (autovacuum_enabled = off)")
        storage.set_options(self.env.cr)
        found = self._options("interop_event")
        self.assertEqual(found["autovacuum_vacuum_threshold"], "1000")
        self.assertEqual(found["autovacuum_enabled"], "off")
        self.assertEqual(found["fillfactor"], "45", "what the model itself sets")
