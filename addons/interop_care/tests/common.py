"""The care contracts on active interfaces of one client."""

import json

from odoo.addons.interop_rest.tests.common import RestHttpCase

NPI = "http://hl7.org/fhir/sid/us-npi"


class CareCase(RestHttpCase):
    """Messages about providers and locations over the real route."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider_contract = cls.env.ref(
            "interop_care.interop_contract_provider_upserted"
        )
        cls.location_contract = cls.env.ref(
            "interop_care.interop_contract_location_upserted"
        )
        cls.interface._set_suspended()
        cls.interface = cls._create_in_interface(
            contract_ids=[(6, 0, (cls.provider_contract | cls.location_contract).ids)],
            data_class="personal",
        )
        cls.client = cls._create_client()
        cls.secret_text = cls._add_key(cls.client)
        cls._activate_client(cls.client)
        cls.own = cls.env["interop.namespace"].create(
            {
                "name": "Mercy numbers",
                "code": "mercy-numbers",
                "uri": "http://mercy.example/providers",
                "company_id": cls.facility.id,
            }
        )
        cls.places = cls.env["interop.namespace"].create(
            {
                "name": "Mercy locations",
                "code": "mercy-locations",
                "uri": "http://mercy.example/locations",
                "company_id": cls.facility.id,
            }
        )

    def _provider(self, **data):
        """Return the envelope of a provider with both numbers."""
        return self._envelope(
            type="provider.upserted",
            schema_version=1,
            data={
                "identifiers": [
                    {"system": NPI, "value": "1234567893", "use": "official"},
                    {"system": self.own.uri, "value": "MP-42"},
                ],
                "name": {"prefix": ["Dr."], "given": ["Adam"], "family": "Careful"},
                **data,
            },
        )

    def _location(self, number, **data):
        return self._envelope(
            type="location.upserted",
            schema_version=1,
            data={
                "identifiers": [{"system": self.places.uri, "value": number}],
                "name": f"Place {number}",
                **data,
            },
        )

    def _send(self, envelope, status=200):
        response = self._post(envelope)
        self.assertEqual(response.status_code, status, response.text)
        return response

    def _found(self, uri, value):
        """Return the partner that an identifier finds."""
        return self.env["interop.identifier"]._resolve(
            [{"system": uri, "value": value}], self.facility
        )

    def _example(self, contract):
        return json.loads(contract.example_ids[:1].body)
