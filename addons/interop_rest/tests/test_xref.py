"""Cross-references as IHE PIXm asks for them, and links told by the source system."""

import json
from urllib.parse import urlencode

from odoo.tests import tagged

from odoo.addons.interop_identifier.models.case_decision import CaseDecision

from ..tools import xref
from .common import RestHttpCase

PATH = "/interop/v1/identifiers"
CANARY = "Canary-4711"


class XrefCase(RestHttpCase):
    """A client with namespaces that it may look up, one of them its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls._namespace("own", system_id=cls.system.id)
        cls.national, cls.lab, cls.hidden = (
            cls._namespace(name) for name in ("national", "lab", "hidden")
        )
        cls.record = cls.facility  # a record that service users may read
        cls._identify(cls.national, CANARY)
        cls._identify(cls.lab, "L-1")
        cls._identify(cls.hidden, "H-1")
        cls.client._set_suspended()
        cls.client._set_requested()
        cls.client.namespace_ids = cls.own | cls.national | cls.lab
        cls.client.may_link = True
        cls._activate_client(cls.client)

    @classmethod
    def _namespace(cls, name, **values):
        return cls.env["interop.namespace"].create(
            {
                "name": name,
                "code": f"{name}-{cls._next()}",
                "uri": f"http://{name}.example",
                **values,
            }
        )

    @classmethod
    def _identify(cls, namespace, value, record=None):
        record = record or cls.record
        return cls.env["interop.identifier"].create(
            {
                "namespace_id": namespace.id,
                "value": value,
                "res_model": record._name,
                "res_id": record.id,
            }
        )

    def _audit(self):
        return (
            self.env["interop.audit.event"]
            .search(
                [
                    ("res_model", "=", "interop.client"),
                    ("res_id", "=", self.client.id),
                    ("action", "in", ("viewed", "linked")),
                ],
                order="id",
            )
            .mapped("detail")
        )


@tagged("post_install", "-at_install")
class TestCrossReference(XrefCase):
    def _ask(self, source=f"http://national.example|{CANARY}", targets=(), **more):
        asked = [("sourceIdentifier", source), *more.items()]
        query = urlencode(asked + [("targetSystem", name) for name in targets])
        headers = self._signed("", xref.signed_id(query.encode()))
        self.env.flush_all()
        url = f"{self.base_url()}{PATH}/$ihe-pix?{query}"
        response = self.opener.get(url, headers=headers)
        self.env.invalidate_all()
        if response.status_code != 200:
            self.assertNotIn(CANARY, response.text, "never echoed")
        return response

    def _found(self, response):
        """Return the identifiers that were found as ``{system: value}``."""
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(response.headers["Content-Type"], "application/fhir+json")
        body = response.json()
        self.assertEqual(body.pop("resourceType"), "Parameters")
        self.assertLessEqual(body.keys(), {"parameter"})
        found = body.get("parameter", [])
        self.assertEqual({item["name"] for item in found} - {"targetIdentifier"}, set())
        identifiers = [item["valueIdentifier"] for item in found]
        return {item["system"]: item["value"] for item in identifiers}

    def test_case_40_the_source_identifier_is_not_repeated(self):
        self.assertEqual(self._found(self._ask()), {"http://lab.example": "L-1"})

    def test_case_40_nothing_else_is_an_answer_without_parameter(self):
        response = self._ask(targets=["http://own.example"])
        self.assertEqual(response.json(), {"resourceType": "Parameters"})
        response = self._ask(targets=["http://national.example"])
        self.assertEqual(response.json(), {"resourceType": "Parameters"})

    def test_case_40_formats(self):
        for name in ("json", "application/json", "application/fhir+json"):
            self.assertEqual(
                self._found(self._ask(_format=name)), {"http://lab.example": "L-1"}
            )
        for name in ("xml", "application/fhir+xml", "ttl"):
            self._assert_problem(self._ask(_format=name), 406, "not_acceptable")

    def test_only_of_target_namespaces(self):
        found = self._found(self._ask(targets=["http://lab.example"]))
        self.assertEqual(found, {"http://lab.example": "L-1"})
        found = self._found(self._ask(targets=["http://own.example"]))
        self.assertEqual(found, {}, "known, without a number there")

    def test_the_survivor_answers(self):
        prior = self.env["res.company"].create({"name": "Mercy West"})
        self._identify(self.own, "O-1", prior)
        self.env["interop.identifier.merge"]._merge(self.record, prior)
        row = self.env["interop.identifier"].search([("value", "=", "O-1")])
        row._set_merged()
        found = self._found(self._ask("http://own.example|O-1"))
        self.assertEqual(
            found, {"http://national.example": CANARY, "http://lab.example": "L-1"}
        )

    def test_errors(self):
        for source, targets, status, code in (
            ("http://none.example|1", (), 400, "namespace_unknown"),
            ("http://hidden.example|H-1", (), 403, "lookup_not_allowed"),
            ("http://national.example|none", (), 404, "identifier_not_found"),
            (
                "http://lab.example|L-1",
                ["http://hidden.example"],
                403,
                "lookup_not_allowed",
            ),
            (
                "http://lab.example|L-1",
                ["http://none.example"],
                403,
                "lookup_not_allowed",
            ),
            ("L-1", (), 400, "invalid_query"),
        ):
            with self.subTest(source=source, targets=targets):
                self._assert_problem(self._ask(source, targets), status, code)

    def test_the_signature_covers_the_query(self):
        query = urlencode({"sourceIdentifier": f"http://lab.example|{CANARY}"})
        headers = self._signed("", xref.signed_id(b"sourceIdentifier=other"))
        response = self.opener.get(
            f"{self.base_url()}{PATH}/$ihe-pix?{query}", headers=headers
        )
        self._assert_problem(response, 400, "id_mismatch")

    def test_every_one_is_on_record_and_no_value_is(self):
        self._ask(facility="MERCY")
        self._ask("http://national.example|none")
        row = self.env["interop.identifier"].search([("value", "=", CANARY)])
        self.assertEqual(
            self._audit(),
            [
                f"Looked up identifier {row.id} in MERCY",
                "Looked up an unknown identifier",
            ],
        )

    def test_promise_9_other_facilities_are_not_there(self):
        self._identify(self.own, "elsewhere", self.other_facility)
        response = self._ask("http://own.example|elsewhere")
        self._assert_problem(response, 404, "identifier_not_found")


@tagged("post_install", "-at_install")
class TestLinking(XrefCase):
    def _link(self, value="O-1", system="http://own.example", body=None, record=None):
        if body is None:
            body = json.dumps(
                {
                    "identifier": {"system": system, "value": value},
                    "record": {
                        "system": "http://national.example",
                        "value": CANARY,
                        **(record or {}),
                    },
                }
            )
        headers = self._signed(body, f"link_{self._next()}")
        self.env.flush_all()
        url = self.base_url() + PATH
        response = self.opener.post(url, data=body.encode(), headers=headers)
        self.env.invalidate_all()
        self.assertNotIn(CANARY, response.text)
        return response

    def _rows(self):
        return self.env["interop.identifier"].search(
            [("namespace_id", "=", self.own.id)]
        )

    def test_linked_once_however_often_it_is_told(self):
        response = self._link()
        self.assertEqual(
            (response.status_code, response.json()), (201, {"status": "linked"})
        )
        row = self._rows()
        self.assertEqual((row.value, row.record_ref), ("O-1", self.record))
        response = self._link()
        self.assertEqual(
            (response.status_code, response.json()), (200, {"status": "known"})
        )
        self.assertEqual(self._rows(), row)
        self.assertIn(f"Linked identifier {row.id} in Mercy Hospital", self._audit())

    def test_a_number_of_another_record_is_a_conflict_for_a_steward(self):
        other = self.env["res.company"].create({"name": "Mercy West"})
        self._identify(self.own, "O-1", other)
        self._assert_problem(self._link(), 409, "identifier_conflict")
        self.assertEqual(self._rows().record_ref, other, "nothing was linked")
        case = self.env["interop.identity.case"].search([("state", "=", "open")])
        self.assertEqual((case.kind, case.company_id), ("duplicate", self.facility))
        self.assertEqual({case.left_id, case.right_id}, {other.id, self.record.id})
        self.assertEqual(case.system_id, self.system)
        self._link()
        self.assertEqual(
            self.env["interop.identity.case"].search_count([("state", "=", "open")]), 1
        )
        steward = self._create_user("steward", companies=self.facility | other)
        side = "left" if case.left_id == self.record.id else "right"
        case = case.with_user(steward).with_context(
            allowed_company_ids=(self.facility | other).ids
        )
        CaseDecision(case).merge(side, "One campus")
        self.assertEqual(self._link().status_code, 200)

    def test_a_second_number_is_a_question_too(self):
        self._link()
        self._assert_problem(self._link("O-2"), 409, "identifier_conflict")
        case = self.env["interop.identity.case"].search([("state", "=", "open")])
        self.assertEqual(case.namespace_id, self.own)
        CaseDecision(case.with_user(self._create_user("steward"))).add_number()
        self.assertEqual(self._link("O-2").status_code, 201)
        self.assertEqual(
            dict(self._rows().mapped(lambda row: (row.value, row.state))),
            {"O-1": "merged", "O-2": "active"},
        )

    def test_only_in_namespaces_of_its_own_system(self):
        for system, status, code in (
            ("http://lab.example", 403, "link_not_allowed"),
            ("http://none.example", 400, "namespace_unknown"),
        ):
            self._assert_problem(self._link(system=system), status, code)
        foreign = self._namespace(
            "foreign", system_id=self.system.id, company_id=self.other_facility.id
        )
        self._assert_problem(self._link(system=foreign.uri), 403, "link_not_allowed")

    def test_only_records_that_it_may_look_up(self):
        for record, status, code in (
            ({"value": "none"}, 404, "identifier_not_found"),
            ({"system": "http://hidden.example"}, 403, "lookup_not_allowed"),
            ({"system": "http://none.example"}, 400, "namespace_unknown"),
        ):
            self._assert_problem(self._link(record=record), status, code)
        self.assertFalse(self._rows())

    def test_only_where_it_was_approved(self):
        self.client._set_suspended()
        self.client._set_requested()
        self.client.may_link = False
        self._activate_client(self.client)
        self._assert_problem(self._link(), 403, "link_not_allowed")

    def test_only_with_the_rights_of_the_service_user(self):
        self.client.user_id.sudo().group_ids = self.env.ref(
            "interop_base.interop_base_group_user"  # reads identifiers, adds none
        )
        self._assert_problem(self._link(), 403, "link_not_allowed")
        self.assertFalse(self._rows())

    def test_bodies_that_are_no_link(self):
        for body, code in (
            ("{", "invalid_json"),
            ("[]", "invalid_link"),
            ('{"identifier": {}, "record": {}}', "invalid_link"),
        ):
            self._assert_problem(self._link(body=body), 400, code)

    def test_stopped(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_system SET interop_stopped_at = now() WHERE id = %s",
            [self.system.id],
        )
        self.env.invalidate_all()
        self._assert_problem(self._link(), 503, "paused")
