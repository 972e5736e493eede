"""The comparison for stewards: both records, their documents, and a fast list."""

from odoo.tests import tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tests.fakes import EngineCase
from odoo.addons.interop_identifier.models.case_comparison import CaseComparison

from .. import const
from .case_common import CaseMixin


@tagged("post_install", "-at_install")
class TestIdentityScreens(CaseMixin, EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_cases()

    def _comparison(self, case):
        case.invalidate_recordset()
        return str(case.comparison)

    def test_both_records_side_by_side(self):
        self.ada.write({"city": "London", "email": "ada@example.com"})
        self.king.write({"city": "Horsley"})
        self.env["res.partner"].create({"name": "Child", "parent_id": self.ada.id})
        case = self._case(self._ambiguous())
        text = self._comparison(case)
        for expected in (
            "Ada Byron",
            "Ada King",
            "London",
            "Horsley",
            "ada@example.com",
            "A-1",
            "N-20",
            f"/odoo/res.partner/{self.king.id}",
            "o_interop_differs",
        ):
            self.assertIn(expected, text)

    def test_dependents_are_counted_within_the_facilities(self):
        self.env["res.partner"].create(
            [{"name": f"Child {number}", "parent_id": self.ada.id} for number in "12"]
        )
        case = self._case(self._ambiguous()).with_context(
            allowed_company_ids=self.facility.ids
        )
        label = self.env["ir.model"]._get("res.partner").name
        self.assertEqual(
            CaseComparison(case)._dependents(self.ada.with_env(case.env))[label], 2
        )
        self.env["res.partner"].search(
            [("name", "=", "Child 1")]
        ).company_id = self.other_facility
        self.assertEqual(
            CaseComparison(case)._dependents(self.ada.with_env(case.env))[label], 1
        )
        self.assertNotIn(
            label, CaseComparison(case)._dependents(self.king.with_env(case.env))
        )

    def test_counting_stops_at_the_limit(self):
        self.env["res.partner"].create(
            [{"name": "Child", "parent_id": self.ada.id} for _number in range(3)]
        )
        case = self._case(self._ambiguous())
        self.patch(const, "COUNT_LIMIT", 2)
        counted = CaseComparison(case)._dependents(self.ada.with_env(case.env))
        self.assertIn("more than 2", counted.values())

    def test_no_content_is_trusted_as_markup(self):
        self.ada.name = "<script>alert(1)</script>"
        text = self._comparison(self._case(self._ambiguous()))
        self.assertNotIn("<script>", text)
        self.assertIn("&lt;script&gt;", text)

    def test_records_without_access_are_not_shown(self):
        self.king.write({"company_id": self.other_facility.id, "city": "Horsley"})
        case = self._case(self._ambiguous())
        self.assertEqual(case.about.count("without access"), 1)
        text = self._comparison(case)
        self.assertIn("You may not see this record", text)
        self.assertNotIn("King", text)
        self.assertNotIn("Horsley", text)

    def test_a_deleted_record_is_marked(self):
        case = self._case(self._ambiguous())
        self._set_columns(case.sudo(), right_id=0x7FFFFFF0)
        self.assertIn("This record was deleted", self._comparison(case))

    def test_the_open_queue_is_read_through_its_index(self):
        self.env.cr.execute(
            """INSERT INTO interop_identity_case (kind, state, priority, question_key,
                      company_id, opened_at)
               SELECT 'duplicate', CASE WHEN n %% 4 = 0 THEN 'open' ELSE 'decided' END,
                      '1', 'bulk' || n, %s, now()
                 FROM generate_series(1, 20000) n""",
            [self.facility.id],
        )
        self.env.cr.execute("ANALYZE interop_identity_case")
        cases = self.cases.with_user(self.steward)
        query = cases._search([("state", "=", "open")], limit=80, order=cases._order)
        self.env.cr.execute("EXPLAIN " + query.select().code, query.select().params)
        plan = "\n".join(line for (line,) in self.env.cr.fetchall())
        self.assertIn("interop_identity_case_queue_idx", plan)

    def test_age_is_shown_in_words(self):
        spans = ((59, "1 min"), (600, "10 min"), (7200, "2 h"), (10 * 86400, "10 days"))
        for seconds, words in spans:
            self.assertEqual(self.cases._span(seconds), words)
        case = self._case(self._ambiguous())
        self.assertTrue(case.age)
        self.assertLessEqual(case.opened_at, clock.now())
