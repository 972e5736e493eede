"""Odoo's own merge of contacts."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import IdentifierCase

PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6"
    "kgAAAABJRU5ErkJggg=="
)


@tagged("post_install", "-at_install")
class TestPartnerMerge(IdentifierCase):
    def setUp(self):
        super().setUp()
        self.merges = self.env["interop.identifier.merge"]

    def _merge(self, survivor, *others):
        partners = survivor.union(*others)
        self.env["base.partner.merge.automatic.wizard"]._merge(partners.ids, survivor)

    def _row(self, record):
        self.env.flush_all()
        self.env.cr.execute(
            f'SELECT to_jsonb(r) FROM "{record._table}" r WHERE id = %s', [record.id]
        )
        return self.env.cr.fetchone()[0]

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

    def test_unmerge_makes_the_contact_anew(self):
        tags = self.env["res.partner.category"].create([{"name": "A"}, {"name": "B"}])
        self.partner.category_id = tags[0]
        prior = self.env["res.partner"].create(
            {
                "name": "A. Careful",
                "phone": "+1 555 0100",
                "category_id": [(6, 0, tags.ids)],
                "child_ids": [(0, 0, {"name": "Mother", "type": "contact"})],
            }
        )
        child = prior.child_ids
        alias = self._create_identifier(self.npi, "1234567893", prior)
        note = prior.message_post(body="Called twice")
        before = {record: self._row(record) for record in (prior, self.partner, alias)}
        self._merge(self.partner, prior)
        self.assertEqual(self.partner.phone, "+1 555 0100")
        self.assertEqual(child.parent_id, self.partner)
        self.assertEqual(note.res_id, self.partner.id)
        merge = self.merges._open_of(prior)
        self.assertTrue(merge.removed)
        self.assertFalse(merge.merged_ref)
        merge._unmerge("Father and son")
        self.assertTrue(prior.exists())
        for record, row in before.items():
            self.assertEqual(self._row(record), row)
        self.assertEqual(prior.category_id, tags)
        self.assertEqual(self.partner.category_id, tags[0])
        self.assertEqual(child.parent_id, prior)
        self.assertEqual(note.res_id, prior.id)
        self.assertEqual(merge.merged_ref, prior)
        self.assertEqual(merge.state, "undone")

    def test_unmerge_says_what_it_cannot_restore(self):
        industry = self.env["res.partner.industry"].create({"name": "Gone"})
        prior = self.env["res.partner"].create(
            {
                "name": "A. Careful",
                "phone": "1",
                "industry_id": industry.id,
                "image_1920": PICTURE,
                "child_ids": [(0, 0, {"name": "Mother", "type": "contact"})],
            }
        )
        child = prior.child_ids
        self._merge(self.partner, prior)
        merge = self.merges._open_of(prior)
        child.parent_id = False
        self.partner.phone = "2"
        self.partner.industry_id = False
        industry.unlink()
        merge._unmerge("Father and son")
        report = merge.restore_report
        self.assertIn("picture", report)
        self.assertIn("Industry: removed since", report)
        self.assertIn("res_partner.parent_id: 1 of 1 rows", report)
        self.assertRegex(report, f"res.partner {self.partner.id} was changed.*phone")
        self.assertEqual((prior.phone, self.partner.phone), ("1", "2"))
        self.assertFalse(prior.industry_id)

    def test_of_several_each_takes_back_what_it_gave(self):
        first = self.env["res.partner"].create({"name": "First", "phone": "1"})
        second = self.env["res.partner"].create({"name": "Second", "ref": "2"})
        self._merge(self.partner, first, second)
        self.assertEqual((self.partner.phone, self.partner.ref), ("1", "2"))
        self.merges._open_of(second)._unmerge("Not the same")
        self.assertEqual((self.partner.phone, self.partner.ref), ("1", False))
        self.merges._open_of(first)._unmerge("Not the same")
        self.assertEqual((self.partner.phone, self.partner.ref), (False, False))

    def test_after_a_merge_by_message(self):
        """The identifiers moved when the message came, a steward does the rest."""
        prior = self.env["res.partner"].create({"name": "A. Careful"})
        alias = self._create_identifier(self.npi, "1234567893", prior)
        merge = self.merges._merge(self.partner, prior)
        with self.assertRaisesRegex(UserError, "other way round"):
            self._merge(prior, self.partner)
        self._merge(self.partner, prior)
        self.assertEqual(self.merges._survivor(prior), self.partner)
        merge._unmerge("Father and son")
        self.assertEqual(alias.partner_id, prior.exists())
        self.assertEqual(self.merges.search_count([("merged_id", "=", prior.id)]), 1)

    def test_whoever_may_merge_contacts_need_not_be_a_steward(self):
        prior = self.env["res.partner"].create({"name": "A. Careful"})
        alias = self._create_identifier(self.npi, "1234567893", prior)
        clerk = self._create_user("base.group_partner_manager")
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(clerk)
        wizard._merge((self.partner | prior).ids, self.partner.with_user(clerk))
        self.assertEqual(alias.partner_id, self.partner)
        self.assertEqual(self.merges._open_of(prior).merged_by_id, clerk)
