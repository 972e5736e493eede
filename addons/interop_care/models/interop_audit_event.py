"""Record joining and leaving a facility in the audit trail."""

from odoo import fields, models


class InteropAuditEvent(models.Model):
    """Adds the actions for joining and leaving, which disclose or hide a person."""

    _inherit = "interop.audit.event"

    # The trail is append-only. Its rows stay unchanged when this addon is uninstalled.
    action = fields.Selection(
        selection_add=[("joined", "Facility joined"), ("left", "Facility left")],
        ondelete={"joined": lambda records: None, "left": lambda records: None},
    )
