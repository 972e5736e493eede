"""``person.registered`` and ``person.updated``: people whom a facility cares for."""

from odoo import api, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import BusinessError
from odoo.addons.interop_base.tools import field_report
from odoo.addons.interop_base.tools.schema import Violation
from odoo.addons.interop_identifier.located import located

from ..tools.birth import latest_birth_date


class InteropHandlerPerson(models.AbstractModel):
    """What both messages have in common.

    A member that the message leaves out leaves its fields alone.
    """

    _name = "interop.handler.person"
    _inherit = "interop.handler.party"
    _description = "Handler of People"
    _partner_flag = "interop_is_person"
    _telecom_use = "home"

    def _content_violations(self, data, cleaned):
        """Refuse a date of birth in the future, wherever the facility is."""
        found = super()._content_violations(data, cleaned)
        if cleaned.get("birth_date", "") > latest_birth_date(clock.now()).isoformat():
            words = self.env._("The date of birth is in the future.")
            found.append(Violation("/birth_date", "maximum", words))
        return found

    def _apply(self, message, data):
        if not data["identifiers"]:  # what leaves Odoo may have none
            raise BusinessError(
                self.env._("The message says nothing about whom it is: no identifier."),
                pointer="/data/identifiers",
            )
        return self._upsert(message, data, self._person_values(message, data))

    @api.model
    def _find_party(self, message, wires, values, known):
        """Create no person without a name: a steward decides who it is."""
        partner = super()._find_party(message, wires, values, known)
        if partner or values.get("name"):
            return partner
        return self.env["interop.identifier"]._resolve_unknown(
            wires,
            message,
            "res.partner",
            create=False,
            text=self.env._(
                "No record here has this identifier, and the message has no name to "
                "register a new person. It waits for a steward, who chooses the person or "
                "rejects it."
            ),
        )

    @api.model
    def _update(self, partner, message, values):
        """A person who is their own guarantor or payer gets no separate partner."""
        own = {
            name: False
            for name in ("interop_guarantor_id", "interop_payer_id")
            if values.get(name) == partner.id
        }
        return super()._update(partner, message, {**values, **own})

    @api.model
    def _person_values(self, message, data):
        """Return the partner values of what the message states."""
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
        """Return the id of the partner that the person of ``data`` refers to in a
        member, False for the person of the message, who may not be known yet."""
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
        """Return the code of the installed language for a BCP 47 tag, the nearest one
        of the same language; False where Odoo does not speak it."""
        if not tag:
            return False
        wanted = tag.replace("-", "_")
        # sudo: names of languages only
        codes = [code for code, _name in self.env["res.lang"].sudo().get_installed()]
        stem = wanted.split("_")[0].lower()
        alike = [code for code in codes if code.split("_")[0].lower() == stem]
        return wanted if wanted in codes else next(iter(alike), False)


class InteropHandlerPersonRegistered(models.AbstractModel):
    """``person.registered``: the facility of the message knows the person from now on,
    who may be known elsewhere."""

    _name = "interop.handler.person.registered"
    _inherit = "interop.handler.person"
    _description = "Handler of person.registered"
    _registers = True


class InteropHandlerPersonUpdated(models.AbstractModel):
    """``person.updated``, both ways.

    Out: who a person is, how to reach them and who pays; nothing clinical. In: usually
    about a person whom the facility knows. About any other person the policy of the
    interface decides, whether or not other facilities know them: the sender does not
    learn that.
    """

    _name = "interop.handler.person.updated"
    _inherit = ["interop.handler.party.updated", "interop.handler.person"]
    _description = "Handler of person.updated"

    @api.model
    def _find_party(self, message, wires, values, known):
        partner = super()._find_party(message, wires, values, known)
        unknown_here = partner and (
            partner.sudo().interop_facility_key is not False  # sudo: known or not only
            and not partner._interop_active_at(message.company_id)
        )
        if unknown_here:
            self.env["interop.identifier"]._resolve_unknown(
                wires, message, "res.partner"
            )
        return partner

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
