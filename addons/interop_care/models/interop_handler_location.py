"""``location.upserted``: a location of a facility."""

from odoo import api, models

from odoo.addons.interop_identifier.located import located


class InteropHandlerLocationUpserted(models.AbstractModel):
    """Creates or updates the partner of a location.

    A location belongs to its facility, so other facilities do not see it.
    """

    _name = "interop.handler.location.upserted"
    _inherit = "interop.handler.party"
    _description = "Handler of location.upserted"
    _partner_flag = "interop_is_location"

    def _apply(self, message, data):
        values = {
            "name": data["name"],
            "type": "other",  # core must not copy its parent's address over its own
            "company_id": message.company_id.id,
            **self._contact_values(data),
        }
        if "type" in data:
            values["interop_location_type"] = (
                data["type"].get("display") or data["type"]["code"]
            )
        if "status" in data:
            values["active"] = data["status"] != "inactive"
        if "parent" in data:
            with located("/data/parent", single=True):
                parent = self._referenced(
                    message, [data["parent"]], "interop_is_location"
                )
            values["parent_id"] = parent.id
        return self._upsert(message, data, values)

    @api.model
    def _admit(self, partner, message, values):
        """Do nothing: a location belongs to one facility."""
        return False
