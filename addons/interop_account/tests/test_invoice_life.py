"""Messages cover each state of an invoice, in exact decimals whose sums agree."""

import itertools
import json
from decimal import Decimal

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.interop_base.tests.common import InteropMixin

from .account_common import AccountCase


class LifeCase(InteropMixin, AccountCase):
    """One interface with all contracts about invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        find = cls.env["interop.contract"]._find
        kinds = ("posted", "reopened", "paid", "cancelled")
        cls.contracts = cls.env["interop.contract"].union(
            *(find(f"invoice.{kind}") for kind in kinds)
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

    def _invoice(self, prices=(100.0,), post=True, taxes=None, **values):
        lines = [
            Command.create(
                {
                    "name": "Consultation",
                    "price_unit": price,
                    "tax_ids": [Command.set(taxes.ids if taxes else [])],
                }
            )
            for price in prices
        ]
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner_a.id,
                "invoice_date": "2026-03-01",
                "invoice_line_ids": lines,
                **values,
            }
        )
        if post:
            invoice.action_post()
        return invoice

    def _sent(self, *record_ids):
        """Return the messages about the records, in order; each fits its contract."""
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        messages = self.env["interop.message"].search(
            [("res_model", "=", "account.move"), ("res_id", "in", record_ids)],
            order="sequence",
        )
        self.assertEqual(
            set(messages.mapped("state")), {"pending"}, messages.mapped("error_message")
        )
        return [json.loads(message._payload_bytes()) for message in messages]

    def _told(self, *record_ids):
        """Return ``[(type, number)]`` of the messages."""
        return [
            (item["type"].removeprefix("invoice."), item["data"]["number"])
            for item in self._sent(*record_ids)
        ]


@tagged("post_install", "-at_install")
class TestInvoiceLife(LifeCase):
    """Case 20."""

    def test_reopened_and_posted_again_under_another_number(self):
        invoice = self._invoice()
        old = invoice.name
        self._commit()
        invoice.button_draft()
        self._commit()
        invoice.name = "OTHER/2026/00077"
        invoice.action_post()
        self.assertEqual(invoice.name, "OTHER/2026/00077")
        sent = self._sent(invoice.id)
        told = [(item["type"], item["data"]["number"]) for item in sent]
        self.assertEqual(
            told,
            [
                ("invoice.posted", old),
                ("invoice.reopened", old),
                ("invoice.posted", "OTHER/2026/00077"),
            ],
        )
        self.assertNotIn("replaces", sent[0]["data"])
        self.assertEqual(sent[2]["data"]["replaces"], old)
        keys = {item["ordering_key"] for item in sent}
        self.assertEqual(keys, {old}, "one document stays in order")

    def test_all_of_it_in_one_transaction(self):
        invoice = self._invoice()
        old = invoice.name
        self._commit()
        invoice.button_draft()
        invoice.name = "OTHER/2026/00077"
        invoice.action_post()
        told = self._told(invoice.id)
        self.assertEqual(told[1:], [("reopened", old), ("posted", "OTHER/2026/00077")])

    def test_posted_again_under_the_same_number(self):
        invoice = self._invoice()
        invoice.button_draft()
        invoice.action_post()
        posted = self._sent(invoice.id)[-1]
        self.assertEqual(posted["data"]["replaces"], posted["data"]["number"])

    def test_deleted_and_its_number_given_to_another_payer(self):
        first = self._invoice()
        number = first.name
        self._commit()
        first.button_draft()
        self._commit()
        first_id = first.id
        first.unlink()
        second = self._invoice(partner_id=self.partner_b.id, post=False)
        second.name = number
        second.action_post()
        sent = self._sent(first_id, second.id)
        told = [(item["type"], item["data"]["number"]) for item in sent]
        self.assertEqual(
            told,
            [
                ("invoice.posted", number),
                ("invoice.reopened", number),
                ("invoice.cancelled", number),
                ("invoice.posted", number),
            ],
        )
        self.assertEqual(sent[2]["data"]["reason"], "deleted")
        self.assertEqual({item["ordering_key"] for item in sent}, {number})

    def test_cancelled_at_once_is_not_reopened(self):
        invoice = self._invoice()
        number = invoice.name
        self._commit()
        invoice.button_cancel()
        self.assertEqual(
            self._told(invoice.id), [("posted", number), ("cancelled", number)]
        )

    def test_cancelled_after_it_was_reopened_and_renamed(self):
        invoice = self._invoice()
        number = invoice.name
        invoice.button_draft()
        self._commit()
        invoice.name = "OTHER/2026/00001"
        invoice.button_cancel()
        self.assertEqual(self._told(invoice.id)[-1], ("cancelled", number))

    def test_a_document_never_posted_is_not_published(self):
        invoice = self._invoice(post=False)
        invoice_id = invoice.id
        invoice.button_cancel()
        invoice.button_draft()
        invoice.unlink()
        self.assertFalse(self._sent_or_none(invoice_id))

    def _sent_or_none(self, record_id):
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        return self.env["interop.message"].search([("res_id", "=", record_id)])

    def test_a_rolled_back_reopening_is_not_published(self):
        invoice = self._invoice()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            invoice.button_draft()
            raise ZeroDivisionError
        self.assertEqual(len(self._told(invoice.id)), 1)

    def test_receivers_of_version_1_go_on(self):
        find = self.env["interop.contract"]._find
        self.interface._transition({"state": "draft"})
        self.interface.contract_ids = find("invoice.posted", 1) | find(
            "invoice.cancelled", 1
        )
        self.interface._transition({"state": "active"})
        self.env.registry.clear_cache()
        invoice = self._invoice()
        number, invoice_id = invoice.name, invoice.id
        self._commit()
        invoice.button_draft()
        invoice.unlink()
        posted, cancelled = self._sent(invoice_id)
        self.assertNotIn("rounding", posted["data"])
        self.assertEqual(posted["schema_version"], 1)
        self.assertEqual(cancelled["data"]["reason"], "cancelled")
        self.assertEqual(cancelled["data"]["number"], number)

    def test_only_the_system_writes_withdrawn_numbers(self):
        invoice = self._invoice()
        invoice.button_draft()
        self.assertTrue(invoice.interop_number_ids)
        numbers = self.env["interop.invoice.number"]
        with self.assertRaises(AccessError):
            numbers.create({"move_id": invoice.id, "number": "FORGED"})
        with self.assertRaises(AccessError):
            invoice.interop_number_ids.write({"number": "FORGED"})
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            "clerk-elsewhere",
            groups="account.group_account_invoice",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(numbers.with_user(user).search([("move_id", "=", invoice.id)]))


@tagged("post_install", "-at_install")
class TestInvoiceAmounts(LifeCase):
    """Cases 21 and 22."""

    def _currency(self, decimals):
        name = {0: "JPY", 2: "EUR", 3: "KWD"}[decimals]
        currency = self.env["res.currency"].with_context(active_test=False)
        found = currency.search([("name", "=", name)])
        found.write({"active": True, "rounding": 10**-decimals})
        return found

    def test_unit_prices_have_no_noise(self):
        """Case 21: a price in KWD that Odoo computed."""
        price = 39.483000000000004
        invoice = self._invoice([price, 0.1 + 0.2], currency_id=self._currency(3).id)
        (posted,) = self._sent(invoice.id)
        prices = [line["unit_price"] for line in posted["data"]["lines"]]
        self.assertEqual(prices, ["39.483", "0.3"])
        self.assertEqual(posted["data"]["lines"][0]["net"], "39.483")

    def test_sums_agree_or_the_rounding_is_named(self):
        """Case 22: 0, 2 and 3 decimals, both rounding methods, prices with and without
        taxes."""
        rounded = 0
        for decimals, method, included in itertools.product(
            (0, 2, 3), ("round_per_line", "round_globally"), (False, True)
        ):
            with self.subTest(decimals=decimals, method=method, included=included):
                self.facility.tax_calculation_rounding_method = method
                tax = self.env["account.tax"].create(
                    {
                        "name": f"{decimals} {method} {included}",
                        "amount": 0.87,
                        "price_include_override": "tax_included"
                        if included
                        else "tax_excluded",
                    }
                )
                invoice = self._invoice(
                    [9.99 * 10 ** (2 - decimals)] * 3,
                    taxes=tax,
                    currency_id=self._currency(decimals).id,
                )
                (posted,) = self._sent(invoice.id)
                data = posted["data"]
                for name in ("net", "tax", "total"):
                    of_lines = sum(Decimal(line[name]) for line in data["lines"])
                    rest = Decimal(data["rounding"][name])
                    self.assertEqual(of_lines + rest, Decimal(data[name]), name)
                    rounded += bool(rest)
                self.assertEqual(
                    Decimal(data["net"]) + Decimal(data["tax"]), Decimal(data["total"])
                )
                said = {line["unit_price_includes_tax"] for line in data["lines"]}
                self.assertEqual(said, {included})
                if method == "round_per_line" and not included:
                    self.assertFalse(Decimal(data["rounding"]["tax"]))
        self.assertTrue(rounded, "a rounding difference was among them")

    def test_cash_rounding_is_named(self):
        """Case 22: cash rounding is in no line."""
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "Five cents",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
                "rounding_method": "HALF-UP",
            }
        )
        invoice = self._invoice([9.99], invoice_cash_rounding_id=rounding.id)
        (posted,) = self._sent(invoice.id)
        data = posted["data"]
        self.assertEqual((data["lines"][0]["total"], data["total"]), ("9.99", "10.00"))
        self.assertEqual(data["rounding"]["total"], "0.01")
