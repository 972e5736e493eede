"""Merges of contacts with posted entries: only identifiers move."""

from odoo.tests import tagged

from .charge_common import ChargeCase


@tagged("post_install", "-at_install")
class TestPostedEntries(ChargeCase):
    def test_identifiers_move_and_entries_stay_with_their_contact(self):
        """Until a user merges the two with Odoo's own tools."""
        survivor, prior = self.partner_b, self.partner_a
        invoice = self.init_invoice(
            "out_invoice", partner=prior, amounts=[100], post=True
        )
        lines = invoice.line_ids.mapped("partner_id")
        merges = self.env["interop.identifier.merge"]
        merge = merges._merge(survivor, prior, reason="Registered twice")
        self.env.invalidate_all()
        self.assertEqual(self._holder(), survivor)
        self.assertTrue(prior.exists().active)
        self.assertEqual((invoice.partner_id, invoice.state), (prior, "posted"))
        self.assertEqual(invoice.line_ids.mapped("partner_id"), lines)
        merge._unmerge("Two brothers")
        self.assertEqual(self._holder(), prior)
        self.assertEqual(invoice.partner_id, prior)

    def _holder(self):
        wire = {"system": self.accounts.uri, "value": "ACC-1"}
        return self.env["interop.identifier"]._resolve([wire], self.facility)
