"""A merge was wrong: everything that it changed is put back."""

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock


class InteropIdentifierMerge(models.Model):
    """Undoing, in any order."""

    _inherit = "interop.identifier.merge"

    @api.private
    def _unmerge(self, reason):
        """Put everything back that this merge changed; a repeat changes nothing.

        Identifiers that were linked after the merge stay with the survivor, since
        nobody can know whose they are. What was changed since keeps its present value
        and is told in ``restore_report``. Who may decide this is checked by the
        caller.

        :param str reason: why, in words; safe to keep for ever
        :raises UserError: no reason, or the prior record is gone and cannot be made
            anew
        """
        self.ensure_one()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why these two are not the same."))
        # sudo: a merge concerns every facility that knows one of the two
        merge_sudo = self.sudo()
        anchors = self.env["interop.identifier.anchor"]
        anchors._lock_group(self.res_model, [self.survivor_id, self.merged_id])
        if merge_sudo.state != "merged":
            return
        kept = merge_sudo._restore_record()
        if not self.env[self.res_model].browse(self.merged_id).exists():
            raise UserError(
                self.env._(
                    "%s cannot be undone: the prior record was deleted by other means, "
                    "so that there is nothing its identifiers could go back to.",
                    self.display_name,
                )
            )
        merge_sudo._set_undone(reason.strip())
        merge_sudo._repoint_anchors()
        kept += merge_sudo.line_ids._restore()
        merge_sudo._interop_unmerge_touch()
        merge_sudo.restore_report = "\n".join(kept) or False
        self.env["interop.audit.event"]._log("unmerged", merge_sudo, reason.strip())

    def _restore_record(self):
        """Make the prior record anew where Odoo's own merge removed it; return what
        could not be, in words."""
        return []

    def _interop_unmerge_touch(self):
        """Let other addons finish what they do when a merge (``self``, sudo) is undone.

        What was changed under ``_recording`` is put back already.
        """

    def _set_undone(self, reason):
        """Take the merge back."""
        return self._set_state(
            "undone",
            {"merged"},
            undone_at=clock.now(),
            undone_by_id=self.env.uid,
            undone_reason=reason,
        )

    def _repoint_anchors(self):
        """Work out anew who stands for whom, of all that this merge connected."""
        anchors = self.env["interop.identifier.anchor"]
        root = anchors._roots(self.res_model, [self.survivor_id])[self.survivor_id]
        members = anchors.search(
            [("res_model", "=", self.res_model), ("survivor_id", "=", root)]
        ).mapped("res_id")
        merges = self.search(
            [
                ("res_model", "=", self.res_model),
                ("merged_id", "in", members),
                ("state", "=", "merged"),
            ]
        )
        into = {merge.merged_id: merge.survivor_id for merge in merges}
        survivors = {}
        for member in members:
            last = member
            while last in into:
                last = into[last]
            survivors[member] = last if last != member else None
        anchors._lock(self.res_model, [root, *members])
        anchors._set_survivors(self.res_model, survivors)

    def action_unmerge(self):
        """Button: ask for the reason and undo."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Undo Merge"),
            "res_model": "interop.identifier.unmerge.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_merge_id": self.id},
        }
