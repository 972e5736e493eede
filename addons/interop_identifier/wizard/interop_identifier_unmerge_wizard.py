"""Shows what undoing a merge does, and asks for the reason before it is done."""

from odoo import api, fields, models

from ..models.undo_preview import UndoPreview


class InteropIdentifierUnmergeWizard(models.TransientModel):
    """Undo a merge, with a reason that stays on record."""

    _name = "interop.identifier.unmerge.wizard"
    _description = "Undo Merge"

    merge_id = fields.Many2one(
        "interop.identifier.merge", required=True, readonly=True, ondelete="cascade"
    )
    survivor_name = fields.Char("Survivor", compute="_compute_names")
    merged_name = fields.Char("Prior", compute="_compute_names")
    effects = fields.Html(
        "What Happens",
        compute="_compute_effects",
        sanitize=False,
        help="Field by field: what undoing puts back, and what keeps its present value.",
    )
    reason = fields.Char(
        required=True, help="Shown on the merge and kept in the audit trail."
    )

    @api.depends("merge_id")
    def _compute_names(self):
        for wizard in self:
            merge = wizard.merge_id
            wizard.survivor_name = f"{merge.survivor_name} (#{merge.survivor_id})"
            wizard.merged_name = f"{merge.merged_name} (#{merge.merged_id})"

    @api.depends("merge_id")
    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_effects(self):
        """With the rights of the user: what belongs to other facilities is counted."""
        for wizard in self:
            wizard.effects = UndoPreview(wizard.merge_id).render()

    def action_unmerge(self):
        """Button: undo the merge (stewards)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.merge_id.check_access("read")
        self.merge_id._unmerge(self.reason)
        return {"type": "ir.actions.act_window_close"}
