"""Interfaces that receive over REST."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class InteropInterface(models.Model):
    """Adds the transport."""

    _inherit = "interop.interface"

    transport = fields.Selection(selection_add=[("rest", "REST (signed)")])

    @api.constrains("transport", "direction")
    def _check_rest_direction(self):
        for interface in self:
            if interface.transport == "rest" and interface.direction != "in":
                raise ValidationError(
                    self.env._("REST receives: “%s” is not inbound.", interface.name)
                )
