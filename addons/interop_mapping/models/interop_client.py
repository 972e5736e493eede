"""Service users get the rights that the mappings of their interfaces need."""

from odoo import models


class InteropClient(models.Model):
    """The groups of a service user are those of the mappings that it works for."""

    _inherit = "interop.client"

    def _service_groups(self, interfaces):
        # sudo: interfaces of all facilities count
        mappings_sudo = interfaces.sudo()._inbound_mappings()
        entries = mappings_sudo._needed_entries()
        return super()._service_groups(interfaces) | entries.group_id
