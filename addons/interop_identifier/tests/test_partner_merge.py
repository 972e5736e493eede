"""Odoo's own merge of contacts."""

import runpy
from pathlib import Path

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools.sql import column_exists

from .common import IdentifierCase


@tagged("post_install", "-at_install")
class TestPartnerMerge(IdentifierCase):
    def setUp(self):
        super().setUp()
        self.merges = self.env["interop.identifier.merge"]

    def _merge(self, survivor, *others):
        partners = survivor.union(*others)
        self.env["base.partner.merge.automatic.wizard"]._merge(partners.ids, survivor)

    def test_identifiers_go_to_the_survivor(self):
        own = self._create_namespace()
        prior = self.env["res.partner"].create({"name": "A. Careful"})
        kept = self._create_identifier(self.npi, "1234567893")
        carried = self._create_identifier(own, "7", prior)
        alias = self._create_identifier(self.npi, "1245319599", prior)
        self._merge(self.partner, prior)
        self.assertFalse(prior.exists())
        for row in kept | carried | alias:
            self.assertEqual(row.partner_id, self.partner)
            self.assertEqual(row.res_id, self.partner.id)
        self.assertEqual((kept.state, carried.state), ("active", "active"))
        self.assertEqual(alias.state, "merged")
        for namespace, value in ((own, "7"), (self.npi, "1245319599")):
            wire = [self._wire(namespace, value)]
            self.assertEqual(
                self.identifiers._resolve(wire, self.facility), self.partner
            )

    def test_of_two_priors_the_first_keeps_the_number_active(self):
        first, second = self.partner.copy(), self.partner.copy()
        one = self._create_identifier(self.npi, "1234567893", first)
        two = self._create_identifier(self.npi, "1245319599", second)
        self._merge(self.partner, first, second)
        self.assertEqual(sorted((one | two).mapped("state")), ["active", "merged"])
        self.assertEqual((one | two).partner_id, self.partner)

    def test_case_30_the_deleted_contact_cannot_be_restored(self):
        """Nothing is recorded of it, and no text promises to restore it."""
        prior = self.env["res.partner"].create({"name": "A. Careful", "phone": "1"})
        alias = self._create_identifier(self.npi, "1234567893", prior)
        self._merge(self.partner, prior)
        merge = self.merges._open_of(prior)
        self.assertTrue(merge.removed)
        self.assertFalse(merge.merged_ref)
        self.assertEqual(set(merge.line_ids.mapped("res_model")), {alias._name})
        for undo in (merge.action_unmerge, lambda: merge._unmerge("Father and son")):
            with self.assertRaisesRegex(UserError, "cannot be restored"):
                undo()
        self.assertEqual((merge.state, alias.partner_id), ("merged", self.partner))
        self.assertEqual(self.partner.phone, "1", "core fills what was empty")

    def test_case_30_rows_that_both_have(self):
        """Core deletes a follower that both have; no identifier goes with it."""
        prior = self.env["res.partner"].create({"name": "A. Careful"})
        follower = self.env["res.partner"].create({"name": "Follower"})
        (self.partner | prior).message_subscribe(follower.ids)
        carried = self._create_identifier(self._create_namespace(), "7", prior)
        self._merge(self.partner, prior)
        self.assertEqual(self.partner.message_partner_ids & follower, follower)
        self.assertEqual((carried.state, carried.partner_id), ("active", self.partner))

    def test_case_30_the_screens_warn(self):
        wizards = self.env["base.partner.merge.automatic.wizard"]
        view = wizards.get_view(view_type="form")["arch"]
        self.assertIn("This cannot be undone", view)
        view = self.merges.get_view(view_type="form")["arch"]
        self.assertIn("cannot be restored", view)

    def test_case_30_the_upgrade_deletes_recorded_columns(self):
        """The upgrade deletes recorded columns of contacts and keeps the merge."""
        prior = self.env["res.partner"].create({"name": "A. Careful"})
        alias = self._create_identifier(self.npi, "1234567893", prior)
        merge = self.merges._merge(self.partner, prior)
        merge.sudo()._write_recorded(self.partner, {"phone": "2"})
        self.env.flush_all()
        self.env.cr.execute(
            """ALTER TABLE interop_identifier_merge
               ADD COLUMN removed boolean, ADD COLUMN snapshot jsonb"""
        )
        self.env.cr.execute(
            "UPDATE interop_identifier_merge SET removed = true WHERE id = %s",
            [merge.id],
        )
        script = Path(__file__).parents[1] / "migrations/19.0.1.2.0"
        loaded = runpy.run_path(str(script / "pre-contact-merge.py"))
        for _time in range(2):
            loaded["migrate"](self.env.cr, "19.0.1.1.2")
        self.env.invalidate_all()
        self.assertEqual(merge.line_ids.identifier_id, alias)
        self.assertEqual(len(merge.line_ids), 1)
        self.assertFalse(column_exists(self.env.cr, merge._table, "snapshot"))

    def test_after_a_merge_by_message(self):
        """The message moved the identifiers, the steward merges the contacts."""
        prior = self.env["res.partner"].create({"name": "A. Careful"})
        alias = self._create_identifier(self.npi, "1234567893", prior)
        merge = self.merges._merge(self.partner, prior)
        with self.assertRaisesRegex(UserError, "opposite direction"):
            self._merge(prior, self.partner)
        self._merge(self.partner, prior)
        self.assertEqual(self.merges._survivor(prior), self.partner)
        self.assertTrue(merge.removed)
        self.assertEqual(alias.partner_id, self.partner)
        self.assertEqual(self.merges.search_count([("merged_id", "=", prior.id)]), 1)

    def test_a_user_who_merges_contacts_need_not_be_a_steward(self):
        prior = self.env["res.partner"].create({"name": "A. Careful"})
        alias = self._create_identifier(self.npi, "1234567893", prior)
        clerk = self._create_user("base.group_partner_manager")
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(clerk)
        wizard._merge((self.partner | prior).ids, self.partner.with_user(clerk))
        self.assertEqual(alias.partner_id, self.partner)
        self.assertEqual(self.merges._open_of(prior).merged_by_id, clerk)

    def test_case_29_only_of_contacts_that_the_user_may_change(self):
        prior = self.env["res.partner"].create(
            {"name": "A. Careful", "company_id": self.other_facility.id}
        )
        clerk = self._create_user("base.group_partner_manager")
        clerk.write(
            {"company_id": self.facility.id, "company_ids": [(6, 0, self.facility.ids)]}
        )
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(clerk)
        with self.assertRaises(AccessError):
            wizard._merge((self.partner | prior).ids, self.partner.with_user(clerk))
        self.assertFalse(self.merges._open_of(prior))
