"""Interfaces without program code receive: one record, found by its identifier."""

import json

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .mapping_common import MappingInCase


@tagged("post_install", "-at_install")
class TestMappingIn(MappingInCase):
    def test_created_then_updated_and_only_mapped_fields(self):
        self._send(phone="1", address={"country": "se"}, kind="D")
        partner = self._found()
        self.assertEqual(
            (partner.name, partner.phone, partner.country_id.code, partner.type),
            ("Ward 3", "1", "SE", "delivery"),
        )
        self.assertTrue(partner.is_company)
        self.assertEqual(partner.company_id, self.facility)
        self.assertEqual(partner.create_uid, self.client.user_id)
        partner.city = "Lund"
        response = self._send(phone="2")
        self.assertEqual(self._found(), partner)
        self.assertEqual(
            (partner.phone, partner.city, partner.country_id.code), ("2", "Lund", "SE")
        )
        outcomes = {
            item["field"]: item["outcome"] for item in response.json()["fields"]
        }
        self.assertEqual(outcomes["phone"], "applied")
        self.assertEqual(outcomes["name"], "unchanged")

    def test_an_empty_value_clears_and_an_absent_one_leaves_alone(self):
        self._send(phone="1")
        self._send()
        self.assertEqual(self._found().phone, "1")
        self._send(phone="")
        self.assertFalse(self._found().phone)

    def test_unknown_records_wait_where_the_mapping_says_so(self):
        self._reopen(on_unknown="park")
        self._send(status=422)
        message = self._last()
        self.assertEqual(
            (message.state, message.error_class), ("parked", "unknown_identifier")
        )
        self.assertEqual(message.owner_user_id, self.interface.exception_user_id)
        self.assertFalse(self._found())
        partner = self.env["res.partner"].create(
            {"name": "Known", "company_id": self.facility.id}
        )
        self.env["interop.identifier"].create(
            {
                "namespace_id": self.namespace.id,
                "value": "C-1",
                "record_ref": f"res.partner,{partner.id}",
            }
        )
        message._set_pending()
        message._apply_now()
        self.assertEqual((message.state, partner.name), ("done", "Ward 3"))

    def test_related_records_by_identifier_never_by_a_guess(self):
        self._send(status=422, belongs_to="P-1")
        waiting = self._last()
        self.assertEqual(waiting.state, "parked")
        self.assertFalse(self._found(), "no partial effect")
        self._send(number="P-1", name="Building")
        waiting.action_retry()
        self.env["interop.pump"].sudo()._run_inline()
        self.assertEqual(self._found().parent_id, self._found("P-1"))

    def test_a_code_has_to_find_exactly_one(self):
        self._send(status=422, address={"country": "zz"})
        message = self._last()
        self.assertEqual(message.state, "parked")
        self.assertIn("address.country", message.error_message)

    def test_values_that_do_not_fit_name_their_path_never_themselves(self):
        for data, path in (
            ({"kind": "CANARY"}, "kind"),
            ({"name": ""}, "name"),
        ):
            response = self._post(
                self._envelope(data={"number": "C-9", "name": "N", **data})
            )
            self.assertEqual(response.status_code, 422)
            self.assertIn(path, response.text + (self._last().error_message or ""))
            self.assertNotIn("CANARY", response.text)
            self.assertFalse(self._found("C-9"))

    def test_records_of_another_facility_are_out_of_reach(self):
        theirs = self.env["res.partner"].create(
            {"name": "Theirs", "company_id": self.other_facility.id}
        )
        self.env["interop.identifier"].create(
            {
                "namespace_id": self.namespace.id,
                "value": "C-1",
                "record_ref": f"res.partner,{theirs.id}",
            }
        )
        self._send(status=422)
        self.assertEqual(theirs.name, "Theirs")
        self._send(number="C-2", belongs_to="C-1", status=422)
        self.assertFalse(self._found("C-2"))

    def test_the_contact_of_a_user_is_out_of_reach(self):
        user = self._create_user("user")
        user.partner_id.company_id = self.facility
        self.env["interop.identifier"].create(
            {
                "namespace_id": self.namespace.id,
                "value": "C-1",
                "record_ref": f"res.partner,{user.partner_id.id}",
            }
        )
        self._send(status=422)
        self.assertEqual(self._last().error_code, "refused_by_odoo")
        self.assertNotEqual(user.partner_id.name, "Ward 3")

    def test_the_service_user_has_the_rights_that_were_approved(self):
        user = self.client.user_id
        entry = self.env["interop.mapping.model"].search(
            [("model", "=", "res.partner")]
        )
        self.assertIn(entry.group_id, user.group_ids)
        self._send()
        entry._set_draft()
        self._send(phone="3", status=422)
        self.assertFalse(self._found().phone)
        entry.with_user(self._create_user("steward")).action_approve(
            entry.approval_fingerprint
        )
        self._send(phone="3")
        self.assertEqual(self._found().phone, "3")

    def test_the_same_message_again_has_one_effect(self):
        envelope = self._envelope(data={"number": "C-1", "name": "A"})
        self.assertEqual(self._post(envelope).status_code, 200)
        self._found().name = "B"
        self.assertEqual(self._post(envelope).status_code, 200)
        self.assertEqual(self._found().name, "B")

    def test_the_log_is_searched_by_what_the_record_is_found_by(self):
        self._send()
        self.assertEqual(self._last().business_key, "C-1")
        self.assertTrue(self._last().ordering_key)

    def test_case_35_the_order_is_by_authority_and_value(self):
        self._send()
        key = f"{self.namespace.uri}|C-1"
        self.assertEqual(self._last().ordering_key, key)

    def test_case_12_a_number_is_one_line_and_case_1_no_placeholder(self):
        self._send(number="\tC-1\r\n")
        self.assertTrue(self._found("C-1"))
        for number in ("C\n1", "UNKNOWN", "000"):
            self._send(number=number, status=422)
            self.assertEqual(self._last().state, "dead")
        self._send(number="C-1", belongs_to="N/A", status=422)
        self.assertEqual(self._last().error_code, "identifier_placeholder")

    def test_what_the_database_refuses_is_the_owners(self):
        self.env.cr.execute(
            "CREATE UNIQUE INDEX test_phone_uniq ON res_partner (phone)"
            " WHERE phone = '4711'"
        )
        self._send(phone="4711")
        self._send(number="C-2", phone="4711", status=422)
        message = self._last()
        self.assertEqual(
            (message.state, message.error_class), ("dead", "business_rule")
        )
        self.assertIn("test_phone_uniq", message.error_message)

    def test_schema_is_made_from_the_lines(self):
        schema = json.loads(self.contract.schema)
        self.assertEqual(schema["required"], ["number", "name"])
        self.assertEqual(schema["properties"]["kind"]["enum"], ["D", "I"])
        self.assertNotIn("is_company", schema["properties"])


