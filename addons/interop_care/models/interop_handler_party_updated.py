"""``provider.updated`` and ``person.updated``: master data that leaves Odoo.

They mirror what comes in: the same members in the same shapes, so that one partner
reads both ways alike.
"""

from odoo import models

from ..tools import address

# Partner fields whose change is worth a message.
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
TELECOM_FIELDS = {"phone": "phone", "email": "email", "url": "website"}


class InteropHandlerPartyUpdated(models.AbstractModel):
    """What both messages have in common."""

    _name = "interop.handler.party.updated"
    _inherit = "interop.handler"
    _description = "Handler of Partner Updates"

    def _snapshot_builder(self, records, build=None, subject=None):
        """Find the identifiers of all partners of a batch in one query."""
        known = self._identifiers(records)
        return super()._snapshot_builder(
            records,
            build or (lambda record: self._build(record, known)),
            subject or (lambda record: known[record.id]),
        )

    def _build(self, record, known=None):
        known = known or self._identifiers(record)
        members = {
            "identifiers": known[record.id],
            "name": {"text": record.name},
            "active": record.active,
            "telecom": self._telecom(record),
        }
        where = self._address(record)
        if where:
            members["address"] = where
        return members

    def _companies(self, record):
        """Every facility that knows the person learns of it, and no other."""
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

    def _build(self, record, known=None):
        members = super()._build(record, known)
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


class InteropHandlerPersonUpdated(models.AbstractModel):
    """``person.updated`` v1, out: who somebody is, how to reach them and who pays.

    Nothing clinical. What comes in: ``interop_handler_person.py``.
    """

    _name = "interop.handler.person.updated"
    _inherit = "interop.handler.party.updated"
    _description = "Handler of person.updated"

    def _build(self, record, known=None):
        members = super()._build(record, known)
        if record.lang:
            members["language"] = record.lang.replace("_", "-")
        if record.interop_birth_date:
            members["birth_date"] = record.interop_birth_date.isoformat()
        if record.interop_communication_consent:
            members["communication_consent"] = record.interop_communication_consent
        guarantor = self._other_party(record.interop_guarantor_id)
        if guarantor:
            members["guarantor"] = guarantor
        payer = self._other_party(record.interop_payer_id)
        if record.interop_payer_number:
            payer["member_number"] = record.interop_payer_number
        if payer:
            members["payer"] = payer
        return members

    def _other_party(self, partner):
        """Return how the facility refers to another partner, empty if it cannot."""
        wires = self._identifiers(partner).get(partner.id)
        return {"identifiers": wires} if wires else {}
