"""A customer of two facilities becomes a person in care."""

from odoo import Command
from odoo.tests import tagged

from odoo.addons.interop_base.tests.common import InteropCase


@tagged("post_install", "-at_install")
class TestDealings(InteropCase):
    def test_a_facility_with_invoices_continues_to_see_the_customer(self):
        partner = self.env["res.partner"].create({"name": "A customer"})
        address = self.env["res.partner"].create(
            {"name": "Home", "type": "invoice", "parent_id": partner.id}
        )
        journal = self.env["account.journal"].create(
            {
                "name": "Anne sales",
                "code": "ANS",
                "type": "sale",
                "company_id": self.other_facility.id,
            }
        )
        self.env["account.move"].with_company(self.other_facility).create(
            {
                "move_type": "out_invoice",
                "partner_id": address.id,
                "journal_id": journal.id,
                "line_ids": [Command.clear()],
            }
        )
        clerk, other, third = (
            self._create_user("base.group_partner_manager", companies=company)
            for company in (
                self.facility,
                self.other_facility,
                self.env["res.company"].create({"name": "Third"}),
            )
        )
        partner.with_user(clerk).interop_is_person = True
        self.assertEqual(
            partner._interop_known_at(), self.facility | self.other_facility
        )
        for user, sees in ((clerk, True), (other, True), (third, False)):
            self.env.invalidate_all()
            self.assertEqual(partner.with_user(user).has_access("read"), sees)
        # an existing membership is a decision, so later documents change nothing
        partner._interop_leave(self.other_facility)
        partner._interop_join(self.facility)
        self.assertEqual(partner._interop_known_at(), self.facility)
