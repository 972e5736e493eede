"""Use of the whole suite in a real browser against a real receiver."""

import json

from standardwebhooks import Webhook

from odoo import Command
from odoo.tests import HttpCase, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .common import InlinePumpMixin


@tagged("post_install", "-at_install")
class TestFirstMessageTour(InlinePumpMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_interop()

    def test_administrator_sets_up_everything_and_sends_a_test_message(self):
        self._create_named_user("interop_admin", "admin")
        receiver = self._start_receiver()
        self.start_tour(
            "/odoo",
            "test_interop_first_message",
            login="interop_admin",
            cookies={"interop_receiver": receiver.url},
        )
        endpoint = self.env["interop.endpoint"].search([("code", "=", "tour-endpoint")])
        self.assertEqual(endpoint.url, receiver.url)
        self.assertEqual(endpoint.interface_ids.code, "tour-interface")
        self.assertEqual(endpoint.interface_ids.state, "draft")
        (request,) = receiver.requests
        # An independent implementation accepts the signature.
        secret = endpoint.secret_ids._get_value()
        body = Webhook(secret).verify(request.body, dict(request.headers))
        self.assertEqual(body["type"], "interop.test")
        message = self.env["interop.message"].search([("test", "=", True)])
        self.assertEqual(message.state, "done")
        self.assertEqual(message.external_id, request.header("webhook-id"))


@tagged("post_install", "-at_install")
class TestFailedMessageTour(InlinePumpMixin, AccountTestInvoicingCommon, HttpCase):
    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref(
            "interop_base.interop_base_group_admin"
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_interop()
        cls.facility = cls.company_data["company"]

    def test_billing_clerk_retries_an_invoice_that_was_refused(self):
        clerk = self._create_named_user(
            "billing_clerk", "user", "account.group_account_invoice"
        )
        receiver = self._start_receiver(422)
        contract = self.env.ref("interop_account.interop_contract_invoice_posted")
        self._create_flow(
            receiver,
            interface={
                "contract_ids": [Command.set(contract.ids)],
                "data_class": contract.data_class,
                "exception_user_id": clerk.id,
            },
        )
        invoice = self._post_invoice()
        message = self._message_of(invoice)
        self.assertEqual((message.state, message.error_kind), ("dead", "business"))
        self.assertEqual(message.owner_user_id, clerk)

        receiver.answer = 200
        self.start_tour("/odoo", "test_interop_failed_message", login="billing_clerk")
        self.assertEqual(message.state, "done")
        refused, accepted = receiver.requests
        self.assertEqual(refused.body, accepted.body)
        self.assertEqual(refused.header("webhook-id"), accepted.header("webhook-id"))
        self.assertEqual(json.loads(accepted.body)["data"]["number"], invoice.name)

    def _post_invoice(self):
        """Post an invoice and run the hooks at the end of its transaction."""
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner_a.id,
                "invoice_date": "2026-03-01",
                "invoice_line_ids": [
                    Command.create({"name": "Consultation", "price_unit": 100})
                ],
            }
        )
        invoice.action_post()
        self._commit()
        self.env["interop.pump"]._arm_after_commit()
        return invoice
