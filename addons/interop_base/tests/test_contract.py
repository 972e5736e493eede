"""Contracts: validated on save, immutable once published, governed by stewards."""

import json
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .. import clock
from .fakes import EngineCase


@tagged("post_install", "-at_install")
class TestContract(EngineCase):
    def setUp(self):
        super().setUp()
        self.contract = self._create_contract(publish=False)

    def _schema(self, **properties):
        return json.dumps({"type": "object", "properties": properties})

    # === VALIDATION === #

    def test_schema_that_is_no_json_is_refused(self):
        with self._refused(ValidationError, "not valid JSON.*line 1 column"):
            self.contract.schema = '{"type": '
        with self._refused(ValidationError, "JSON object"):
            self.contract.schema = "[]"

    def test_invalid_schema_is_refused_with_the_message_and_path_of_the_library(self):
        with self.assertRaises(ValidationError) as caught:
            self.contract.schema = self._schema(name={"type": "strin"})
        self.assertIn("'strin' is not valid under any", str(caught.exception))
        self.assertIn("/properties/name/type", str(caught.exception))

    def test_keywords_that_2020_12_does_not_know_are_refused_when_saved(self):
        """Case 42: they would check nothing, and nobody would notice."""
        for part, words in (
            ({"dependencies": {"name": ["zip"]}}, "dependentRequired"),
            ({"definitions": {}}, r"\$defs"),
            ({"minLenght": 3}, "minLength"),
            ({"minimum": 1, "exclusiveMinimum": True}, "the limit itself"),
        ):
            with self._refused(ValidationError, words):
                self.contract.schema = self._schema(name=part)

    def test_patterns_without_the_meaning_of_ecmascript_are_refused(self):
        """Case 25."""
        for pattern in (r"^\p{L}+$", r"(a)\1", "(?i)a"):
            with self._refused(ValidationError, "pattern cannot be used"):
                self.contract.schema = self._schema(zip={"pattern": pattern})

    def test_example_that_breaks_the_schema_is_refused_and_names_every_place(self):
        with self.assertRaises(ValidationError) as caught:
            self.contract.example_ids = [
                Command.create({"name": "Bad", "body": '{"city": 1, "zip": "2"}'})
            ]
        text = str(caught.exception)
        self.assertIn("“Bad”", text)
        for part in ("name", "/city", "zip"):
            self.assertIn(part, text)

    def test_example_that_is_no_json_is_refused(self):
        with self._refused(ValidationError, "“Bad” is not valid JSON"):
            self.env["interop.contract.example"].create(
                {"contract_id": self.contract.id, "name": "Bad", "body": "{"}
            )

    def test_examples_are_checked_again_when_the_schema_changes(self):
        with self._refused(ValidationError, "“One” does not match"):
            self.contract.schema = self._schema(name={"type": "integer"})

    def test_message_type_is_subject_and_event(self):
        for name in ("invoice", "Invoice.posted", "invoice..posted", "in voice.x", ""):
            with self._refused(ValidationError, msg=name):
                self.contract.message_type = name

    def test_versions_are_unique_and_positive(self):
        for version in (self.contract.version, 0, -1):
            with (
                mute_logger("odoo.sql_db"),
                self._refused(IntegrityError, "version", msg=version),
            ):
                self._create_contract(
                    message_type=self.contract.message_type, version=version
                )

    # === FIELD CLASSES === #

    def test_field_class_needs_a_field_of_the_schema(self):
        with self._refused(ValidationError, "no field “zip”"):
            self.contract.field_ids = [Command.create({"path": "zip"})]

    def test_field_that_leaves_the_schema_takes_its_class_along(self):
        self.contract.field_ids = [Command.create({"path": "city"})]
        with self._refused(ValidationError, "no field “city”"):
            self.contract.schema = self._schema(name={"type": "string"})

    def test_contract_is_at_least_as_strict_as_its_fields(self):
        with self._refused(ValidationError, "stricter"):
            self.contract.field_ids = [
                Command.create({"path": "name", "data_class": "personal"})
            ]
        with self._refused(ValidationError, "stricter"):
            self.env["interop.contract.field"].create(
                {
                    "contract_id": self.contract.id,
                    "path": "name",
                    "data_class": "patient_adjacent",
                }
            )
        self.contract.data_class = "personal"
        self.contract.field_ids = [
            Command.create({"path": "name", "data_class": "personal"})
        ]
        with self._refused(ValidationError, "stricter"):
            self.contract.data_class = "none"

    # === IMMUTABILITY === #

    def test_published_contract_is_immutable(self):
        self.contract.field_ids = [Command.create({"path": "city"})]
        self.contract._set_published()
        changes = {
            "message_type": "other.thing",
            "version": 7,
            "schema": "{}",
            "data_class": "personal",
            "model_id": False,
            "coalesce": True,
            "field_ids": [Command.clear()],
            "example_ids": [Command.clear()],
        }
        for name, value in changes.items():
            with self._refused(UserError, "new version", msg=name):
                self.contract.write({name: value})
        with self._refused(UserError, "was published"):
            self.contract.unlink()
        self.contract.description = "Words may change."

    def test_parts_of_a_published_contract_are_immutable_one_by_one(self):
        self.contract.field_ids = [Command.create({"path": "city"})]
        other = self._create_contract(publish=False)
        self.contract._set_published()
        example, line = self.contract.example_ids, self.contract.field_ids
        moves = (
            lambda: example.write({"body": '{"name": "B"}'}),
            lambda: line.write({"data_class": "none"}),
            lambda: line.write({"contract_id": other.id}),
            lambda: other.example_ids.write({"contract_id": self.contract.id}),
            example.unlink,
            line.unlink,
            lambda: example.copy({"contract_id": self.contract.id}),
            lambda: line.create({"contract_id": self.contract.id, "path": "name"}),
        )
        for number, move in enumerate(moves):
            with self._refused(UserError, "new version", msg=number):
                move()

    def test_new_version_copies_forward(self):
        self.contract.field_ids = [Command.create({"path": "city"})]
        self.contract._set_published()
        self.contract.sunset_date = "2030-01-01"
        action = self.contract.action_new_version()
        draft = self.env["interop.contract"].browse(action["res_id"])
        self.assertEqual(draft.state, "draft")
        self.assertEqual(draft.version, 2)
        self.assertEqual(draft.message_type, self.contract.message_type)
        self.assertEqual(draft.schema, self.contract.schema)
        self.assertEqual(draft.example_ids.mapped("body"), ['{"name": "A"}'])
        self.assertEqual(draft.field_ids.mapped("path"), ["city"])
        self.assertFalse(draft.published_at)
        self.assertFalse(draft.sunset_date)
        draft.schema = self._schema(name={"type": "string"}, city={"type": "string"})
        self.assertEqual(self.contract.state, "published")

    # === LIFECYCLE === #

    def test_publishing_needs_an_example(self):
        self.contract.example_ids.unlink()
        with self._refused(UserError, "at least one example"):
            self.contract._set_published()

    def test_deprecation_needs_the_sunset_date(self):
        self.contract._set_published()
        with self._refused(UserError, "sunset date"):
            self.contract._set_deprecated()
        self.contract.sunset_date = "2030-01-01"
        self.contract._set_deprecated()
        self.assertEqual(self.contract.state, "deprecated")

    def test_illegal_moves_are_refused_and_repeats_are_no_ops(self):
        self.contract.sunset_date = "2030-01-01"
        for move in ("_set_deprecated", "_set_retired"):
            with self.assertRaises(UserError, msg=move):
                getattr(self.contract, move)()
        self.contract._set_published()
        first = self.contract.published_at
        self.assertFalse(self.contract._set_published())
        self.assertEqual(self.contract.published_at, first)
        self.contract._set_retired()
        for move in ("_set_published", "_set_deprecated"):
            with self.assertRaises(UserError, msg=move):
                getattr(self.contract, move)()

    def test_only_stewards_move_contracts(self):
        self.contract.sunset_date = "2030-01-01"
        moves = (
            ("action_publish", "published"),
            ("action_deprecate", "deprecated"),
            ("action_retire", "retired"),
        )
        others = [
            self._create_user(group)
            for group in ("user", "operator", "admin", "auditor")
        ]
        steward = self._create_user("steward")
        for action, state in moves:
            for user in others:
                with self.assertRaises(AccessError, msg=(action, user.login)):
                    getattr(self.contract.with_user(user), action)()
            given = [self.contract.approval_fingerprint] if "publish" in action else []
            getattr(self.contract.with_user(steward), action)(*given)
            self.assertEqual(self.contract.state, state)
            line = self.env["interop.audit.event"].search([], limit=1)
            self.assertEqual(
                (line.action, line.detail, line.login, line.res_id),
                ("transition", state, steward.login, self.contract.id),
            )

    def test_users_neither_write_nor_forge_the_state(self):
        with self.assertRaises(AccessError):
            self.contract.sudo().write({"state": "published"})
        with self.assertRaises(AccessError):
            self._create_contract(publish=False, state="published")
        admin = self._create_user("admin")
        forged = (
            self.env["interop.contract"]
            .with_user(admin)
            .with_context(default_state="published", default_published_at="2020-01-01")
            .create({"message_type": "forged.one"})
        )
        self.assertEqual((forged.state, forged.published_at), ("draft", False))
        self.env["ir.default"].set("interop.contract", "state", "published")
        forged = self.env["interop.contract"].create({"message_type": "forged.two"})
        self.assertEqual(forged.state, "draft")
        with self.assertRaises(AccessError):
            forged.copy({"state": "published"})
        result = (
            self.env["interop.contract"]
            .with_user(admin)
            .load(["message_type", "state"], [["forged.three", "published"]])
        )
        self.assertFalse(result["ids"])

    def test_sunset_retires_a_deprecated_version_only_when_it_has_come(self):
        today = clock.now().date()
        self.contract._set_published()
        self.contract.sunset_date = today
        self.env["interop.contract"]._retire_at_sunset()
        self.assertEqual(
            self.contract.state, "published", "announced is not deprecated"
        )
        self.contract._set_deprecated()
        self.contract.sunset_date = today + timedelta(days=1)
        self.env["interop.contract"]._retire_at_sunset()
        self.assertEqual(self.contract.state, "deprecated")
        self.contract.sunset_date = today
        self.env["interop.contract"]._retire_at_sunset()
        self.assertEqual(self.contract.state, "retired")

    # === USE === #

    def test_find_answers_the_newest_usable_version(self):
        find = self.env["interop.contract"]._find
        name = self.contract.message_type
        self.assertFalse(find(name))
        self.contract._set_published()
        second = self.contract.copy()
        self.assertEqual(find(name), self.contract)
        second._set_published()
        self.assertEqual(find(name), second)
        self.assertEqual(find(name, 1), self.contract)
        self.contract._set_retired()
        self.assertFalse(find(name, 1))

    def test_capture_does_not_depend_on_who_asks_first(self):
        self.contract._set_published()
        self._create_interface(contract_ids=[Command.set(self.contract.ids)])
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_contract SET active = false WHERE id = %s",
            [self.contract.id],
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        interfaces = self.env["interop.interface"]
        name = self.contract.message_type
        self.assertFalse(interfaces.with_context(active_test=False)._capturing(name))
        self.assertFalse(interfaces._capturing(name))

    def test_capture_follows_the_lifecycle_of_the_contract(self):
        capturing = self.env["interop.interface"]._capturing
        published = self._create_contract()
        interface = self._create_interface(
            contract_ids=[Command.set((published | self.contract).ids)]
        )
        name = self.contract.message_type
        self.assertFalse(capturing(name))
        self.contract._set_published()
        self.assertEqual(
            capturing(name), ((self.contract.id, (interface.id,)),), "after publishing"
        )
        self.contract.sunset_date = "2030-01-01"
        self.contract._set_deprecated()
        self.assertTrue(capturing(name), "a deprecated version still travels")
        with self._refused(ValidationError, "interfaces use it"):
            self.contract.active = False
        self.assertTrue(capturing(name), "case 15: nothing is dropped in silence")
        self.contract._set_retired()
        self.assertFalse(capturing(name))
