"""Mapping lines that send the identifier of a related record."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.interop_mapping.tests.mapping_common import MappingCase


@tagged("post_install", "-at_install")
class TestMappingIdentifier(MappingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.namespace = cls._namespace("Receiver's numbers")
        cls.child = cls.partner.child_ids[0]

    @classmethod
    def _namespace(cls, name, **values):
        number = cls._next()
        return cls.env["interop.namespace"].create(
            {
                "name": name,
                "code": f"mapped-{number}",
                "uri": f"urn:oid:1.2.{number}",
                **values,
            }
        )

    @classmethod
    def _identify(cls, record, value, namespace=None):
        return cls.env["interop.identifier"].create(
            {
                "namespace_id": (namespace or cls.namespace).id,
                "value": value,
                "record_ref": f"{record._name},{record.id}",
            }
        )

    def _identifier_line(self, path, field=None, **values):
        values.setdefault("namespace_id", self.namespace.id)
        return self._line(path, field, kind="identifier", **values)

    def test_the_record_itself_and_a_related_one(self):
        self._identify(self.partner, "R-1")
        self._identify(self.child, "R-2")
        self._identifier_line("number")
        self._identifier_line("belongs.to", "parent_id")
        self.assertEqual(
            self._build(self.child), {"number": "R-2", "belongs": {"to": "R-1"}}
        )
        self.assertEqual(self._build(self.partner), {"number": "R-1"})

    def test_only_the_active_one_of_that_namespace(self):
        other = self._namespace("Others")
        self._identify(self.partner, "OTHER", other)
        self._identify(self.partner, "OLD")._set_retired()
        self._identifier_line("number")
        self._line("name", "name")
        self.assertNotIn("number", self._build())
        self._identify(self.partner, "NEW")
        self.assertEqual(self._build()["number"], "NEW")

    def test_required_and_missing_names_path_and_namespace_but_no_person(self):
        self._identifier_line("number", required=True)
        with self.assertRaisesRegex(Exception, "number.*Receiver") as caught:
            self._build()
        self.assertEqual(caught.exception.error_class, "unknown_identifier")
        self.assertNotIn("Ada", str(caught.exception))

    def test_numbers_of_a_facility_do_not_leave_from_another(self):
        namespace = self._namespace("Mercy's own", company_id=self.facility.id)
        self._identify(self.partner, "M-1", namespace)
        self._identifier_line("number", namespace_id=namespace.id)
        self.assertEqual(self._build(), {"number": "M-1"})
        self.assertEqual(self._build(company=self.other_facility), {})

    def test_in_a_sub_list(self):
        self._identify(self.child, "R-2")
        wards = self._line("wards", "child_ids", kind="list")
        self._identifier_line("number", parent_id=wards.id)
        self.assertEqual(self._build(), {"wards": [{"number": "R-2"}, {}]})

    def test_a_batch_takes_one_query(self):
        partners = self.env["res.partner"].create(
            [{"name": str(n), "company_id": self.facility.id} for n in range(50)]
        )
        for partner in partners:
            self._identify(partner, f"N-{partner.id}")
        self._identifier_line("number")
        handler = self.env["interop.handler.mapping"].with_company(self.facility)
        self.env.flush_all()
        handler._builder(self.mapping, partners[:1])(partners[:1])
        self.env["interop.identifier"].invalidate_model()
        before = self.env.cr.sql_log_count
        build = handler._builder(self.mapping, partners)
        values = {build(partner)["number"] for partner in partners}
        self.assertEqual(len(values), 50)
        self.assertLessEqual(self.env.cr.sql_log_count - before, 3)

    def test_lines_that_cannot_work_are_refused(self):
        for message, values in (
            ("Choose the namespace", {"namespace_id": False}),
            ("keeps no identifiers", {"field": "user_id"}),
            ("has no field", {"field": "nope"}),
            ("several records", {"field": "child_ids"}),
        ):
            with (
                self.subTest(message=message),
                self.assertRaisesRegex(ValidationError, message),
                self.env.cr.savepoint(),
            ):
                self._identifier_line("number", **values)

    def test_a_personal_identifier_needs_a_contract_of_that_data_class(self):
        namespace = self._namespace("Patients", person_adjacent=True)
        with (
            self.assertRaisesRegex(ValidationError, "identifies a person"),
            self.env.cr.savepoint(),
        ):
            self._identifier_line("number", namespace_id=namespace.id)
        self.interface.data_class = "patient_adjacent"
        self.contract.data_class = "patient_adjacent"
        self._identifier_line("number", namespace_id=namespace.id)

    def test_its_schema_is_text(self):
        line = self._identifier_line("number", required=True)
        schema = line._schema()
        self.assertEqual(schema["required"], ["number"])
        self.assertEqual(schema["properties"]["number"]["type"], "string")
