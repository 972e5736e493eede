"""Interfaces over the wire of the tests."""

from odoo import fields, models


class InteropInterface(models.Model):
    """Adds the transport."""

    _inherit = "interop.interface"

    transport = fields.Selection(
        selection_add=[("test_wire", "Wire in Memory (tests)")],
        ondelete={"test_wire": "set null"},
    )
