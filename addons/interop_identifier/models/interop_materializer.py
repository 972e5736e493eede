"""Put the identifiers that the receiver knows first."""

from odoo import models

from ..tools import wire_order


class InteropMaterializer(models.AbstractModel):
    """Orders the identifiers for each receiver. Receivers share a snapshot, not a
    message."""

    _inherit = "interop.materializer"

    def _for_receiver(self, interface, content):
        """Put the numbers that the receiver assigns first, then those of namespaces for
        which it has an alias."""
        content = super()._for_receiver(interface, content)
        ranks = self.env["interop.namespace"]._ranks(interface.system_id.id)
        if ranks:
            wire_order.sort(content["subject"] or [], ranks)
            wire_order.sort_all(content["data"], ranks)
        return content
