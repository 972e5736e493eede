"""Mappings, their contract and their approval."""

import json

from odoo.exceptions import UserError
from odoo.tests import tagged

from .mapping_common import MappingCase


@tagged("post_install", "-at_install")
class TestMappingGovernance(MappingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._line("name", "name")

    def test_an_approved_mapping_changes_only_in_draft(self):
        admin = self._create_user("admin")
        lines = self.mapping.line_ids.with_user(admin)
        lines.path = "label"
        self.interface._transition({"state": "approved"})
        for change in (
            lambda: lines.write({"path": "other"}),
            lambda: lines.unlink(),
            lambda: lines.create(
                {"mapping_id": self.mapping.id, "path": "b", "field_path": "city"}
            ),
            lambda: self.mapping.with_user(admin).unlink(),
            lambda: self.mapping.with_user(admin).write({"line_ids": [(5,)]}),
        ):
            with self.assertRaisesRegex(UserError, "draft"):
                change()

    def test_activation_refuses_a_mapping_that_never_fits_and_names_the_path(self):
        self._line("phone", "phone")
        self.contract._set_published()
        missing = "\n".join(self.interface._missing_for_activation())
        self.assertIn("phone", missing)
        self.mapping.line_ids.filtered(lambda line: line.path == "phone").unlink()
        missing = "\n".join(self.interface._missing_for_activation())
        self.assertNotIn("phone", missing)
        self.mapping.line_ids.write({"field_path": "color"})
        missing = "\n".join(self.interface._missing_for_activation())
        self.assertIn("/name", missing)

    def test_problems_are_shown_while_editing(self):
        self.assertFalse(self.mapping.problems)
        self._line("phone", "phone")
        self.assertIn("phone", self.mapping.problems)


@tagged("post_install", "-at_install")
class TestSchemaFromMapping(MappingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.example_ids.unlink()
        cls.contract.schema = cls.contract._fields["schema"].default(cls.contract)
        cls._line("name", "name", required=True)
        cls._line("kind", "type")
        cls._line("since", "create_date", format="date")
        wards = cls._line("wards", "child_ids", kind="list")
        cls._line("city", "city", parent_id=wards.id)

    def test_generated_schema_matches_the_lines(self):
        admin = self._create_user("admin")
        self.contract.with_user(admin).action_generate_schema()
        schema = json.loads(self.contract.schema)
        self.assertFalse(schema["additionalProperties"])
        self.assertEqual(schema["required"], ["name"])
        self.assertEqual(schema["properties"]["name"], {"type": "string"})
        self.assertIn("contact", schema["properties"]["kind"]["enum"])
        self.assertEqual(schema["properties"]["since"]["format"], "date")
        items = schema["properties"]["wards"]["items"]
        self.assertEqual(list(items["properties"]), ["city"])

    def test_built_messages_are_valid_against_the_generated_schema(self):
        self.facility.partner_id.tz = "Europe/Stockholm"
        self.contract.action_generate_schema()
        self.assertFalse(self.contract._violations(self._build()))

    def test_an_example_is_invented_never_taken_from_a_record(self):
        self.contract.action_generate_schema()
        body = self.contract.example_ids.body
        self.assertNotIn("Ada", body)
        self.assertFalse(self.contract._violations(json.loads(body)))

    def test_examples_that_fit_stay_and_others_go(self):
        self.contract.action_generate_schema()
        self.contract.example_ids = [(0, 0, {"name": "Mine", "body": '{"name": "B"}'})]
        self._line("phone", "phone", required=True)
        self.mapping.line_ids.filtered(
            lambda line: line.path == "name"
        ).required = False
        self.contract.example_ids = [(5,)]
        self.contract.example_ids = [(0, 0, {"name": "Old", "body": '{"name": "B"}'})]
        self.contract.action_generate_schema()
        self.assertNotIn("Old", self.contract.example_ids.mapped("name"))
        self.assertEqual(len(self.contract.example_ids), 1)

    def test_publishing_a_contract_without_a_schema_generates_it(self):
        self.contract._set_published()
        self.assertIn("wards", json.loads(self.contract.schema)["properties"])

    def test_a_given_schema_is_kept(self):
        given = '{"type": "object", "properties": {"name": {"type": "string"}}}'
        self.contract.write(
            {"schema": given, "example_ids": [(0, 0, {"name": "A", "body": "{}"})]}
        )
        self.contract._set_published()
        self.assertEqual(self.contract.schema, given)

    def test_without_a_mapping_the_button_explains_the_next_step(self):
        self.mapping.unlink()
        with self.assertRaisesRegex(UserError, "no mapping yet"):
            self.contract.action_generate_schema()

    def test_two_mappings_that_differ_are_named(self):
        other = self._create_interface(
            contract_ids=[(6, 0, self.contract.ids)],
            activate=False,
            transport=False,
            name="The other",
        )
        self.assertTrue(other.mapping_ids)
        with self.assertRaisesRegex(UserError, "The other"):
            self.contract.action_generate_schema()

    def test_a_published_contract_keeps_its_schema(self):
        self.contract._set_published()
        with self.assertRaises(UserError):
            self.contract.action_generate_schema()

    def test_only_administrators_generate(self):
        user = self._create_user("user")
        with self.assertRaises(Exception) as caught:
            self.contract.with_user(user).action_generate_schema()
        self.assertEqual(type(caught.exception).__name__, "AccessError")

    def test_opening_the_mapping_makes_one_for_each_contract_in_draft(self):
        self.mapping.unlink()
        action = self.interface.action_open_mapping()
        self.assertEqual(self.interface.mapping_ids.contract_id, self.contract)
        self.assertEqual(action["res_id"], self.interface.mapping_ids.id)
