"""``provider.updated``, and shared code with ``person.updated``: outbound master data.

Outbound messages have the same members as inbound ones, so that partners need only one
reader.
"""

from odoo import models

from ..tools import address
from .interop_handler_party import TELECOM_FIELDS

# Partner fields whose change is published.
UPDATE_FIELDS = {
    "name",
    "active",
    "phone",
    "email",
    "website",
    "street",
    "street2",
    "city",
    "zip",
    "state_id",
    "country_id",
    "lang",
    "company_id",
    "interop_is_provider",
    "interop_is_person",
    "interop_specialty_ids",
    "interop_birth_date",
    "interop_guarantor_id",
    "interop_payer_id",
    "interop_payer_number",
    "interop_communication_consent",
}
TELECOMS = ("phone", "email", "url")


class InteropHandlerPartyUpdated(models.AbstractModel):
    """Shared code of both messages."""

    _name = "interop.handler.party.updated"
    _inherit = "interop.handler"
    _description = "Handler of Partner Updates"

    def _snapshot_builder(self, records, build=None, subject=None):
        """Find the identifiers of all partners of a batch in one query."""
        prefetched = self._identifiers(records)
        return super()._snapshot_builder(
            records,
            build or (lambda record: self._build(record, prefetched)),
            subject or (lambda record: prefetched[record.id]),
        )

    def _build(self, record, prefetched=None):
        prefetched = prefetched or self._identifiers(record)
        members = {
            "identifiers": prefetched[record.id],
            "name": {"text": record.name},
            "active": record.active,
            "telecom": self._telecom(record),
        }
        where = self._address(record)
        if where:
            members["address"] = where
        return members

    def _companies(self, record):
        """Return every facility that knows the person, and no other."""
        return record.company_id or record._interop_known_at()

    def _subject(self, record):
        return self._identifiers(record)[record.id]

    def _business_key(self, record):
        return record.name

    def _identifiers(self, records):
        return self.env["interop.identifier"]._wire_many(records, self.env.company)

    def _telecom(self, record):
        return [
            {"system": system, "value": record[TELECOM_FIELDS[system]]}
            for system in TELECOMS
            if record[TELECOM_FIELDS[system]]
        ]

    def _address(self, record):
        members = {
            "lines": address.lines(record.street, record.street2),
            "city": record.city,
            "state": record.state_id.code,
            "postal_code": record.zip,
            "country": record.country_id.code,
        }
        return {name: value for name, value in members.items() if value}


class InteropHandlerProviderUpdated(models.AbstractModel):
    """``provider.updated`` v1, with the roles at the facility that sends it."""

    _name = "interop.handler.provider.updated"
    _inherit = "interop.handler.party.updated"
    _description = "Handler of provider.updated"

    def _build(self, record, prefetched=None):
        members = super()._build(record, prefetched)
        members["specialties"] = self._codings(record.interop_specialty_ids)
        members["roles"] = [
            self._role(role)
            for role in record.interop_role_ids
            if role.company_id == self.env.company
        ]
        return members

    def _role(self, role):
        period = {"start": role.date_start, "end": role.date_end}
        members = {
            "code": role.code,
            "display": role.name,
            "specialties": self._codings(role.specialty_ids),
            "period": {name: day.isoformat() for name, day in period.items() if day},
        }
        return {name: value for name, value in members.items() if value}

    def _codings(self, specialties):
        return [
            {
                **({"system": specialty.uri} if specialty.uri else {}),
                "code": specialty.code,
                "display": specialty.name,
            }
            for specialty in specialties
        ]
