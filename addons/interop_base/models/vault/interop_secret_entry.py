"""Dialogs for secrets that the partner generated."""

from odoo import fields, models


class InteropSecretEntryMixin(models.AbstractModel):
    """A dialog with a value that has no column: it is encrypted on saving, and nobody
    can read it afterwards.

    Each dialog implements ``_store(value)``, which checks the text and stores it as a
    secret. An error of it never contains the text.
    """

    _name = "interop.secret.entry.mixin"
    _description = "Entry of a Secret"

    value = fields.Text(
        compute="_compute_value",
        inverse="_inverse_value",
        help="The value is encrypted immediately and cannot be shown again.",
    )
    valid_to = fields.Datetime(
        "Valid Until",
        help="You get a reminder before this time. Leave empty for no expiry.",
    )

    def _compute_value(self):
        self.value = False

    def _inverse_value(self):
        for wizard in self.filtered("value"):
            self.env["interop.guard"]._require_group("interop_base_group_admin")
            wizard._store(wizard.value.strip())
        self.invalidate_recordset(["value"])

    def action_save(self):
        """Close the dialog: saving it has stored the value."""
        self.ensure_one()
        return {"type": "ir.actions.act_window_close"}
