"""A mapping refuses amounts that the currency would round."""

from types import SimpleNamespace

from odoo.tests import tagged

from odoo.addons.interop_base.exceptions import BusinessError
from odoo.addons.interop_base.tests.common import InteropMixin

from .account_common import AccountCase


@tagged("post_install", "-at_install")
class TestMappedAmounts(InteropMixin, AccountCase):
    def setUp(self):
        super().setUp()
        field = self.env["account.payment"]._fields["amount"]
        line = SimpleNamespace(
            path="paid", display_name="paid", _field_chain=lambda: [field]
        )
        self.mapping = SimpleNamespace(
            model_id=SimpleNamespace(model="account.payment"),
            line_ids=SimpleNamespace(filtered=lambda _condition: [line]),
        )
        self.handler = self.env["interop.handler.mapping"]

    def _currency(self, name, rounding):
        found = self.env["res.currency"].with_context(active_test=False)
        currency = found.search([("name", "=", name)])
        currency.write({"active": True, "rounding": rounding})
        return currency

    def _check(self, amount, currency, record=None):
        values = {"amount": amount}
        if not record:
            values["currency_id"] = currency.id
        self.handler._check_amounts(self.mapping, record, values)

    def test_currencies_with_0_2_and_3_decimals(self):
        """Cases 18 and 21, their kind: Odoo would round without an error."""
        for name, rounding, good, bad in (
            ("JPY", 1, 1200.0, 1200.5),
            ("EUR", 0.01, 19.99, 19.995),
            ("KWD", 0.001, 39.483, 39.4835),
            ("CHF", 0.05, 19.95, 19.99),
        ):
            currency = self._currency(name, rounding)
            self._check(good, currency)
            with self.assertRaises(BusinessError) as refused:
                self._check(bad, currency)
            self.assertEqual(refused.exception.pointer, "/data/paid")
            self.assertNotIn(str(bad), str(refused.exception))

    def test_the_currency_of_the_record_counts(self):
        payment = self.env["account.payment"].create(
            {
                "partner_id": self.partner_a.id,
                "amount": 10,
                "currency_id": self._currency("KWD", 0.001).id,
            }
        )
        self._check(1.234, None, payment)
        with self.assertRaises(BusinessError):
            self._check(1.2345, None, payment)
