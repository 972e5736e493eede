"""The OpenAPI document: valid, complete, and about nobody else's messages."""

import json
import re

from openapi_spec_validator import OpenAPIV31SpecValidator

from odoo.http import _generate_routing_rules
from odoo.tests import tagged

from odoo.addons.interop_base import clock

from ..tools import problems
from .common import RestHttpCase

PATH = "/interop/v1/openapi.json"


@tagged("post_install", "-at_install")
class TestOpenapi(RestHttpCase):
    def _get(self, message_id="openapi", **options):
        headers = self._signed("", message_id, **options)
        return self._fetch(headers)

    def _fetch(self, headers=None):
        self.env.flush_all()
        return self.opener.get(self.base_url() + PATH, headers=headers or {})

    def _public(self, allowed):
        settings = self.env["res.config.settings"]
        settings.create({"interop_rest_public_openapi": allowed}).execute()

    def _document(self, response):
        self.assertEqual(response.status_code, 200, response.text)
        self._assert_headers(response)
        document = response.json()
        OpenAPIV31SpecValidator(document).validate()
        return document

    def test_a_client_gets_its_contracts(self):
        foreign = self._create_in_interface(
            system_id=self._create_system().id,
            contract_ids=[(6, 0, self._create_contract().ids)],
        )
        document = self._document(self._get())
        name = f"{self.contract.message_type}.v1"
        schemas = document["components"]["schemas"]
        self.assertEqual(schemas[name], json.loads(self.contract.schema))
        self.assertNotIn(foreign.contract_ids.message_type, json.dumps(document))
        body = document["paths"]["/interop/v1/messages"]["post"]["requestBody"]
        self.assertEqual(
            body["content"]["application/json"]["schema"],
            {"$ref": f"#/components/schemas/{name}.message"},
        )
        (example,) = body["content"]["application/json"]["examples"].values()
        self.assertEqual(example["value"]["data"], {"name": "A"})

    def test_a_client_of_several_facilities_is_told_their_codes(self):
        name = f"{self.contract.message_type}.v1.message"
        message = self._document(self._get())["components"]["schemas"][name]
        self.assertNotIn("facility", message["required"])
        self.assertEqual(message["properties"]["facility"]["examples"], ["MERCY"])
        self.system.company_ids |= self.other_facility
        self.system.facility_code_ids = [
            (0, 0, {"code": "ELM", "company_id": self.other_facility.id})
        ]
        client = self._create_client()
        secret = self._add_key(client)
        second = self._create_in_interface(
            company_ids=[(6, 0, self.other_facility.ids)], activate=False
        )
        client.interface_ids |= second
        self._activate_client(client)
        self._activate_elsewhere(second)
        document = self._document(self._get(client=client.code, secret=secret))
        message = document["components"]["schemas"][name]
        self.assertIn("facility", message["required"])
        facility = message["properties"]["facility"]
        self.assertEqual(facility["examples"], ["ELM", "MERCY"])

    def test_only_active_interfaces_and_usable_contracts(self):
        self.interface._set_suspended()
        document = self._document(self._get())
        self.assertNotIn(self.contract.message_type, json.dumps(document))
        self.interface._set_active()
        self.contract.sunset_date = clock.now().date()
        self.contract._set_deprecated()
        schemas = self._document(self._get())["components"]["schemas"]
        message = schemas[f"{self.contract.message_type}.v1.message"]
        self.assertIs(message["deprecated"], True)
        self.assertIn(str(self.contract.sunset_date), message["description"])
        self.contract._set_retired()
        document = self._document(self._get())
        self.assertNotIn(self.contract.message_type, json.dumps(document))

    def _create_out_interface(self, **values):
        contract = self._create_contract()
        interface = self._create_in_interface(
            contract_ids=[(6, 0, contract.ids)], **values
        )
        # Stored as the addon above would: the transport is not known to this one.
        self._commit()
        self.env.cr.execute(
            "UPDATE interop_interface SET direction='out', transport='webhook' "
            "WHERE id=%s",
            [interface.id],
        )
        self.env.invalidate_all()
        return interface

    def test_what_is_sent_to_the_system_is_a_webhook(self):
        contract = self._create_out_interface().contract_ids
        self._create_out_interface(system_id=self._create_system().id)
        self._create_out_interface()._set_suspended()
        webhooks = self._document(self._get())["webhooks"]
        self.assertEqual(list(webhooks), [f"{contract.message_type}.v1"])
        (operation,) = webhooks.values()
        body = operation["post"]["requestBody"]["content"]["application/json"]
        (example,) = body["examples"].values()
        self.assertEqual(example["value"]["data"], {"name": "A"})

    def test_promise_9_no_webhook_about_another_facility(self):
        self.system.company_ids |= self.other_facility
        self.client._transition({"company_ids": [(6, 0, self.facility.ids)]})
        own = self._create_out_interface()
        elsewhere = self._create_out_interface(
            activate=False, company_ids=[(6, 0, self.other_facility.ids)]
        )
        elsewhere._transition({"state": "active"})
        webhooks = self._document(self._get())["webhooks"]
        self.assertEqual(list(webhooks), [f"{own.contract_ids.message_type}.v1"])

    def test_everybody_gets_the_skeleton_if_settings_allow(self):
        self._assert_problem(self._fetch(), 401, "unauthorized")
        self._public(True)
        document = self._document(self._fetch())
        self.assertNotIn(self.contract.message_type, json.dumps(document))
        self._public(False)
        self._assert_problem(self._fetch(), 401, "unauthorized")

    def test_a_failed_proof_is_a_401_and_no_skeleton(self):
        self._public(True)
        wrong = self._get(client="nobody")
        self._assert_problem(wrong, 401, "unauthorized")
        self._assert_problem(self._get("msg_1"), 400, "id_mismatch")

    def test_every_route_is_documented(self):
        paths = self._document(self._get())["paths"]
        for url, endpoint in _generate_routing_rules(["interop_rest"], nodb_only=False):
            if endpoint.original_endpoint.__name__ == "unknown":
                continue
            path = re.sub(r"<path:\w+>", "{id}", url)
            path = re.sub(r"<string:(\w+)>", r"{\1}", path)
            methods = set(endpoint.routing["interop_methods"]) - {"HEAD"}
            self.assertEqual({name.upper() for name in paths[path]}, methods, url)

    def test_every_way_of_proof_is_a_security_scheme(self):
        document = self._document(self._get())
        schemes = document["components"]["securitySchemes"]
        described = {
            ("apiKey", "webhook-signature"),
            ("http", "bearer"),
            ("apiKey", "Signature"),
            ("apiKey", "Interop-Client"),
            ("apiKey", "X-Signature"),
        }
        self.assertEqual(
            {
                (scheme["type"], scheme.get("name") or scheme["scheme"])
                for scheme in schemes.values()
            },
            described,
        )
        for path, methods in document["paths"].items():
            for operation in methods.values():
                for way in operation["security"]:
                    self.assertLessEqual(way.keys(), schemes.keys(), path)

    def test_every_code_is_documented(self):
        text = json.dumps(self._document(self._get()))
        for code in problems.KINDS:
            self.assertIn(f'"code": "{code}"', text)
