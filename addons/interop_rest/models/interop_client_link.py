"""What a client may do with identifiers beyond sending messages."""

from odoo import fields, models


class InteropClient(models.Model):
    """Adds the permission to link."""

    _inherit = "interop.client"

    may_link = fields.Boolean(
        "May Link Identifiers",
        tracking=True,
        help="It may say which record a number of its own system belongs to. The record "
        "has to be one that it may look up.",
    )
