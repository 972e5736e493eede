"""Asks for private networks where a second person has to agree."""

from odoo import api, fields, models


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
        self.endpoint_id._set_networks_requested(self.networks)
        return {"type": "ir.actions.act_window_close"}


class InteropNetworkApprovalWizard(models.TransientModel):
    """Shows the networks that are asked for; approving names exactly these."""

    _name = "interop.network.approval.wizard"
    _description = "Approve Networks"

    endpoint_id = fields.Many2one(
        "interop.endpoint", required=True, readonly=True, ondelete="cascade"
    )
    url = fields.Char(related="endpoint_id.url")
    present = fields.Text("Allowed Now", related="endpoint_id.allowed_networks")
    networks = fields.Text("Networks Asked For", readonly=True)

    @api.model
    @api.private
    def _action(self, endpoint):
        """Open the dialog: what it shows is fixed now, on the server."""
        dialog = self.create(
            {"endpoint_id": endpoint.id, "networks": endpoint.requested_networks}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Approve Networks"),
            "res_model": self._name,
            "res_id": dialog.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_approve(self):
        """Approve what is shown (stewards)."""
        self.ensure_one()
        self.endpoint_id.action_approve_networks(self.networks)
        return {"type": "ir.actions.act_window_close"}
