"""``invoice.posted``: published in the transaction that posts, built from allowed
fields."""

import json

from odoo import Command
from odoo.tests import tagged

from odoo.addons.interop_base.tests.common import InteropMixin

from .account_common import AccountCase

CANARY = "Canary-note-7b1c"


@tagged("post_install", "-at_install")
class TestInvoicePosted(InteropMixin, AccountCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.env.ref("interop_account.interop_contract_invoice_posted")
        cls.namespace = cls.env["interop.namespace"].create(
            {"name": "Test numbers", "code": "test-numbers", "uri": "urn:oid:1.2.3"}
        )
        cls.partner = cls.partner_a
        cls._identify(cls.partner, "A-1")

    @classmethod
    def _identify(cls, record, value):
        return cls.env["interop.identifier"].create(
            {
                "namespace_id": cls.namespace.id,
                "value": value,
                "record_ref": f"{record._name},{record.id}",
            }
        )

    def _flow(self, **values):
        """Return an active interface; its transport does not matter here."""
        interface = self._create_interface(
            system_id=self._create_system().id,
            **{
                "contract_ids": [(6, 0, self.contract.ids)],
                "data_class": "patient_adjacent",
                "transport": False,
                "activate": False,
                **values,
            },
        )
        interface._transition({"state": "active"})
        self.env.registry.clear_cache()
        return interface

    def _invoice(self, move_type="out_invoice", post=False, **values):
        invoice = self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": self.partner.id,
                "invoice_date": "2026-03-01",
                "narration": CANARY,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Consulting room",
                            "quantity": 1.5,
                            "price_unit": 10.01,
                            "discount": 10,
                            "tax_ids": [Command.set(self.tax_sale_a.ids)],
                        }
                    ),
                    Command.create({"display_type": "line_note", "name": CANARY}),
                ],
                **values,
            }
        )
        if post:
            invoice.action_post()
        return invoice

    def _messages(self, invoice):
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        return self._message_of(invoice)

    # === PROMISE 1 === #

    def test_promise_1_atomic_posted_invoice_makes_one_message_per_subscription(self):
        flows = self._flow() | self._flow()
        invoice = self._invoice(post=True)
        messages = self._messages(invoice)
        self.assertEqual(messages.interface_id, flows)
        self.assertEqual(len(messages), 2)

    def test_promise_1_atomic_rolled_back_posting_makes_none(self):
        self._flow()
        invoice = self._invoice()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            invoice.action_post()
            raise ZeroDivisionError  # something later in the same transaction
        self.assertFalse(self._messages(invoice))
        self.assertEqual(invoice.state, "draft")
        invoice.action_post()
        self.assertEqual(len(self._messages(invoice)), 1)

    def test_promise_1_atomic_import_and_its_test_button(self):
        """Test of an import that posts its records keeps nothing, Import keeps
        everything."""
        interface = self._flow()
        self.env.flush_all()  # the import rolls back to a savepoint without flushing
        model = type(self.env["account.move"])
        original = model.create

        def posting_create(records, vals_list):
            created = original(records, vals_list)
            created.filtered(lambda move: move.state == "draft").action_post()
            return created

        for dryrun, expected in ((True, 0), (False, 2)):
            wizard = self.env["base_import.import"].create(
                {
                    "res_model": "account.move",
                    "file": (
                        "move_type,partner_id/id,invoice_date,invoice_line_ids/name,"
                        "invoice_line_ids/quantity,invoice_line_ids/price_unit\n"
                        f"out_invoice,{self._xml_id()},2026-03-01,One,1,10\n"
                        f"out_invoice,{self._xml_id()},2026-03-01,Two,1,20\n"
                    ).encode(),
                    "file_type": "text/csv",
                    "file_name": "invoices.csv",
                }
            )
            columns = [
                "move_type",
                "partner_id/id",
                "invoice_date",
                "invoice_line_ids/name",
                "invoice_line_ids/quantity",
                "invoice_line_ids/price_unit",
            ]
            options = {"quoting": '"', "separator": ",", "has_headers": True}
            self.patch(model, "create", posting_create)
            result = wizard.execute_import(columns, columns, options, dryrun=dryrun)
            self.patch(model, "create", original)
            self.assertFalse(result["messages"])
            self._commit()
            self.env["interop.materializer"].sudo()._materialize()
            found = self.env["interop.message"].search_count(
                [("interface_id", "=", interface.id)]
            )
            self.assertEqual(found, expected)

    def _xml_id(self):
        data = self.env["ir.model.data"].search(
            [("model", "=", "res.partner"), ("res_id", "=", self.partner.id)], limit=1
        ) or self.env["ir.model.data"].create(
            {
                "module": "__test__",
                "name": "partner_a",
                "model": "res.partner",
                "res_id": self.partner.id,
            }
        )
        return data.complete_name

    # === CONTENT === #

    def _data(self, invoice):
        message = self._messages(invoice)
        self.assertEqual(message.state, "pending", message.error_message)
        return json.loads(message._payload_bytes())

    def test_content(self):
        self._flow()
        invoice = self._invoice(post=True, ref="PO 17")
        envelope = self._data(invoice)
        identifiers = [{"system": "urn:oid:1.2.3", "value": "A-1", "type": "U"}]
        self.assertEqual(envelope["subject"], identifiers)
        self.assertEqual(envelope["data_class"], "patient_adjacent")
        data = envelope["data"]
        self.assertFalse(self.contract._violations(data))
        self.assertEqual(data["number"], invoice.name)
        self.assertEqual(data["type"], "invoice")
        self.assertEqual(data["partner"], {"identifiers": identifiers})
        self.assertEqual(data["reference"], "PO 17")
        self.assertEqual(data["currency"], "USD")
        self.assertEqual(data["invoice_date"], "2026-03-01")
        (line,) = data["lines"]
        # 1.5 × 10.01 less 10 % is 13.5135; 15 % tax of 13.51 is 2.03
        self.assertEqual(line["quantity"], "1.5")
        self.assertEqual(line["unit_price"], "10.01")
        self.assertEqual(line["discount_percent"], "10")
        self.assertEqual(
            (line["net"], line["tax"], line["total"]), ("13.51", "2.03", "15.54")
        )
        self.assertEqual(
            (data["net"], data["tax"], data["total"]), ("13.51", "2.03", "15.54")
        )
        self.assertEqual(data["residual"], "15.54")

    def test_free_notes_and_names_never_leave(self):
        self._flow()
        invoice = self._invoice(post=True)
        text = json.dumps(self._data(invoice))
        self.assertNotIn(CANARY, text)
        self.assertNotIn(self.partner.name, text)

    def test_lines_name_the_charges_they_bill(self):
        self._flow()
        invoice = self._invoice()
        line = invoice.invoice_line_ids.filtered(
            lambda item: item.display_type == "product"
        )
        self._identify(line, "CH-1")
        invoice.action_post()
        (sent,) = self._data(invoice)["data"]["lines"]
        self.assertEqual([charge["value"] for charge in sent["charges"]], ["CH-1"])

    def test_person_is_known_by_the_company_it_belongs_to(self):
        self._flow()
        contact = self.env["res.partner"].create(
            {"name": "Contact", "parent_id": self.partner.id}
        )
        invoice = self._invoice(post=True, partner_id=contact.id)
        identifiers = self._data(invoice)["data"]["partner"]["identifiers"]
        self.assertEqual([item["value"] for item in identifiers], ["A-1"])

    def test_credit_note(self):
        self._flow()
        invoice = self._invoice(post=True)
        wizard = self.env["account.move.reversal"].create(
            {
                "move_ids": [Command.set(invoice.ids)],
                "journal_id": invoice.journal_id.id,
                "reason": "Wrong room",
            }
        )
        wizard.reverse_moves()
        credit = wizard.new_move_ids
        credit.action_post()
        data = self._data(credit)["data"]
        self.assertEqual(
            (data["type"], data["reverses"]), ("credit_note", invoice.name)
        )
        self.assertFalse(self.contract._violations(data))

    def test_vendor_bills_and_entries_stay_here(self):
        self._flow()
        bill = self._invoice("in_invoice", post=True)
        self.assertFalse(self._messages(bill))

    def test_amounts_have_the_digits_of_their_currency(self):
        self._flow()
        yen = self.env.ref("base.JPY")
        yen.active = True
        invoice = self._invoice(
            post=True,
            currency_id=yen.id,
            invoice_line_ids=[Command.create({"name": "Room", "price_unit": 1000})],
        )
        data = self._data(invoice)["data"]
        self.assertTrue(data["net"].isdigit(), data["net"])

    def test_filter_and_facility_decide(self):
        self._flow(filter_domain="[('amount_total', '>', 1000)]")
        self.assertFalse(self._messages(self._invoice(post=True)))

    # === OUT === #

    def test_shown_on_the_invoice(self):
        self._flow()
        invoice = self._invoice(post=True)
        sent = self._messages(invoice)
        self.assertEqual(len(sent), 1)
        self.assertEqual(invoice.interop_message_count, 1)
        action = invoice.action_view_interop_messages()
        message = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(message, sent)
        # protected: a search finds the number, and no column has it in clear text
        self.assertFalse(message.business_key)
        found = self.env["interop.message"].search([("search_key", "=", invoice.name)])
        self.assertEqual(found, message)

    def test_clerk_without_integration_rights_posts_and_sees_no_button(self):
        self._flow()
        clerk = self._create_user(
            "account.group_account_invoice", companies=self.facility
        )
        invoice = self._invoice()
        invoice.with_user(clerk).action_post()
        self.assertEqual(len(self._messages(invoice)), 1)
        arch = (
            self.env["account.move"].with_user(clerk).get_view(view_type="form")["arch"]
        )
        self.assertNotIn("action_view_interop_messages", arch)
        operator = self._create_user(
            "operator", "account.group_account_invoice", companies=self.facility
        )
        arch = (
            self.env["account.move"]
            .with_user(operator)
            .get_view(view_type="form")["arch"]
        )
        self.assertIn("action_view_interop_messages", arch)

    def test_every_example_of_the_contract_is_valid(self):
        for example in self.contract.example_ids:
            self.assertFalse(self.contract._violations(json.loads(example.body)))
        self.assertEqual(self.contract.state, "published")
