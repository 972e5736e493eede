"""Request and approve private networks of endpoints for protected messages."""

from odoo import fields, models
from odoo.exceptions import UserError


class InteropNetworkWizard(models.TransientModel):
    """Takes the networks that an administrator requests."""

    _name = "interop.network.wizard"
    _description = "Request Networks"

    endpoint_id = fields.Many2one("interop.endpoint", required=True, ondelete="cascade")
    networks = fields.Text(
        required=True,
        help="All private networks of the endpoint, one per line, such as 10.20.0.0/16. "
        "They replace the allowed networks after approval.",
    )

    def action_request(self):
        """Request the networks (administrators)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self.endpoint_id.check_access("write")
        if not self.endpoint_id._adds_networks(self.networks):
            raise UserError(
                self.env._(
                    "Endpoint %s already allows these networks. Enter another network.",
                    self.endpoint_id.name,
                )
            )
        self.env["interop.network.request"]._ask(self.endpoint_id, self.networks)
        return {"type": "ir.actions.act_window_close"}
