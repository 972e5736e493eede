"""Clients of the test transport."""

from odoo import api, models


class InteropClient(models.Model):
    """Lets a client without a key use the test transport, which only tests can reach."""

    _inherit = "interop.client"

    @api.model
    def _transports(self):
        return super()._transports() | {"test_wire"}

    def _can_authenticate(self, now):
        return "test_wire" in self.interface_ids.mapped("transport") or (
            super()._can_authenticate(now)
        )
