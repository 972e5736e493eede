"""``provider.updated`` and ``person.updated``: changed master data is sent."""

import json

from odoo import Command
from odoo.tests import tagged

from odoo.addons.interop_base.tests.common import InteropCase

NPI = "http://hl7.org/fhir/sid/us-npi"


@tagged("post_install", "-at_install")
class TestUpdates(InteropCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system = cls._create_system(
            company_ids=[Command.set((cls.facility | cls.other_facility).ids)]
        )
        find = cls.env["interop.contract"]._find
        cls.contracts = find("provider.updated") | find("person.updated")
        cls.interface = cls._capture(cls.facility)
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.facility.ids}
        )
        cls.cardiology = cls.env["interop.care.specialty"].create(
            {"name": "Cardiology", "code": "394579002", "uri": "http://snomed.info/sct"}
        )

    @classmethod
    def _capture(cls, facility):
        interface = cls._create_interface(
            system_id=cls.system.id,
            contract_ids=[Command.set(cls.contracts.ids)],
            company_ids=[Command.set(facility.ids)],
            data_class="patient_adjacent",
            transport=False,
            activate=False,
        )
        interface._transition({"state": "active"})
        cls.env.registry.clear_cache()
        return interface

    def _provider(self, **values):
        return self.env["res.partner"].create(
            {"name": "Dr. Adam Careful", "interop_is_provider": True, **values}
        )

    def _sent(self, partner, interface=None):
        """Return ``[(type, data)]`` of the messages about the partner, in order."""
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        messages = self.env["interop.message"].search(
            [
                ("res_model", "=", "res.partner"),
                ("res_id", "=", partner.id),
                ("interface_id", "=", (interface or self.interface).id),
            ],
            order="sequence",
        )
        self.assertLessEqual(set(messages.mapped("state")), {"pending"})
        envelopes = [json.loads(message._payload_bytes()) for message in messages]
        return [(item["type"], item["data"]) for item in envelopes]

    def test_new_provider_with_all_that_administration_needs(self):
        partner = self._provider(
            phone="+1 555 0100",
            street="1 Main Street",
            city="Springfield",
            country_id=self.env.ref("base.us").id,
            comment="Private note",
            interop_specialty_ids=[Command.set(self.cardiology.ids)],
        )
        self.env["interop.identifier"].create(
            {
                "namespace_id": self.env.ref(
                    "interop_identifier.interop_namespace_npi"
                ).id,
                "value": "1234567893",
                "record_ref": f"res.partner,{partner.id}",
            }
        )
        self.env["interop.care.role"].create(
            {
                "partner_id": partner.id,
                "code": "attending",
                "name": "Attending physician",
                "company_id": self.facility.id,
                "date_start": "2026-01-01",
            }
        )
        ((message_type, data),) = self._sent(partner)
        self.assertEqual(message_type, "provider.updated")
        self.assertEqual(data["name"], {"text": "Dr. Adam Careful"})
        self.assertEqual(data["identifiers"][0]["system"], NPI)
        self.assertEqual(data["telecom"], [{"system": "phone", "value": "+1 555 0100"}])
        self.assertEqual(data["address"]["country"], "US")
        self.assertEqual(data["specialties"][0]["code"], "394579002")
        self.assertEqual(data["roles"][0]["period"], {"start": "2026-01-01"})
        self.assertNotIn("Private note", json.dumps(data))

    def test_changes_that_matter_and_changes_that_do_not(self):
        partner = self._provider()
        self._sent(partner)
        partner.comment = "A note"
        self.assertEqual(len(self._sent(partner)), 1)
        partner.city = "Lund"
        self.assertEqual(self._sent(partner)[-1][1]["address"]["city"], "Lund")
        partner.city = "Lund"
        self.assertEqual(len(self._sent(partner)), 2)
        partner.active = False
        self.assertFalse(self._sent(partner)[-1][1]["active"])

    def test_several_changes_in_one_transaction_are_one_message(self):
        partner = self._provider()
        partner.city = "Lund"
        partner.phone = "+1 555 0100"
        self.assertEqual(len(self._sent(partner)), 1)

    def test_a_role_is_a_change_of_its_provider(self):
        partner = self._provider()
        self._sent(partner)
        role = self.env["interop.care.role"].create(
            {
                "partner_id": partner.id,
                "code": "attending",
                "name": "Attending",
                "company_id": self.facility.id,
            }
        )
        self.assertEqual(len(self._sent(partner)[-1][1]["roles"]), 1)
        role.name = "Head"
        self.assertEqual(self._sent(partner)[-1][1]["roles"][0]["display"], "Head")
        role.unlink()
        self.assertEqual(self._sent(partner)[-1][1]["roles"], [])

    def test_other_facilities_where_the_provider_works_learn_their_own_roles(self):
        other = self._capture(self.other_facility)
        partner = self._provider()
        self.env["interop.care.role"].create(
            [
                {
                    "partner_id": partner.id,
                    "code": facility.name,
                    "name": facility.name,
                    "company_id": facility.id,
                }
                for facility in self.facility | self.other_facility
            ]
        )
        self._sent(partner)
        partner.city = "Lund"
        for interface in (self.interface, other):
            data = self._sent(partner, interface)[-1][1]
            codes = [role["code"] for role in data["roles"]]
            self.assertEqual(codes, interface.company_ids.mapped("name"))

    def test_a_person(self):
        partner = self.env["res.partner"].create(
            {"name": "Eve Everywoman", "interop_is_person": True, "lang": "en_US"}
        )
        ((message_type, data),) = self._sent(partner)
        self.assertEqual(message_type, "person.updated")
        self.assertEqual(data["language"], "en-US")
        self.assertNotIn("roles", data)

    def test_ordinary_contacts_stay_here(self):
        partner = self.env["res.partner"].create({"name": "A supplier"})
        partner.city = "Lund"
        self.assertFalse(self._sent(partner))

    def test_a_change_without_subscribers_costs_no_statement(self):
        self.interface._transition({"state": "retired"})
        self.env.registry.clear_cache()
        partner = self._provider()
        partner._publish_change({partner: {"city"}})
        self.env.flush_all()
        with self.assertQueryCount(0):
            for message_type in ("provider.updated", "person.updated"):
                partner._interop_publish_updated(message_type)
