"""Service users get the rights that the mappings of their interfaces need, no more."""

from odoo import Command, api, models

from odoo.addons.interop_base import clock


class InteropClient(models.Model):
    """Rights follow the mappings, as the stewards approved them."""

    _inherit = "interop.client"

    def _sync_service_user(self):
        result = super()._sync_service_user()
        for client in self:
            groups = client._service_groups()
            user_sudo = client.user_id.sudo()  # sudo: see _create_service_user
            if user_sudo and user_sudo.group_ids != groups:
                user_sudo.group_ids = [Command.set(groups.ids)]
        return result

    def _service_groups(self):
        """Return the groups of the service user: its own, and those of its mappings."""
        self.ensure_one()
        own = self.env.ref("interop_rest.interop_rest_group_client")
        # sudo: interfaces of all facilities count
        mappings_sudo = self.sudo().interface_ids._inbound_mappings()
        return own | mappings_sudo._needed_entries().group_id


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


class InteropMappingModel(models.Model):
    """An approval reaches the service users at once."""

    _inherit = "interop.mapping.model"

    def _set_approved(self):
        moved = super()._set_approved()
        if moved:
            # sudo: clients of all facilities
            clients_sudo = (
                self.env["interop.client"].sudo().search([("state", "!=", "revoked")])
            )
            clients_sudo.filtered(
                lambda client: client._service_groups() & moved.group_id
            )._sync_service_user()
        return moved


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
        client._sync_service_user()
        return {**super()._sender(interface, company), "client_id": client.id}
