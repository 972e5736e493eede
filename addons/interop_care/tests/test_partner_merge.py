"""Odoo's own merge of contacts with fields of other systems of record."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import CareCase


@tagged("post_install", "-at_install")
class TestPartnerMerge(CareCase):
    def test_governed_fields_are_neither_filled_nor_in_the_way(self):
        partners = self.env["res.partner"]
        survivor = partners.create({"name": "Adam Careful"})
        prior = partners.create({"name": "A. Careful", "phone": "1", "ref": "R7"})
        self.env["interop.ownership"].create(
            {
                "name": "Phone",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "field_ids": [
                    (
                        6,
                        0,
                        self.env["ir.model.fields"]._get("res.partner", "phone").ids,
                    )
                ],
                "authority": "system",
                "system_id": self.system.id,
                "protection": "always",
            }
        )
        clerk = self._create_user("base.group_partner_manager")
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(clerk)
        wizard._merge((survivor | prior).ids, survivor.with_user(clerk))
        self.assertFalse(prior.exists())
        self.assertEqual((survivor.phone, survivor.ref), (False, "R7"))


@tagged("post_install", "-at_install")
class TestPartnerMergeInCare(CareCase):
    """Case 29, B4: every user who may merge contacts may merge people in care."""

    def setUp(self):
        super().setUp()
        partners = self.env["res.partner"].with_company(self.facility)
        self.survivor = partners.create(
            {"name": "Adam Careful", "interop_is_provider": True}
        )
        self.prior = partners.create(
            {
                "name": "A. Careful",
                "interop_is_provider": True,
                "child_ids": [(0, 0, {"name": "Mother", "type": "contact"})],
                "bank_ids": [(0, 0, {"acc_number": "12345"})],
            }
        )
        for partner in self.survivor | self.prior:
            self.assertEqual(partner._interop_known_at(), self.facility)
        self.clerk = self._create_user("base.group_partner_manager")
        self.clerk.write(
            {"company_id": self.facility.id, "company_ids": [(6, 0, self.facility.ids)]}
        )

    def _merge_as_clerk(self, *priors):
        """Merge with the screen of Odoo, as a clerk does."""
        records = self.survivor.union(*priors)
        wizard = (
            self.env["base.partner.merge.automatic.wizard"]
            .with_user(self.clerk)
            .with_context(active_model="res.partner", active_ids=records.ids)
            .create({"dst_partner_id": self.survivor.id})
        )
        self.assertEqual(wizard.partner_ids, records)
        wizard.action_merge()
        self.env.invalidate_all()

    def test_b4_two_providers_of_one_facility(self):
        child, account = self.prior.child_ids, self.prior.bank_ids
        self._merge_as_clerk(self.prior)
        self.assertFalse(self.prior.exists())
        self.assertEqual(self.survivor._interop_known_at(), self.facility)
        self.assertEqual(child.parent_id, self.survivor)
        self.assertEqual(account.partner_id, self.survivor)
        memberships = self.survivor._interop_memberships_sudo()
        self.assertEqual(sorted(memberships.mapped("state")), ["active", "left"])
        self.assertTrue(self.survivor.with_user(self.clerk).has_access("read"))
        self.assertTrue(child.with_user(self.clerk).has_access("read"))

    def test_case_29_after_a_message_merged_them(self):
        self.env["interop.identifier.merge"]._merge(self.survivor, self.prior)
        self._merge_as_clerk(self.prior)
        self.assertFalse(self.prior.exists())

    def test_case_29_two_priors(self):
        second = self.prior.copy({"interop_is_provider": True})
        self._merge_as_clerk(self.prior, second)
        self.assertFalse((self.prior | second).exists())
        self.assertEqual(self.survivor._interop_known_at(), self.facility)

    def test_case_29_those_below_follow_the_facilities_of_the_survivor(self):
        self.survivor._interop_join(self.other_facility)
        child = self.prior.child_ids
        self._merge_as_clerk(self.prior)
        both = sorted((self.facility | self.other_facility).ids)
        self.env.flush_all()
        self.assertEqual(sorted(child.sudo().interop_facility_key), both)
        there = self._create_user(companies=self.other_facility)
        seen = self.env["res.partner"].with_user(there).search([("id", "=", child.id)])
        self.assertEqual(seen, child)

    def test_case_29_facilities_that_knew_the_prior_know_the_survivor(self):
        self.prior._interop_join(self.other_facility)
        self._merge_as_clerk(self.prior)
        self.assertEqual(
            self.survivor._interop_known_at(), self.facility | self.other_facility
        )

    def test_case_29_a_person_unknown_to_the_facility_stays(self):
        prior = self.env["res.partner"].create({"name": "Elsewhere"})
        prior._interop_join(self.other_facility)
        with self.assertRaises(AccessError):
            self._merge_as_clerk(prior)
        self.assertTrue(prior.exists())
