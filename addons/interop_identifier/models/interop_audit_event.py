"""Looking at the message's side of a case is on record."""

from odoo import fields, models


class InteropAuditEvent(models.Model):
    """Adds what stewards were shown."""

    _inherit = "interop.audit.event"

    # The trail is append-only, also when this addon goes: its rows stay as they are.
    action = fields.Selection(
        selection_add=[("identity_shown", "Message's side of a case shown")],
        ondelete={"identity_shown": lambda records: None},
    )
