"""A steward sees the fields that distinguish two people."""

from odoo.tests import tagged

from odoo.addons.interop_base.tests.common import InteropCase
from odoo.addons.interop_identifier.tools import question


@tagged("post_install", "-at_install")
class TestIdentityCase(InteropCase):
    def test_dates_of_birth_are_compared(self):
        people = self.env["res.partner"].create(
            [
                {
                    "name": "Ada Byron",
                    "interop_is_person": True,
                    "interop_birth_date": date,
                }
                for date in ("1815-12-10", "1855-01-02")
            ]
        )
        for person in people:
            person._interop_join(self.facility)
        first, second = ((person._name, person.id) for person in people)
        asked = question.same(self.facility.id, first, second)
        case = self.env["interop.identity.case"]._open(asked, company=self.facility)
        case = case.with_user(self._create_user("steward"))
        text = str(case.comparison)
        self.assertIn("Date of Birth", text)
        self.assertIn("1815", text)
        self.assertIn("1855", text)
