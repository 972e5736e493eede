"""Two transactions at once, on real connections."""

import threading

from psycopg2.errors import LockNotAvailable, SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base.models.engine.origin import Applying
from odoo.addons.interop_base.tests.common import InteropCase
from odoo.addons.interop_base.tools import statement

from .governed_common import GovernedMixin

NOBODY = 2_000_000_001  # no record has this id


@tagged("post_install", "-at_install")
class TestGovernedConcurrency(GovernedMixin, InteropCase):
    """One row per value and no lost update, in any order of transactions.

    Not an ``EngineCase``: that class alters the table of messages, and the other
    connections of this test would wait for it forever.
    """

    def setUp(self):
        super().setUp()
        self.addCleanup(self._clean)

    def _clean(self):
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '60s'")
            cr.execute("DELETE FROM interop_provenance WHERE res_id = %s", [NOBODY])

    def _note(self, cr, external_id):
        env = api.Environment(cr, SUPERUSER_ID, {})
        scope = Applying(cr, None, None, external_id, None, None)
        env["interop.provenance"]._note_message(
            env["res.partner"].browse(NOBODY), scope, ["name"]
        )

    def test_statements_never_run_backwards(self):
        """By the rule of ``is_newer``, also where texts sort in the opposite order."""
        system, partner = self._create_system(), self.env.ref("base.main_partner")
        provenance = self.env["interop.provenance"]
        at = "2026-01-01T10:00:%02d.000000"
        pairs = [
            (f"{at % 0}//1/{at % 50}", f"{at % 10}//2/{at % 40}"),
            (f"{at % 0}//1/{at % 50}", f"{at % 10}//2"),
            (f"{at % 0}/0000000001.0000000000000002/4", f"{at % 0}//5"),
            (f"{at % 0}/0000000001.2/4", f"{at % 0}/0000000001.3/3"),
            (at % 1, at % 2),
            ("2026-01-01T10:00:00.123Z", f"{at % 5}//9"),
        ]
        for number, pair in enumerate([*pairs, *(pair[::-1] for pair in pairs)]):
            for stated in pair:
                scope = Applying(self.env.cr, system.id, None, "m", None, None, stated)
                name = [f"x_{number}"]
                provenance._note_message(partner, scope, name, confirmed=True)
            known, fresh = pair
            kept = provenance._stated_by(partner, system.id)[f"x_{number}"]
            expected = fresh if statement.is_newer(fresh, known) else known
            self.assertEqual(kept, expected, pair)

    def test_two_messages_make_one_row_and_the_second_runs_again(self):
        failures, started = [], threading.Event()

        def second():
            with db_connect(self.env.cr.dbname).cursor() as cr:
                cr.execute("SELECT 1")  # its snapshot is older than the first commit
                started.set()
                try:
                    self._note(cr, "second")
                except SerializationFailure as error:
                    failures.append(error)
                    cr.rollback()
                    self._note(cr, "second")

        thread = threading.Thread(target=second)
        with db_connect(self.env.cr.dbname).cursor() as cr:  # commits at the end
            cr.execute("SET LOCAL lock_timeout = '60s'")
            self._note(cr, "first")
            thread.start()
            self.assertTrue(started.wait(60))
            thread.join(0.5)
            self.assertTrue(thread.is_alive(), "the second waits for the first")
        thread.join(60)
        self.assertFalse(thread.is_alive())
        self.assertEqual(len(failures), 1)
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute(
                "SELECT message_ref FROM interop_provenance WHERE res_id = %s", [NOBODY]
            )
            self.assertEqual(cr.fetchall(), [("second",)])

    def test_messages_about_one_record_wait_for_each_other(self):
        partner = self.env.ref("base.main_partner")
        self.env.flush_all()
        with db_connect(self.env.cr.dbname).cursor() as other:
            env = api.Environment(other, SUPERUSER_ID, {})
            partner.with_env(env)._lock_governed()
            self.env.cr.execute("SET LOCAL lock_timeout = '200ms'")
            with (
                self.assertRaises(LockNotAvailable),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(flush=False),
            ):
                partner._lock_governed()
        partner._lock_governed()  # the other one is done
