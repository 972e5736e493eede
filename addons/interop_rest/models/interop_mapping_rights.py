"""What mappings need of the list of objects, and who gets it: see interop_client_rights."""

from odoo import api, models

from odoo.addons.interop_base import clock


class InteropMapping(models.Model):
    """What a mapping needs of the list of objects."""

    _inherit = "interop.mapping"

    def _needed_entries(self):
        """Return the approved entries of the list that these mappings use."""
        listed = self.env["interop.mapping.model"]
        found = listed.sudo()  # sudo: the list is the same for everybody
        for mapping in self:
            name = mapping.model_id.sudo().model  # sudo: name of the object
            for model in {name, *mapping._referenced_models()} - {False}:
                found |= listed._allowed(model)
        return found


class InteropMappingDryRun(models.TransientModel):
    """A dry run has the rights of the client that sends."""

    _inherit = "interop.mapping.dry.run"

    @api.model
    def _sender(self, interface, company):
        """Use the interface's client; without one, make one that is rolled back, too."""
        client = interface.client_ids.filtered(
            lambda item: item.state not in ("revoked",)
        )[:1]
        if not client:
            client = self.env["interop.client"].create(
                {
                    "name": "Dry run",
                    "code": f"dry-run-{int(1000 * clock.timestamp())}",
                    "system_id": interface.system_id.id,
                    "interface_ids": [(6, 0, interface.ids)],
                }
            )
        client._sync_service_user(interface)
        return {**super()._sender(interface, company), "client_id": client.id}
