"""The queue under concurrency, on real connections."""

import threading

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import tagged

from odoo.addons.interop_base.tests.common import InteropCase
from odoo.addons.interop_identifier.models.case_decision import CaseDecision
from odoo.addons.interop_identifier.models.case_opening import CaseOpening

from ..tools import question

KEY = "test|concurrency"


@tagged("post_install", "-at_install")
class TestIdentityConcurrency(InteropCase):
    """One open case per question and one decision per case, in any order of
    transactions.

    Not an ``EngineCase``: that class alters the table of messages, and the other
    connections of this test would wait for it forever.
    """

    def setUp(self):
        super().setUp()
        self.addCleanup(self._clean)

    def _clean(self):
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '10s'")
            cr.execute(
                "DELETE FROM interop_identity_case WHERE question_key = %s", [KEY]
            )

    def _open(self, cr):
        env = api.Environment(cr, SUPERUSER_ID, {})
        asked = question.Question("conflict", KEY)
        company = env.ref("base.main_company")
        opening = CaseOpening(env["interop.identity.case"])
        values = opening.values(asked, None, company)
        return opening.insert(values)  # without the activity: nothing to clean up

    def test_many_workers_open_one_case(self):
        found, failures = [], []

        def work():
            with db_connect(self.env.cr.dbname).cursor() as cr:
                for _try in range(20):
                    try:
                        case_id = self._open(cr).id
                        cr.commit()  # pylint: disable=invalid-commit
                    except SerializationFailure as error:
                        failures.append(error)
                        cr.rollback()
                        continue
                    found.append(case_id)
                    return

        threads = [threading.Thread(target=work) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        self.assertEqual((len(found), len(set(found))), (8, 1))

    def test_of_two_stewards_at_once_the_second_is_refused(self):
        with db_connect(self.env.cr.dbname).cursor() as cr:
            case_id = self._open(cr).id
        with (
            db_connect(self.env.cr.dbname).cursor() as cr,
            db_connect(self.env.cr.dbname).cursor() as other,
        ):
            first = api.Environment(cr, SUPERUSER_ID, {})["interop.identity.case"]
            second = api.Environment(other, SUPERUSER_ID, {})["interop.identity.case"]
            CaseDecision(first.browse(case_id)).check("rejected")
            with self.assertRaisesRegex(UserError, "at this moment"):
                CaseDecision(second.browse(case_id)).check("rejected")
            first.browse(case_id)._set_decided("rejected", "Wrong")
            first.env.flush_all()
            cr.commit()  # pylint: disable=invalid-commit
            # Odoo runs the request again with a new snapshot.
            with self.assertRaises(SerializationFailure):
                CaseDecision(second.browse(case_id)).check("rejected")
            other.rollback()
            second.invalidate_model()
            with self.assertRaisesRegex(UserError, "already decided"):
                CaseDecision(second.browse(case_id)).check("rejected")
