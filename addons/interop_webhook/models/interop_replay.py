"""Replays by endpoint."""

from odoo import api, fields, models


class InteropReplay(models.Model):
    """Adds the endpoint to what a replay can be narrowed to."""

    _inherit = "interop.replay"

    endpoint_ids = fields.Many2many(
        "interop.endpoint", string="Endpoints", help="Empty: all endpoints."
    )

    @api.depends("endpoint_ids")
    def _compute_matching_count(self):
        return super()._compute_matching_count()

    def _fixed_fields(self):
        return super()._fixed_fields() | {"endpoint_ids"}

    def _interfaces(self):
        interfaces = super()._interfaces()
        endpoints = self.endpoint_ids._origin
        if not endpoints:
            return interfaces
        served = self.env["interop.interface"].search(
            [("endpoint_id", "in", endpoints.ids)]
        )
        return served if interfaces is None else served & interfaces
