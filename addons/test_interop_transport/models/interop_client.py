"""Clients at the other end of the wire."""

from odoo import api, models


class InteropClient(models.Model):
    """A client of the wire needs no key: nobody else is on it."""

    _inherit = "interop.client"

    @api.model
    def _transports(self):
        return super()._transports() | {"test_wire"}

    def _can_prove(self, now):
        return "test_wire" in self.interface_ids.mapped("transport") or (
            super()._can_prove(now)
        )
