"""The transport webhook of interfaces."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class InteropInterface(models.Model):
    """Adds the transport webhook, which is outbound only, and its test."""

    _inherit = "interop.interface"

    transport = fields.Selection(selection_add=[("webhook", "Webhook (HTTPS)")])

    @api.constrains("transport", "direction")
    def _check_webhook_direction(self):
        for interface in self:
            if interface.transport == "webhook" and interface.direction != "out":
                raise ValidationError(
                    self.env._(
                        "Interface %s is inbound, but Webhook is an outbound transport. "
                        "Choose another transport, or the direction Outbound.",
                        interface.name,
                    )
                )

    def action_send_test(self):
        """Send a signed test message through the endpoint of this interface."""
        self.ensure_one()
        return self.endpoint_id._send_test(self)
