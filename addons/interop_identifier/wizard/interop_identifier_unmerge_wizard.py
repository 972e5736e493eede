"""Asks for the reason before a merge is undone."""

from odoo import fields, models


class InteropIdentifierUnmergeWizard(models.TransientModel):
    """Undo a merge, with a reason that stays on record."""

    _name = "interop.identifier.unmerge.wizard"
    _description = "Undo Merge"

    merge_id = fields.Many2one(
        "interop.identifier.merge", required=True, readonly=True, ondelete="cascade"
    )
    survivor_name = fields.Char(related="merge_id.survivor_name")
    merged_name = fields.Char(related="merge_id.merged_name")
    reason = fields.Char(
        required=True, help="Shown on the merge and kept in the audit trail."
    )

    def action_unmerge(self):
        """Button: undo the merge (stewards)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.merge_id.check_access("read")
        self.merge_id._unmerge(self.reason)
        return {"type": "ir.actions.act_window_close"}
