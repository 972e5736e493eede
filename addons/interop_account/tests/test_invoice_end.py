"""``invoice.paid`` and ``invoice.cancelled``: sent once, in time, with the reason."""

import json

from odoo import Command
from odoo.tests import tagged

from odoo.addons.interop_base.tests.common import InteropMixin

from .account_common import AccountCase


@tagged("post_install", "-at_install")
class TestInvoiceEnd(InteropMixin, AccountCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        find = cls.env["interop.contract"]._find
        cls.contracts = (
            find("invoice.posted") | find("invoice.paid") | find("invoice.cancelled")
        )
        cls.interface = cls._create_interface(
            system_id=cls._create_system().id,
            contract_ids=[Command.set(cls.contracts.ids)],
            data_class="patient_adjacent",
            transport=False,
            activate=False,
        )
        cls.interface._transition({"state": "active"})
        cls.env.registry.clear_cache()

    def _invoice(self, price=100.0, move_type="out_invoice", **values):
        invoice = self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": self.partner_a.id,
                "invoice_date": "2026-03-01",
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Consultation", "price_unit": price, "tax_ids": []}
                    )
                ],
                **values,
            }
        )
        invoice.action_post()
        return invoice

    def _pay(self, invoices, **values):
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoices.ids
        )
        return wizard.create(
            {"payment_date": "2026-03-28", **values}
        )._create_payments()

    def _sent(self, *records):
        """Return ``[(type, data)]`` of the messages about the records, in order."""
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        ids = [record.id for record in records]
        messages = self.env["interop.message"].search(
            [("res_model", "=", "account.move"), ("res_id", "in", ids)],
            order="sequence",
        )
        self.assertEqual(set(messages.mapped("state")), {"pending"})
        envelopes = [json.loads(message._payload_bytes()) for message in messages]
        return [(item["type"], item["data"]) for item in envelopes]

    def _types(self, *records):
        return [message_type for message_type, _data in self._sent(*records)]

    def test_b7_posted_is_not_sent_again_after_cancelled(self):
        """A retry of the older message would open the invoice at the receiver again."""
        invoice = self._invoice()
        self._types(invoice)
        posted = self._message_of(invoice).sudo()
        posted._set_dead("connect", "refused", "No connection")
        invoice.button_draft()
        invoice.button_cancel()
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        newest = self._message_of(invoice).sorted("id")[-1]
        self.assertEqual(newest.contract_id.message_type, "invoice.cancelled")
        posted._set_pending()
        self.assertEqual((posted.state, posted.superseded_by_id), ("skipped", newest))

    def test_b7_paid_does_not_replace_posted(self):
        invoice = self._invoice()
        self._types(invoice)
        posted = self._message_of(invoice).sudo()
        posted._set_dead("connect", "refused", "No connection")
        self._pay(invoice)
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        self.assertEqual(len(self._message_of(invoice)), 2)
        posted._set_pending()
        self.assertEqual(posted.state, "pending")

    def test_paid_in_full(self):
        invoice = self._invoice()
        self._pay(invoice)
        (_posted, (message_type, data)) = self._sent(invoice)
        self.assertEqual(message_type, "invoice.paid")
        self.assertEqual(data["number"], invoice.name)
        self.assertEqual(data["state"], invoice.payment_state)
        self.assertEqual(data["residual"], "0.00")
        self.assertEqual(data["total"], "100.00")
        self.assertEqual(data["settled_on"], "2026-03-28")
        self.assertEqual(len(data["lines"]), 1)

    def test_partial_payments_are_published_with_the_last(self):
        invoice = self._invoice()
        self._pay(invoice, amount=40)
        self.assertEqual(self._types(invoice), ["invoice.posted"])
        self._pay(invoice)
        self.assertEqual(self._types(invoice), ["invoice.posted", "invoice.paid"])

    def test_in_payment_first_then_paid(self):
        model = type(self.env["account.move"])
        self.patch(model, "_get_invoice_in_payment_state", lambda move: "in_payment")
        invoice = self._invoice()
        payment = self._pay(invoice)
        states = [data["state"] for _type, data in self._sent(invoice)]
        self.assertEqual(states, ["posted", "in_payment"])
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": payment.journal_id.id,
                "date": "2026-03-30",
                "amount": 100.0,
                "payment_ref": invoice.name,
            }
        )
        _liquidity, suspense, _other = line._seek_for_lines()
        outstanding = payment._seek_for_lines()[0]
        suspense.account_id = outstanding.account_id
        (suspense + outstanding).reconcile()
        invoice._invoice_paid_hook()  # enterprise calls it when the bank has confirmed
        states = [data["state"] for _type, data in self._sent(invoice)]
        self.assertEqual(states, ["posted", "in_payment", "paid"])

    def test_free_of_charge_is_posted_then_paid(self):
        invoice = self._invoice(price=0.0)
        self.assertEqual(self._types(invoice), ["invoice.posted", "invoice.paid"])

    def test_several_paid_together(self):
        invoices = self.env["account.move"]
        for _number in range(3):
            invoices |= self._invoice()
        self._pay(invoices, group_payment=True)
        self.assertEqual(self._types(*invoices).count("invoice.paid"), 3)

    def test_cancelled(self):
        invoice = self._invoice()
        self._sent(invoice)
        invoice.button_cancel()
        (message_type, data) = self._sent(invoice)[-1]
        self.assertEqual(message_type, "invoice.cancelled")
        self.assertEqual((data["state"], data["reason"]), ("cancelled", "cancelled"))
        self.assertEqual(data["number"], invoice.name)

    def test_reset_to_draft_then_cancelled(self):
        invoice = self._invoice()
        self._sent(invoice)
        invoice.button_draft()
        self.assertEqual(self._types(invoice), ["invoice.posted"])
        invoice.button_cancel()
        self.assertEqual(self._types(invoice), ["invoice.posted", "invoice.cancelled"])

    def test_a_draft_never_posted_is_cancelled_without_a_message(self):
        invoice = self._invoice().copy()
        invoice.button_cancel()
        self.assertEqual(invoice.state, "cancel")
        self.assertFalse(self._found(invoice))

    def _found(self, invoice):
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        return self._message_of(invoice)

    def test_taken_back_by_a_credit_note(self):
        invoice = self._invoice()
        credit_note = invoice._reverse_moves(
            [{"invoice_date": "2026-03-04"}], cancel=True
        )
        self.assertEqual(invoice.payment_state, "reversed")
        sent = self._sent(invoice)
        self.assertEqual(
            [message_type for message_type, _data in sent],
            ["invoice.posted", "invoice.cancelled"],
        )
        self.assertEqual(sent[-1][1]["reason"], "reversed")
        self.assertEqual(sent[-1][1]["reversed_by"], [credit_note.name])
        types = self._types(credit_note)
        self.assertEqual(types, ["invoice.posted", "invoice.paid"])

    def test_taken_back_in_part_is_not_cancelled(self):
        invoice = self._invoice()
        credit_note = invoice._reverse_moves([{"invoice_date": "2026-03-04"}])
        credit_note.invoice_line_ids.price_unit = 30
        credit_note.action_post()
        lines = (invoice | credit_note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        lines.reconcile()
        self.assertEqual(self._types(invoice), ["invoice.posted"])

    def test_vendor_bills_and_entries_stay_here(self):
        bill = self._invoice(move_type="in_invoice")
        self._pay(bill)
        other = self._invoice(move_type="in_invoice")
        other.button_cancel()
        self.assertFalse(self._found(bill) | self._found(other))

    def test_a_rolled_back_cancellation_is_not_published(self):
        invoice = self._invoice()
        self._sent(invoice)
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            invoice.button_cancel()
            raise ZeroDivisionError
        self.assertEqual(self._types(invoice), ["invoice.posted"])
