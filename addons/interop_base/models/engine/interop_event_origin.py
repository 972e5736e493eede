"""Loop prevention: what a system caused is not sent back to it."""

from odoo import fields, models


class InteropEvent(models.Model):
    """Remembers which system caused what happened."""

    _inherit = "interop.event"

    # From server-side state (origin.py), never from the context.
    origin_system_id = fields.Many2one(
        "interop.system", "Caused By", readonly=True, ondelete="restrict"
    )

    def _is_meant_for(self, event, interface):
        """Nothing goes back to the system that caused it, unless the interface says
        so."""
        caused = event.origin_system_id and (
            event.origin_system_id == interface.system_id.id
        )
        return super()._is_meant_for(event, interface) and (
            interface.send_back or not caused
        )
