"""Ask for the reason before the state of an identifier changes."""

from odoo import fields, models
from odoo.exceptions import UserError

STATES = [
    ("retired", "Retire"),
    ("entered_in_error", "Entered in Error"),
    ("active", "Reactivate"),
]


class InteropIdentifierStateWizard(models.TransientModel):
    """Retires, withdraws or reactivates an identifier with a recorded reason."""

    _name = "interop.identifier.state.wizard"
    _description = "Change an Identifier"

    identifier_id = fields.Many2one(
        "interop.identifier", required=True, readonly=True, ondelete="cascade"
    )
    record_ref = fields.Reference(
        related="identifier_id.record_ref",
        string="Record",
        help="The record that the identifier belongs to.",
    )
    state = fields.Selection(STATES, "Action", required=True, readonly=True)
    reason = fields.Char(
        required=True,
        help="Shown on the identifier and kept in the audit trail. Do not name "
        "a patient here.",
    )

    def action_confirm(self):
        """Change the state (button; users with write access to identifiers)."""
        self.ensure_one()
        identifier = self.identifier_id
        identifier.check_access("write")
        reason = (self.reason or "").strip()
        if not reason:
            raise UserError(
                self.env._(
                    "The state of “%s” cannot be changed without a reason. Enter one.",
                    identifier.display_name,
                )
            )
        if self.state == "retired":
            identifier._set_retired(reason=reason)
        elif self.state == "active":
            identifier._set_active(reason=reason)
        else:
            identifier._set_entered_in_error(reason=reason)
        return {"type": "ir.actions.act_window_close"}
