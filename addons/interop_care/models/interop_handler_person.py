"""``person.registered`` and ``person.updated``: people in care."""

from odoo import api, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import BusinessError
from odoo.addons.interop_base.tools import field_report
from odoo.addons.interop_base.tools.schema import Violation
from odoo.addons.interop_identifier.located import located

from ..tools.birth import latest_birth_date


class InteropHandlerPerson(models.AbstractModel):
    """Shared code of both messages.

    A member that the message leaves out does not change its fields.
    """

    _name = "interop.handler.person"
    _inherit = "interop.handler.party"
    _description = "Handler of People"
    _partner_flag = "interop_is_person"
    _telecom_use = "home"

    def _content_violations(self, data, cleaned):
        """Refuse a date of birth in the future, in every time zone."""
        found = super()._content_violations(data, cleaned)
        if cleaned.get("birth_date", "") > latest_birth_date(clock.now()).isoformat():
            words = self.env._("The date of birth is in the future.")
            found.append(Violation("/birth_date", "maximum", words))
        return found

    def _apply(self, message, data):
        if not data["identifiers"]:  # outbound messages may have no identifier
            raise BusinessError(
                self.env._(
                    "The message has no identifier of the person. Send at least one."
                ),
                pointer="/data/identifiers",
            )
        return self._upsert(message, data, self._person_values(message, data))

    @api.model
    def _find_party(self, message, wires, values, looked_up):
        """Return the person; without a name in the message, a steward decides."""
        partner = super()._find_party(message, wires, values, looked_up)
        if partner or values.get("name"):
            return partner
        return self.env["interop.identifier"]._resolve_unknown(
            wires,
            message,
            "res.partner",
            create=False,
            text=self.env._(
                "No record has this identifier, and the message has no name to "
                "register a new person. A steward has to choose the person or "
                "reject the message."
            ),
        )

    @api.model
    def _update(self, partner, message, values):
        """Update the person; being one's own guarantor or payer needs no partner."""
        own = {
            name: False
            for name in ("interop_guarantor_id", "interop_payer_id")
            if values.get(name) == partner.id
        }
        return super()._update(partner, message, {**values, **own})

    @api.model
    def _person_values(self, message, data):
        """Return the partner values of the members of the message."""
        values = self._contact_values(data)
        if "name" in data:
            values["name"] = self._full_name(data["name"])
        if "birth_date" in data:
            values["interop_birth_date"] = data["birth_date"]
        if "communication_consent" in data:
            values["interop_communication_consent"] = data["communication_consent"]
        if "guarantor" in data:
            values["interop_guarantor_id"] = self._other_id(message, data, "guarantor")
        values.update(self._payer_values(message, data))
        language = self._language(data.get("language"))
        if language:
            values["lang"] = language
        return values

    @api.model
    def _left_out(self, data):
        left_out = super()._left_out(data)
        if data.get("language") and not self._language(data["language"]):
            unknown = field_report.Decision(
                field_report.IGNORED, field_report.UNKNOWN_VALUE
            )
            left_out["lang"] = unknown
        return left_out

    @api.model
    def _other_id(self, message, data, member):
        """Return the id of the partner that a member of ``data`` refers to.

        False if it is the person of the message, which may not exist yet.
        """
        wires = data[member]["identifiers"]
        own = self._numbers(message, data["identifiers"])
        with located(f"/data/{member}/identifiers"):
            if self._numbers(message, wires) <= own:
                return False
            return self._referenced(message, wires).id

    @api.model
    def _payer_values(self, message, data):
        values, payer = {}, data.get("payer", {})
        if "identifiers" in payer:
            values["interop_payer_id"] = self._other_id(message, data, "payer")
        if "member_number" in payer:
            values["interop_payer_number"] = payer["member_number"]
        return values

    @api.model
    def _language(self, tag):
        """Return the code of the installed language for a BCP 47 tag.

        The closest variant of the language counts. False if the language is not
        installed.
        """
        if not tag:
            return False
        wanted = tag.replace("-", "_")
        # sudo: names of languages only
        codes = [code for code, _name in self.env["res.lang"].sudo().get_installed()]
        stem = wanted.split("_")[0].lower()
        alike = [code for code in codes if code.split("_")[0].lower() == stem]
        return wanted if wanted in codes else next(iter(alike), False)


class InteropHandlerPersonRegistered(models.AbstractModel):
    """``person.registered``: the facility of the message knows the person from then on.

    Other facilities may already know the person.
    """

    _name = "interop.handler.person.registered"
    _inherit = "interop.handler.person"
    _description = "Handler of person.registered"
    _registers = True


class InteropHandlerPersonUpdated(models.AbstractModel):
    """``person.updated``, inbound and outbound.

    Outbound: name, contacts and payer of a person, nothing clinical. Inbound: usually
    about a person whom the facility knows. For any other person the policy of the
    interface decides. The sender does not learn whether other facilities know the
    person.
    """

    _name = "interop.handler.person.updated"
    _inherit = ["interop.handler.party.updated", "interop.handler.person"]
    _description = "Handler of person.updated"

    @api.model
    def _find_party(self, message, wires, values, looked_up):
        partner = super()._find_party(message, wires, values, looked_up)
        unknown_here = partner and (
            partner.sudo().interop_facility_key
            is not False  # sudo: only whether the facility knows the person
            and not partner._interop_active_at(message.company_id)
        )
        if unknown_here:
            self.env["interop.identifier"]._resolve_unknown(
                wires, message, "res.partner"
            )
        return partner

    def _build(self, record, prefetched=None):
        members = super()._build(record, prefetched)
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
        """Return the reference to another partner, empty if the facility has no
        identifier of it."""
        wires = self._identifiers(partner).get(partner.id)
        return {"identifiers": wires} if wires else {}
