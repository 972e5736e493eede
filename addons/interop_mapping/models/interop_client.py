"""The rights of service users that the mappings of their interfaces need."""

from odoo import models


class InteropClient(models.Model):
    """A client whose service user gets the groups of its inbound mappings."""

    _inherit = "interop.client"

    def _service_groups(self, interfaces):
        # sudo: interfaces of all facilities count
        mappings_sudo = interfaces.sudo()._inbound_mappings()
        entries = mappings_sudo._needed_entries()
        return super()._service_groups(interfaces) | entries.group_id
