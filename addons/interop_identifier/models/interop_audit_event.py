"""Record in the audit trail that a steward saw the message's side of a case."""

from odoo import fields, models


class InteropAuditEvent(models.Model):
    """Adds the action for shown messages of a case."""

    _inherit = "interop.audit.event"

    # The trail is append-only. Its rows stay unchanged when this addon is uninstalled.
    action = fields.Selection(
        selection_add=[("identity_shown", "Message's side of a case shown")],
        ondelete={"identity_shown": lambda records: None},
    )
