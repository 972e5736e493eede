"""Service users have the rights that their interfaces need now, and no more.

Needed are the interfaces that are active: those of a client that is active itself, and
those on which messages wait that it has sent before it was suspended, revoked, or lost
the interface. What was accepted is applied.
"""

from odoo import Command, api, models

WAITING = ("pending", "processing", "parked")


class InteropClient(models.Model):
    """Facilities and groups follow clients and interfaces, as stewards approved them."""

    _inherit = "interop.client"

    def _sync_service_user(self, tried=()):
        """Give the service users exactly the facilities and groups that are needed now.

        :param tried: interfaces that count whatever their state is, for a dry run
        """
        for client in self:
            user_sudo = client.user_id.sudo()  # sudo: see _create_service_user
            if not user_sudo:
                continue
            interfaces, companies = client._needed()
            for interface in tried:
                interfaces |= interface
                companies |= interface.company_ids.filtered(client.sudo()._serves)
            values = {}
            # A user has one facility at least; without groups it is of no use there.
            companies = companies or user_sudo.company_id
            if user_sudo.company_ids != companies:
                company = (user_sudo.company_id & companies or companies)[0]
                values["company_id"] = company.id
                values["company_ids"] = [Command.set(companies.ids)]
            groups = client._service_groups(interfaces)
            if user_sudo.group_ids != groups:
                values["group_ids"] = [Command.set(groups.ids)]
            if values:
                user_sudo.write(values)

    def _needed(self):
        """Return the interfaces and facilities that the service user works for now."""
        self.ensure_one()
        self_sudo = self.sudo()  # sudo: all of them, whatever the current user sees
        interfaces = self_sudo.interface_ids.browse()
        companies = interfaces.company_ids
        if self.state == "active":
            interfaces = self_sudo.interface_ids.filtered(self._is_active)
            companies = interfaces.company_ids.filtered(self_sudo._serves)
        waiting = self_sudo.env["interop.message"]._read_group(
            [
                ("client_id", "=", self.id),
                ("direction", "=", "in"),
                ("state", "in", WAITING),
            ],
            ["interface_id", "company_id"],
        )
        for interface, company in waiting:
            if self._is_active(interface):
                interfaces |= interface
                companies |= company
        return interfaces, companies

    @api.model
    def _is_active(self, interface):
        return interface.state == "active"

    def _service_groups(self, interfaces):
        """Return the groups of the service user: its own, and those of the mappings of
        ``interfaces``."""
        own = self.env.ref("interop_rest.interop_rest_group_client")
        # sudo: interfaces of all facilities count
        mappings_sudo = interfaces.sudo()._inbound_mappings()
        return own | mappings_sudo._needed_entries().group_id

    @api.model
    def _of(self, interfaces):
        """Return the clients whose service users work for ``interfaces``: now, or for
        what waits there."""
        waiting = self.env["interop.message"]._read_group(
            [
                ("interface_id", "in", interfaces.ids),
                ("direction", "=", "in"),
                ("state", "in", WAITING),
                ("client_id", "!=", False),
            ],
            ["client_id"],
        )
        return self.union(interfaces.client_ids, *(client for (client,) in waiting))


class InteropMappingModel(models.Model):
    """An approval reaches the service users at once."""

    _inherit = "interop.mapping.model"

    def _set_approved(self, fingerprint=None):
        moved = super()._set_approved(fingerprint)
        if moved:
            # sudo: clients of all facilities
            clients_sudo = self.env["interop.client"].sudo()
            clients_sudo.search([("user_id", "!=", False)])._sync_service_user()
        return moved
