"""People over the real route, at two facilities."""

from contextlib import contextmanager
from urllib.parse import urlencode

from odoo import Command

from odoo.addons.interop_rest.tools import lookup

from .common import CareCase

NATIONAL = "http://national.example/person"


class PersonCase(CareCase):
    """Two clients, one per facility. Each facility has its own numbers, and both use
    the national ones."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ref = cls.env.ref
        cls.person_contracts = (
            ref("interop_care.interop_contract_person_registered")
            | ref("interop_care.interop_contract_person_updated")
            | ref("interop_care.interop_contract_person_merged")
        )
        cls.interface._set_suspended()
        cls.national = cls._numbers("national-person")
        cls.national.uri = NATIONAL
        cls.mrn = cls._numbers("mercy-mrn", cls.facility, cls.system)
        mercy = cls._connect(cls.facility, cls.mrn)
        mercy_system = cls.system
        cls.anne_system = cls.system = cls._create_system(
            company_ids=[Command.set(cls.other_facility.ids)],
            facility_code_ids=[
                Command.create({"code": "ANNE", "company_id": cls.other_facility.id})
            ],
        )
        cls.anne_mrn = cls._numbers("anne-mrn", cls.other_facility, cls.system)
        cls.anne = cls._connect(cls.other_facility, cls.anne_mrn)
        cls.system = mercy_system
        cls.interface, cls.client, cls.secret_text = mercy

    @classmethod
    def _connect(cls, facility, numbers):
        """Return interface, client and key of the current system at a facility."""
        interface = cls._create_in_interface(
            contract_ids=[Command.set(cls.person_contracts.ids)],
            company_ids=[Command.set(facility.ids)],
            data_class="patient_adjacent",
            activate=False,
        )
        cls._activate_elsewhere(interface)
        client = cls._create_client(
            interface_ids=[Command.set(interface.ids)],
            namespace_ids=[Command.set((numbers | cls.national).ids)],
        )
        secret = cls._add_key(client)
        steward = cls._create_user("steward", companies=facility)
        client.with_user(steward).action_approve(client.approval_fingerprint)
        client._set_active()
        return interface, client, secret

    @classmethod
    def _numbers(cls, code, facility=None, system=None):
        return cls.env["interop.namespace"].create(
            {
                "name": code,
                "code": code,
                "uri": f"http://{code}.example",
                "company_id": facility and facility.id,
                "system_id": system and system.id,
            }
        )

    @contextmanager
    def _as_anne(self):
        """Switch to the other facility's system."""
        kept = self.interface, self.client, self.secret_text
        self.interface, self.client, self.secret_text = self.anne
        try:
            yield
        finally:
            self.interface, self.client, self.secret_text = kept

    def _at_anne(self, envelope):
        """Send as the other facility's system; return the answer."""
        with self._as_anne():
            return self._post({**envelope, "facility": "ANNE"})

    def _look_up(self, namespace, value):
        """Return status and body of a look-up."""
        query = urlencode({"namespace": namespace.uri, "value": value})
        headers = self._signed("", lookup.signed_id(query.encode()))
        self.env.flush_all()
        url = f"{self.base_url()}/interop/v1/identifiers?{query}"
        response = self.opener.get(url, headers=headers)
        self.env.invalidate_all()
        return response.status_code, response.json()

    def _wire(self, namespace, value):
        return {"system": namespace.uri, "value": value}

    def _person(self, *wires, kind="registered", occurred_at=None, **data):
        if kind == "registered":
            data.setdefault("name", {"given": ["Eve"], "family": "Everywoman"})
        members = {"occurred_at": occurred_at} if occurred_at else {}
        return self._envelope(
            type=f"person.{kind}",
            schema_version=1,
            data={"identifiers": list(wires), **data},
            **members,
        )

    def _merged(self, survivor, *prior, **data):
        """Return a merge of identifiers (each a wire) into the one of the survivor."""
        return self._envelope(
            type="person.merged",
            schema_version=1,
            data={
                "survivor": {"identifiers": [survivor]},
                "prior": [{"identifiers": [wire]} for wire in prior],
                **data,
            },
        )

    def _who(self, wire, facility=None):
        """Return the partner that an identifier finds, empty if there is none."""
        found = self.env["interop.identifier"]._resolve(
            [wire], facility or self.facility
        )
        return found or self.env["res.partner"]

    def _last(self):
        """Return the latest message."""
        return self.env["interop.message"].search([], order="id desc", limit=1)
