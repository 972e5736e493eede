"""Interfaces over the test transport."""

from odoo import fields, models


class InteropInterface(models.Model):
    """Adds the transport."""

    _inherit = "interop.interface"

    transport = fields.Selection(
        selection_add=[("test_wire", "In-Memory Transport (Tests)")],
        ondelete={"test_wire": "set null"},
    )
