"""Merges and cases: what speaks against a merge is asked, what is undone reopens."""

from odoo import api, models

from odoo.addons.interop_base.exceptions import ConflictError, PossibleDuplicate

from ..tools import question


class InteropIdentifierMerge(models.Model):
    """Adds the memory of stewards."""

    _inherit = "interop.identifier.merge"

    @api.model
    def _already(self, survivor, merged, roots):
        """Ask a steward about merges that contradict earlier ones.

        Raises ``ConflictError`` when stewards told the two apart: a message that says
        otherwise is wrong.
        """
        first = (survivor._name, roots[survivor.id])
        second = (merged._name, roots[merged.id])
        if first != second and self.env["interop.identity.case"]._told_apart(
            first, second
        ):
            raise ConflictError(
                self.env._(
                    "A steward told these two records apart. They are not merged unless "
                    "that is taken back."
                ),
                code="told_apart",
            )
        try:
            return super()._already(survivor, merged, roots)
        except PossibleDuplicate as error:
            if first == second:
                first = (survivor._name, survivor.id)
                second = (merged._name, merged.id)
            error.question = question.same(
                self.env.company.id, first, second, kind="merge"
            )
            raise

    def _set_undone(self, reason):
        """Let the cases that decided this merge be asked again."""
        undone = super()._set_undone(reason)
        # sudo: a case is the engine's; who may undo a merge was checked by the caller
        cases_sudo = self.env["interop.identity.case"].sudo()
        for case in cases_sudo.search(
            [("merge_id", "in", undone.ids), ("state", "=", "decided")]
        ):
            case._set_undone()
            case._tell(self.env._("Merge undone: %s", reason))
        return undone
