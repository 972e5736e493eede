"""Reversed charges, and access to documents that charges created."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .charge_common import ChargeCase


@tagged("post_install", "-at_install")
class TestChargeReversed(ChargeCase):
    def test_out_of_a_draft(self):
        line = self._line(self._post())
        move = line.move_id
        self._line(self._post("CH-2"))
        message = self._reverse()
        self.assertEqual((message.state, message.res_id), ("done", move.id))
        self.assertFalse(line.exists())
        self.assertEqual(len(move.invoice_line_ids), 1)
        self.assertEqual(self._reverse().state, "skipped")
        self.assertEqual(self._post().state, "skipped", "a reversed number stays used")

    def test_a_line_that_a_person_removed_is_on_record(self):
        line = self._line(self._post())
        move = line.move_id
        clerk = self._create_user("account.group_account_invoice")
        line.with_user(clerk).unlink()
        row = self.env["interop.identifier"].search(
            [("namespace_id", "=", self.charges.id)]
        )
        self.assertEqual((row.state, row.record_ref), ("retired", move))
        self.assertIn("removed from its draft", row.state_reason)
        self.assertEqual(self._reverse().state, "skipped")
        with self.assertRaisesRegex(UserError, "Cancel it"):
            move.with_user(clerk).unlink()

    def test_by_a_draft_credit_note_where_the_invoice_was_posted(self):
        line = self._line(self._post())
        other = self._line(self._post("CH-2", quantity="1"))
        line.move_id.action_post()
        self.product_a.list_price = 999
        credit = self._line(self._reverse())
        note = credit.move_id
        self.assertEqual((note.move_type, note.state), ("out_refund", "draft"))
        self.assertEqual(note.reversed_entry_id, line.move_id)
        self.assertEqual(
            (credit.quantity, credit.price_unit, credit.tax_ids, credit.price_total),
            (line.quantity, line.price_unit, line.tax_ids, line.price_total),
        )
        self.assertEqual(line.interop_reversal_line_id, credit)
        self.assertEqual(self._reverse().state, "skipped")
        self.assertEqual(self._line(self._reverse("CH-2")).move_id, note)
        note.action_post()
        self.assertEqual(other.move_id.state, "posted")
        self.assertEqual(self._post().state, "skipped", "a reversed number stays used")

    def test_of_a_cancelled_invoice_there_is_nothing_to_take_back(self):
        line = self._line(self._post())
        line.move_id.button_cancel()
        self.assertEqual(self._reverse().state, "skipped")

    def test_before_its_charge_it_waits_and_is_woken_by_it(self):
        early = self._reverse()
        self._failed(early, "parked", "charge_unknown")
        self.assertIn("not arrived yet", early.error_message)
        line = self._line(self._post())
        self.assertEqual(early.state, "pending")
        early._apply_now()
        self.assertEqual(early.state, "done")
        self.assertFalse(line.exists())

    def test_only_the_system_that_posted_takes_back(self):
        line = self._line(self._post())
        other = self._create_system(company_ids=[(6, 0, self.facility.ids)])
        interface = self._charges(other)
        client = self._create_client(
            system_id=other.id, interface_ids=[(6, 0, interface.ids)]
        )
        message = self._reverse(client=client)
        self.assertEqual(
            (message.state, message.error_code), ("dead", "charge_not_owned")
        )
        self.assertTrue(line.exists())

    def test_a_charge_of_another_facility_is_out_of_reach(self):
        line = self._line(self._post())
        theirs = self.other_facility
        self.client.user_id.sudo().company_ids |= theirs
        message = self._take(
            self.reversed,
            {"identifiers": [{"system": self.charges.uri, "value": "CH-1"}]},
            company=theirs,
        )
        self.assertEqual(message.state, "dead")
        self.assertEqual(message.error_class, "ownership")
        self.assertTrue(line.exists())


@tagged("post_install", "-at_install")
class TestChargeAccess(ChargeCase):
    def test_the_service_user_sees_and_changes_only_documents_of_charges(self):
        line = self._line(self._post())
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner_a.id,
                "invoice_line_ids": [Command.create({"product_id": self.product_a.id})],
            }
        )
        user = self.client.user_id
        self.assertTrue(line.with_user(user).has_access("write"))
        self.assertTrue(line.move_id.with_user(user).has_access("read"))
        for operation in ("read", "write"):
            for record in (invoice, invoice.invoice_line_ids):
                with self.assertRaises(AccessError):
                    record.with_user(user).check_access(operation)
        self.assertFalse(line.move_id.with_user(user).has_access("unlink"))
        for model in ("account.payment", "account.journal", "account.account"):
            self.assertFalse(self.env[model].with_user(user).has_access("write"))

    def test_accounts_of_another_facility_are_not_billed(self):
        self.partner_a.company_id = self.other_facility
        message = self._post()
        self.assertEqual(
            (message.state, message.error_code), ("dead", "not_this_facility")
        )
