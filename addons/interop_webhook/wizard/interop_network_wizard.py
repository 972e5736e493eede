"""Asks for private networks where a second person has to agree."""

from odoo import fields, models
from odoo.exceptions import UserError


class InteropNetworkWizard(models.TransientModel):
    """Networks that an endpoint is to reach from now on."""

    _name = "interop.network.wizard"
    _description = "Ask for Networks"

    endpoint_id = fields.Many2one("interop.endpoint", required=True, ondelete="cascade")
    networks = fields.Text(required=True, help="One network per line: 10.20.0.0/16.")

    def action_request(self):
        """Ask (administrators)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self.endpoint_id.check_access("write")
        if not self.endpoint_id._adds_networks(self.networks):
            raise UserError(self.env._("These networks are allowed already."))
        self.env["interop.network.request"]._ask(self.endpoint_id, self.networks)
        return {"type": "ir.actions.act_window_close"}