@tagged("post_install", "-at_install")
class TestMappingInSetUp(MappingInCase):
    def setUp(self):
        super().setUp()
        self.interface._set_suspended()
        self.interface._set_draft()

    def _missing(self):
        return "\n".join(self.interface._missing_for_activation())

    def test_fields_that_no_message_may_write_are_refused_when_saved(self):
        for path, field, pattern in (
            ("a", "company_id.name", "cannot be changed by messages"),
            ("b", "user_id.login", "cannot be changed by messages"),
            ("c", "signup_type", "cannot be changed by messages|no field"),
            ("d", "display_name", "computed|cannot be set"),
            ("e", "commercial_partner_id.name", "computed"),
            ("f", "country_id", "another record"),
            ("g", "child_ids", "cannot be set from a message"),
            ("h", "country_id.currency_id.name", "another record"),
            ("i", "create_date", "cannot be changed by messages"),
        ):
            with self.subTest(field), self._refused(ValidationError, pattern):
                self._line(path, field)
        with self._refused(ValidationError, "sub-list"):
            self._line("z", "child_ids", kind="list")

    def test_fixed_values_fit_their_field(self):
        for field, text in (("is_company", "yes"), ("color", "x"), ("type", "nope")):
            with self.subTest(field), self._refused(ValidationError, "fixed value"):
                self._line(None, field, kind="constant", constant=text)

    def test_activation_names_every_right_that_is_missing(self):
        self.assertFalse(self._missing())
        entry = self.env["interop.mapping.model"].search(
            [("model", "=", "res.partner")]
        )
        entry._set_draft()
        country = self.env["interop.mapping.model"]._allowed("res.country")
        country._set_draft()
        missing = self._missing()
        self.assertIn("Create", missing)
        self.assertIn("Contact", missing)
        self.assertIn("Country", missing)
        with self._refused(UserError, "service user"):
            self._activate(self.interface)

    def test_activation_wants_to_know_the_record(self):
        self.mapping.line_ids.filtered(lambda line: line.path == "number").unlink()
        self.assertIn("names the record", self._missing())

    def test_activation_wants_what_creating_needs(self):
        category = self._create_contract(
            publish=False,
            model_id=self.env["ir.model"]._get_id("res.partner.category"),
        )
        self._list_model("res.partner.category", "create")
        mapping = self.env["interop.mapping"].create(
            {
                "interface_id": self.interface.id,
                "contract_id": category.id,
                "on_unknown": "create",
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "path": "number",
                            "kind": "identifier",
                            "namespace_id": self.namespace.id,
                            "required": True,
                        },
                    )
                ],
            }
        )
        self.assertIn("required line", mapping.problems)
        mapping.on_unknown = "park"
        self.assertNotIn("a new record needs", mapping.problems or "")

    def test_the_contract_has_to_let_the_values_in(self):
        self._line("fax", "vat")
        self.assertIn("fax", self._missing())

    def test_approved_lines_do_not_change(self):
        self._activate(self.interface)
        admin = self._create_user("admin")
        lines = self.mapping.line_ids.with_user(admin)
        for change in (
            lambda: lines[0].write({"required": False}),
            lambda: lines[0].unlink(),
            lambda: self.mapping.with_user(admin).write({"on_unknown": "park"}),
        ):
            with self._refused(UserError, "draft"):
                change()
