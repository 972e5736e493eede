"""``person.registered`` and ``person.updated``, in: people whom a facility cares for."""

from odoo import api, models

from odoo.addons.interop_base.exceptions import BusinessError


class InteropHandlerPerson(models.AbstractModel):
    """What both messages have in common.

    A member that the message leaves out leaves its fields alone.
    """

    _name = "interop.handler.person"
    _inherit = "interop.handler.party"
    _description = "Handler of People"
    _partner_flag = "interop_is_person"
    _telecom_use = "home"

    def _apply(self, message, data):
        if not data["identifiers"]:  # what leaves Odoo may have none
            raise BusinessError(
                self.env._("The message says nothing about whom it is: no identifier."),
                pointer="/data/identifiers",
            )
        return self._upsert(message, data, self._person_values(message, data))

    @api.model
    def _create(self, message, values):
        if not values.get("name"):
            raise BusinessError(
                self.env._("Somebody who is not known here yet needs a name."),
                pointer="/data/name",
            )
        return super()._create(message, values)

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
            wires = data["guarantor"]["identifiers"]
            values["interop_guarantor_id"] = self._referenced(message, wires).id
        values.update(self._payer_values(message, data.get("payer", {})))
        language = self._language(data.get("language"))
        if language:
            values["lang"] = language
        return values

    @api.model
    def _payer_values(self, message, payer):
        values = {}
        if "identifiers" in payer:
            partner = self._referenced(message, payer["identifiers"])
            values["interop_payer_id"] = partner.id
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


class InteropHandlerPersonUpdated(models.AbstractModel):
    """``person.updated``, in: usually about somebody whom the facility knows.

    About anybody else the policy of the interface decides, whether or not other
    facilities know the person: the sender does not learn that.
    """

    _name = "interop.handler.person.updated"
    _inherit = ["interop.handler.person.updated", "interop.handler.person"]

    @api.model
    def _find_party(self, message, wires):
        partner = super()._find_party(message, wires)
        unknown_here = partner and (
            partner.sudo().interop_facility_key is not False  # sudo: known or not only
            and not partner._interop_active_at(message.company_id)
        )
        if unknown_here:
            self.env["interop.identifier"]._nobody(wires, message, "res.partner")
        return partner
