"""Messages carry the identifiers that their receiver knows first."""

from odoo import models

from ..tools import wire_order


class InteropMaterializer(models.AbstractModel):
    """Each receiver has its own order: snapshots are shared, messages are not."""

    _inherit = "interop.materializer"

    def _for_receiver(self, interface, content):
        """Put the numbers that the receiver hands out itself first, then those of
        namespaces that it has a name for."""
        content = super()._for_receiver(interface, content)
        ranks = self.env["interop.namespace"]._ranks(interface.system_id.id)
        if ranks:
            wire_order.sort(content["subject"] or [], ranks)
            wire_order.sort_all(content["data"], ranks)
        return content
