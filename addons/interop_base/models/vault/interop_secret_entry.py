"""Dialogs that take over a secret which the other side has made."""

from odoo import fields, models


class InteropSecretEntryMixin(models.AbstractModel):
    """The value has no column: it is encrypted when the dialog is saved, and never comes
    out again.

    Each dialog has a method ``_store(value)`` that checks the text and keeps it as a
    secret; a refusal never shows it.
    """

    _name = "interop.secret.entry.mixin"
    _description = "Entry of a Secret"

    value = fields.Text(
        compute="_compute_value",
        inverse="_inverse_value",
        help="It is encrypted at once and cannot be shown again.",
    )
    valid_to = fields.Datetime(
        "Valid Until", help="A reminder comes before. Empty: it does not end."
    )

    def _compute_value(self):
        self.value = False

    def _inverse_value(self):
        for wizard in self.filtered("value"):
            self.env["interop.guard"]._require_group("interop_base_group_admin")
            wizard._store(wizard.value.strip())
        self.invalidate_recordset(["value"])

    def action_save(self):
        """Close the dialog: the value was stored when it was saved."""
        self.ensure_one()
        return {"type": "ir.actions.act_window_close"}
