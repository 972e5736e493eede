"""Show the effects of undoing a merge and ask for the reason."""

from odoo import api, fields, models

from ..models.undo_preview import UndoPreview


class InteropIdentifierUnmergeWizard(models.TransientModel):
    """Undoes a merge with a recorded reason."""

    _name = "interop.identifier.unmerge.wizard"
    _description = "Undo Merge"

    merge_id = fields.Many2one(
        "interop.identifier.merge", required=True, readonly=True, ondelete="cascade"
    )
    survivor_name = fields.Char("Survivor", compute="_compute_names")
    merged_name = fields.Char("Prior", compute="_compute_names")
    effects = fields.Html(
        compute="_compute_effects",
        sanitize=False,
        help="Field by field: values that undoing puts back, and values that stay.",
    )
    reason = fields.Char(
        required=True,
        help="Shown on the merge and kept in the audit trail. Do not "
        "name a patient here.",
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
        """Compute with the rights of the user; effects at other facilities are only
        counted."""
        for wizard in self:
            wizard.effects = UndoPreview(wizard.merge_id).render()

    def action_unmerge(self):
        """Undo the merge (button; stewards)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.merge_id.check_access("read")
        self.merge_id._unmerge(self.reason)
        return {"type": "ir.actions.act_window_close"}
