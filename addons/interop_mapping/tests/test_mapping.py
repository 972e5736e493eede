"""Mapping lines: the messages that they build, and their checks."""

from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .mapping_common import MappingCase


@tagged("post_install", "-at_install")
class TestMapping(MappingCase):
    def test_fields_nested_paths_and_related_records(self):
        self._line("name", "name")
        self._line("address.street", "street")
        self._line("address.country", "country_id.code")
        self._line("address.country_name", "country_id")
        self._line("address.state", "state_id.code")
        self.assertEqual(
            self._build(),
            {
                "name": " Dr. Ada ",
                "address": {
                    "street": "Main Street 1",
                    "country": "SE",
                    "country_name": self.country.name,
                },
            },
        )

    def test_constant(self):
        self._line("origin", kind="constant", constant="odoo")
        self.assertEqual(self._build(), {"origin": "odoo"})

    def test_a_constant_needs_a_value(self):
        with self.assertRaisesRegex(ValidationError, "origin"):
            self._line("origin", kind="constant")

    def test_formats(self):
        self._line("upper", "name", format="upper")
        self._line("trim", "name", format="trim")
        self._line("company", "is_company", format="y_n")
        self._line("plain_boolean", "is_company")
        self._line("color", "color")
        self._line("color_text", "color", format="decimals", decimals=3)
        self._line("latitude", "partner_latitude", format="decimals", decimals=1)
        self._line("latitude_number", "partner_latitude", format="number")
        self._line("country", "country_id.code", format="lower")
        self.assertEqual(
            self._build(),
            {
                "upper": " DR. ADA ",
                "trim": "Dr. Ada",
                "company": "Y",
                "plain_boolean": True,
                "color": 7,
                "color_text": "7.000",
                "latitude": "59.3",
                "latitude_number": 59.3293,
                "country": "se",
            },
        )

    def test_local_times_are_those_of_the_facility(self):
        self._line("day", "create_date", format="date")
        self._line("local", "create_date", format="datetime_local")
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = '2026-01-31 23:30:00' WHERE id = %s",
            [self.partner.id],
        )
        self.partner.invalidate_recordset()
        self.facility.partner_id.tz = "Europe/Stockholm"
        self.other_facility.partner_id.tz = "UTC"
        self.assertEqual(
            self._build(),
            {"day": "2026-02-01", "local": "2026-02-01T00:30:00+01:00"},
        )
        self.assertEqual(self._build(company=self.other_facility)["day"], "2026-01-31")

    def test_a_number_without_digits_is_exact(self):
        model = self.env["ir.model"]._get("res.currency.rate")
        contract = self._create_contract(publish=False, model_id=model.id)
        mapping = self.env["interop.mapping"].create(
            {
                "interface_id": self.interface.id,
                "contract_id": contract.id,
                "line_ids": [(0, 0, {"path": "rate", "field_path": "rate"})],
            }
        )
        rate = self.env["res.currency.rate"].create(
            {
                "name": "2026-01-01",
                "rate": 1.2345678,
                "currency_id": self.country.currency_id.id,
            }
        )
        built = self.env["interop.handler.mapping"]._builder(mapping, rate)(rate)
        self.assertEqual(built, {"rate": "1.2345678"})

    def test_value_map_translates_and_a_gap_is_a_business_error(self):
        value_map = self.env["interop.value.map"].create(
            {
                "name": "Yes or no",
                "code": "yes-no",
                "line_ids": [
                    (0, 0, {"internal": "true", "external": "J"}),
                    (0, 0, {"internal": "false", "external": "N"}),
                ],
            }
        )
        self._line("company", "is_company", value_map_id=value_map.id)
        self.assertEqual(self._build(), {"company": "J"})
        value_map.line_ids.filtered(lambda line: line.external == "J").unlink()
        with self.assertRaisesRegex(Exception, "company.*Yes or no") as caught:
            self._build()
        self.assertEqual(caught.exception.error_class, "schema")
        self.assertNotIn("true", str(caught.exception).lower())

    def test_sub_list_with_columns(self):
        wards = self._line("wards", "child_ids", kind="list")
        self._line("label", "name", parent_id=wards.id, format="upper")
        self._line("what.it_is", "function", parent_id=wards.id)
        self.assertEqual(
            self._build(),
            {
                "wards": [
                    {"label": "WARD A", "what": {"it_is": "Surgery"}},
                    {"label": "WARD B"},
                ]
            },
        )
        self.partner.child_ids.unlink()
        self.assertEqual(self._build(), {"wards": []})
        wards.required = True
        with self.assertRaisesRegex(Exception, "wards"):
            self._build()

    def test_sub_list_made_in_one_go_as_the_form_does(self):
        self.mapping.write(
            {
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "path": "wards",
                            "kind": "list",
                            "field_path": "child_ids",
                            "child_ids": [(0, 0, {"path": "n", "field_path": "name"})],
                        },
                    )
                ]
            }
        )
        self.assertEqual(self._build(), {"wards": [{"n": "Ward A"}, {"n": "Ward B"}]})

    def test_required_line_without_a_value_names_its_path(self):
        self._line("contact.phone", "phone", required=True)
        with self.assertRaisesRegex(Exception, "contact.phone") as caught:
            self._build()
        self.assertEqual(caught.exception.pointer, "/contact/phone")

    def test_without_lines_nothing_is_built(self):
        with self.assertRaisesRegex(Exception, "no mapping lines"):
            self._build()

    def test_lines_that_cannot_work_are_refused_when_saved(self):
        for message, path, field, values in (
            ("has no field", "a", "nope", {}),
            ("has no field", "a", "country_id.nope", {}),
            ("has no field", "a", None, {}),
            ("several records", "a", "child_ids.name", {}),
            ("several records", "a", "child_ids", {}),
            ("choose a field with several", "a", "name", {"kind": "list"}),
            ("is not a text, number", "a", "image_1920", {}),
            ("does not fit", "a", "name", {"format": "date"}),
            ("does not fit", "a", "child_ids", {"kind": "list", "format": "upper"}),
            ("names joined by dots", "a b", "name", {}),
            ("names joined by dots", "a..b", "name", {}),
        ):
            with (
                self.subTest(message=message, field=field),
                self.assertRaisesRegex(ValidationError, message),
                self.env.cr.savepoint(),
            ):
                self._line(path, field, **values)

    def test_a_path_is_filled_once(self):
        self._line("address", "street")
        for path in ("address", "address.city"):
            with self.assertRaisesRegex(ValidationError, "address"):
                self._line(path, "city")

    def test_the_path_is_proposed_from_the_field(self):
        line = self.env["interop.mapping.line"].new(
            {"mapping_id": self.mapping.id, "kind": "field"}
        )
        for field, path in (
            ("name", "name"),
            ("country_id.code", "country.code"),
            ("parent_id", "parent"),
            ("child_ids", "child"),
        ):
            line.path = False
            line.field_path = field
            line._onchange_field_path()
            self.assertEqual(line.path, path)

    def test_a_format_that_no_longer_fits_is_forgotten(self):
        line = self.env["interop.mapping.line"].new(
            {
                "mapping_id": self.mapping.id,
                "kind": "field",
                "field_path": "name",
                "format": "upper",
            }
        )
        line.field_path = "create_date"
        line._onchange_format()
        self.assertFalse(line.format)

    def test_columns_start_at_the_records_of_the_sub_list(self):
        wards = self._line("wards", "child_ids", kind="list")
        inner = self._line("tags", "category_id", parent_id=wards.id, kind="list")
        leaf = self._line("name", "name", parent_id=inner.id)
        self.assertEqual(wards.base_model, "res.partner")
        self.assertEqual(inner.base_model, "res.partner")
        self.assertEqual(leaf.base_model, "res.partner.category")

    def test_fields_that_the_administrator_may_not_read_cannot_be_mapped(self):
        admin = self._create_user("admin")
        lines = self.env["interop.mapping.line"].with_user(admin)
        with self.assertRaisesRegex(ValidationError, "may not read"):
            lines.create(
                {
                    "mapping_id": self.mapping.id,
                    "path": "a",
                    "field_path": "user_ids.totp_secret",
                    "kind": "list",
                }
            )

    def test_many_records_are_compiled_once(self):
        self._line("name", "name")
        self._line("country", "country_id.code")
        partners = self.env["res.partner"].create(
            [{"name": str(i), "country_id": self.country.id} for i in range(50)]
        )
        handler = self.env["interop.handler.mapping"]
        cls = type(handler)
        with patch.object(
            cls, "_compile", autospec=True, side_effect=cls._compile
        ) as compiled:
            build = handler._builder(self.mapping, partners)
            built = [build(partner) for partner in partners]
        self.assertEqual(compiled.call_count, 1)
        self.assertEqual(len(built), 50)
