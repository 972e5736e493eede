"""Joining and leaving a facility are in the audit trail."""

from odoo import fields, models


class InteropAuditEvent(models.Model):
    """Joining and leaving are on record like every other disclosure."""

    _inherit = "interop.audit.event"

    # The trail is append-only, also when this addon goes: its rows stay as they are.
    action = fields.Selection(
        selection_add=[("joined", "Facility joined"), ("left", "Facility left")],
        ondelete={"joined": lambda records: None, "left": lambda records: None},
    )
