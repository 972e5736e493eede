"""The transport REST of interfaces."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class InteropInterface(models.Model):
    """Adds the transport REST, which is inbound only."""

    _inherit = "interop.interface"

    transport = fields.Selection(selection_add=[("rest", "REST (signed)")])

    @api.constrains("transport", "direction")
    def _check_rest_direction(self):
        for interface in self:
            if interface.transport == "rest" and interface.direction != "in":
                raise ValidationError(
                    self.env._(
                        "Interface %s is outbound, but REST is an inbound transport. "
                        "Choose another transport, or the direction Inbound.",
                        interface.name,
                    )
                )
