"""Odoo's own merge of contacts."""

from odoo.tests import tagged

from .common import IdentifierCase


@tagged("post_install", "-at_install")
class TestPartnerMerge(IdentifierCase):
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
