"""Charges become lines of draft invoices, once."""

import json
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base.exceptions import TechnicalError

from .charge_common import ChargeCase


@tagged("post_install", "-at_install")
class TestChargePosted(ChargeCase):
    def test_a_line_of_the_accounts_draft_invoice_priced_and_taxed_by_odoo(self):
        provider = self.partner_b
        self._identify(provider, self.accounts, "DR-1")
        plan = self.env["account.analytic.plan"].create({"name": "Wards"})
        ward = self.env["account.analytic.account"].create(
            {"name": "Ward", "code": "W3", "plan_id": plan.id}
        )
        line = self._line(
            self._post(
                provider={"system": self.accounts.uri, "value": "DR-1"},
                cost_center="W3",
            )
        )
        move = line.move_id
        self.assertEqual((move.move_type, move.state), ("out_invoice", "draft"))
        self.assertEqual(
            (move.partner_id, move.company_id), (self.partner_a, self.facility)
        )
        self.assertEqual(
            (line.product_id, line.quantity, line.price_unit),
            (self.product_a, 2, self.product_a.lst_price),
        )
        self.assertEqual(
            line.tax_ids,
            self.product_a.taxes_id.filtered(
                lambda tax: tax.company_id == self.facility
            ),
        )
        self.assertEqual(line.interop_service_date.isoformat(), "2026-01-31")
        self.assertEqual(line.interop_provider_id, provider)
        self.assertEqual(line.analytic_distribution, {str(ward.id): 100})
        self.assertEqual(move.create_uid, self.client.user_id)
        other = self._line(self._post("CH-2", quantity="0.5"))
        self.assertEqual(other.move_id, move)
        self.assertEqual(other.quantity, 0.5)
        move.action_post()
        self.assertEqual(move.state, "posted")

    def test_a_number_is_billed_once(self):
        line = self._line(self._post())
        again = self._post()
        self.assertEqual(again.state, "skipped")
        self.assertEqual(line.move_id.invoice_line_ids, line)
        for data in ({"quantity": "3"}, {"service_date": "2026-02-01"}):
            self._failed(self._post(**data), "dead", "charge_differs")
        self.assertEqual(line.move_id.invoice_line_ids, line)

    def test_quantities_that_odoo_would_round_are_refused(self):
        """Case 18."""
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        self.assertEqual(digits, 2)
        for quantity in ("0.001", "0.125", "1.005", "2.000001"):
            message = self._post(quantity=quantity)
            self._failed(message, "dead", "quantity_precision")
        self.assertFalse(
            self.env["account.move"].search([("interop_charge", "=", True)])
        )
        line = self._line(self._post(quantity="0.12"))
        self.assertEqual(line.quantity, 0.12)
        self.assertEqual(self._post(quantity="0.120000").state, "skipped")

    def test_a_known_number_for_something_else_is_refused(self):
        """Case 19: another account, currency, unit, provider or cost center."""
        self.setup_other_currency("EUR", rates=[("2026-01-01", 2)])
        self._identify(self.partner_b, self.accounts, "ACC-2")
        dozen = self.env.ref("uom.product_uom_dozen")
        plan = self.env["account.analytic.plan"].create({"name": "Wards"})
        self.env["account.analytic.account"].create(
            [{"name": code, "code": code, "plan_id": plan.id} for code in ("W1", "W2")]
        )
        other = {"system": self.accounts.uri, "value": "ACC-2"}
        line = self._line(self._post(cost_center="W1"))
        for member, value in (
            ("account", {"identifiers": [other]}),
            ("currency", "EUR"),
            ("unit", dozen.name),
            ("provider", other),
            ("cost_center", "W2"),
            ("quantity", "3"),
            ("service_date", "2026-02-01"),
        ):
            message = self._post(**{member: value})
            self._failed(message, "dead", "charge_differs")
            self.assertIn(f": {member}.", message.error_message)
        self.assertEqual(line.move_id.invoice_line_ids, line)
        company = self.facility.currency_id.name
        unit = self.product_a.uom_id.name
        self.assertEqual(self._post(currency=company, unit=unit).state, "skipped")

    def test_expected_prices_are_compared_exactly(self):
        """A difference below the digits of the currency counts."""
        self.product_a.list_price = 350
        message = self._post(unit_price="350.004")
        self.assertEqual(message.state, "done")
        self.assertIn("ignored", str(message.field_report))

    def test_after_posting_a_new_draft_is_opened(self):
        first = self._line(self._post()).move_id
        first.action_post()
        second = self._line(self._post("CH-2")).move_id
        self.assertNotEqual(first, second)
        self.assertEqual(second.state, "draft")
        second.button_cancel()
        self.assertNotEqual(self._line(self._post("CH-3")).move_id, second)

    def test_an_invoice_typed_in_by_a_person_is_left_alone(self):
        mine = self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": self.partner_a.id}
        )
        self.assertNotEqual(self._line(self._post()).move_id, mine)

    def test_products_by_the_senders_number(self):
        self._identify(self.product_b, self.items, "I-77")
        code = {"system": self.items.uri, "code": "I-77"}
        self.assertEqual(self._line(self._post(code=code)).product_id, self.product_b)
        unknown = self._post("CH-2", code={**code, "code": "I-78"})
        self._failed(unknown, "parked", "unknown_identifier")

    def test_unknown_records_park_the_message_and_can_be_retried(self):
        message = self._post(code={"code": "NEW"})
        self._failed(message, "parked", "unknown_identifier")
        self.assertFalse(
            self.env["account.move"].search([("interop_charge", "=", True)])
        )
        self.product_b.default_code = "NEW"
        message._set_pending()
        message._apply_now()
        self.assertEqual(self._line(message).product_id, self.product_b)
        other = {"identifiers": [{"system": self.accounts.uri, "value": "NOPE"}]}
        self._failed(self._post("CH-2", account=other), "parked", "unknown_identifier")
        provider = {"system": self.accounts.uri, "value": "NOPE"}
        for data in ({"unit": "Parsec"}, {"cost_center": "X"}, {"provider": provider}):
            self._failed(self._post("CH-3", **data), "parked", "unknown_identifier")

    def test_two_products_with_one_code_park_the_message(self):
        self.product_b.default_code = "ROOM"
        self._failed(self._post(), "parked", "possible_duplicate")

    def test_units_are_those_of_the_product(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        line = self._line(self._post(unit=dozen.name))
        self.assertEqual(line.product_uom_id, dozen)
        self.assertAlmostEqual(line.price_unit, 12 * self.product_a.lst_price)
        hour = self.env.ref("uom.product_uom_hour")
        self._failed(self._post("CH-2", unit=hour.name), "parked", "unknown_identifier")

    def test_each_currency_has_a_separate_invoice(self):
        currency = self.setup_other_currency("EUR", rates=[("2026-01-01", 2)])
        self.assertNotEqual(currency, self.facility.currency_id)
        plain = self._line(self._post()).move_id
        other = self._line(self._post("CH-2", currency="EUR")).move_id
        self.assertEqual(other.currency_id, currency)
        self.assertNotEqual(plain, other)
        self._failed(self._post("CH-3", currency="QQQ"), "dead", "unknown_currency")

    def test_the_price_is_odoos_and_the_sender_learns_where_it_differs(self):
        price = self.product_a.lst_price
        same = self._post(unit_price=str(price))
        self.assertEqual(same._answer_fields()[0]["outcome"], "unchanged")
        message = self._post("CH-2", unit_price="1.00")
        self.assertEqual(self._line(message).price_unit, price)
        (entry,) = message._answer_fields()
        self.assertEqual(
            (entry["field"], entry["outcome"], entry["reason"]),
            ("price_unit", "ignored", "not_owner"),
        )
        self.assertTrue(message.has_field_notes)

    def test_opened_elsewhere_at_the_same_moment_is_tried_again(self):
        key = self._line(self._post()).move_id.interop_charge_key
        moves = self.env["account.move"]
        with (
            patch.object(type(moves), "search", lambda *args, **kwargs: moves),
            mute_logger("odoo.sql_db"),
            self.assertRaises(TechnicalError) as caught,
        ):
            moves._interop_collecting(key, {"move_type": "out_invoice"})
        self.assertEqual(caught.exception.code, "busy")

    def test_examples_fit_their_contracts(self):
        for contract in self.posted | self.reversed:
            self.assertTrue(contract.example_ids)
            self.assertEqual(contract.state, "published")
            for example in contract.example_ids:
                self.assertFalse(contract._violations(json.loads(example.body)))
        for quantity in ("0", "-1", "0.0", "1e3", ""):
            self.assertTrue(self.posted._violations(self._charge(quantity=quantity)))
