"""``provider.upserted``: a practitioner, with roles."""

from odoo import Command, api, models

from odoo.addons.interop_base.exceptions import BusinessError
from odoo.addons.interop_base.tools import field_report
from odoo.addons.interop_identifier.located import located


class InteropHandlerProviderUpserted(models.AbstractModel):
    """Creates or updates the partner of a provider.

    A member that the message leaves out does not change its fields. A list in the
    message (such as ``roles``) replaces the list of that sender.
    """

    _name = "interop.handler.provider.upserted"
    _inherit = "interop.handler.party"
    _description = "Handler of provider.upserted"
    _partner_flag = "interop_is_provider"
    _registers = True

    def _apply(self, message, data):
        values = {"name": self._full_name(data["name"]), **self._contact_values(data)}
        if "specialties" in data:
            specialties = self.env["interop.care.specialty"]._from_codings(
                data["specialties"]
            )
            values["interop_specialty_ids"] = [Command.set(specialties.ids)]
        partner = self._upsert(message, data, values)
        if "roles" in data:
            self._take_roles(partner, message, data["roles"])
        return partner

    @api.model
    def _take_roles(self, partner, message, roles):
        """Apply ``roles`` unless the sender stated newer ones; report ignored ones to
        the sender."""
        here_sudo = partner._interop_active_at(message.company_id)
        if not here_sudo or here_sudo._take_roles(message):
            self._apply_roles(partner, message, roles)
        else:
            stale = field_report.Decision(field_report.IGNORED, field_report.STALE)
            message._note_fields(
                field_report.entries(
                    partner._name, partner.id, {"interop_role_ids": stale}
                )
            )

    @api.model
    def _apply_roles(self, partner, message, roles):
        """Replace the roles of the sender at its facility with ``roles``."""
        present = self.env["interop.care.role"].search(
            [
                ("partner_id", "=", partner.id),
                ("system_id", "=", message.system_id.id),
                ("company_id", "=", message.company_id.id),
            ]
        )
        by_code = {role.code: role for role in present}
        stated = set()
        for position, role in enumerate(roles):
            values = self._role_values(role, message, position)
            if values["code"] in stated:
                raise BusinessError(
                    self.env._(
                        "The message states the same role twice. Send each role once."
                    ),
                    pointer="/data/roles",
                )
            stated.add(values["code"])
            if values["code"] in by_code:
                by_code[values["code"]].write(values)
            else:
                present.create(
                    {
                        **values,
                        "partner_id": partner.id,
                        "system_id": message.system_id.id,
                        "company_id": message.company_id.id,
                    }
                )
        present.filtered(lambda role: role.code not in stated).write({"active": False})

    @api.model
    def _role_values(self, role, message, position):
        """Return the values of the role at a position of the list."""
        span = role.get("period", {})
        specialties = self.env["interop.care.specialty"]._from_codings(
            role.get("specialties")
        )
        locations = self.env["res.partner"]
        for place, identifier in enumerate(role.get("locations", ())):
            with located(f"/data/roles/{position}/locations/{place}", single=True):
                locations |= self._referenced(
                    message, [identifier], "interop_is_location"
                )
        return {
            "code": role["code"],
            "name": role.get("display") or role["code"],
            "specialty_ids": [Command.set(specialties.ids)],
            "location_ids": [Command.set(locations.ids)],
            "date_start": span.get("start") or False,
            "date_end": span.get("end") or False,
        }
