"""Move memberships and roles of people when two records are merged."""

from odoo import api, models

from .res_partner import MARKS

# Computed from memberships, so undoing a merge does not put it back.
KEYS = ("interop_facility_key", "partner_facility_key")


class InteropIdentifierMergeLine(models.Model):
    """Leaves out the visibility of a person, which a merge does not record."""

    _inherit = "interop.identifier.merge.line"

    @api.model
    def _raw(self, records):
        rows = super()._raw(records)
        for row in rows.values():
            for name in KEYS:
                row.pop(name, None)
        return rows


class InteropIdentifierMerge(models.Model):
    """Lets facilities of the prior person know the survivor, and moves roles.

    The prior person keeps its memberships. Its documents stay with their facilities
    until a user merges the partners.
    """

    _inherit = "interop.identifier.merge"

    def _interop_merge_touch(self, survivor, merged):
        super()._interop_merge_touch(survivor, merged)
        if survivor._name != "res.partner":
            return
        marks = {name: True for name in MARKS if merged[name] and not survivor[name]}
        joined = survivor._interop_join(
            merged._interop_known_at(), self.env._("Merge %s", self.id)
        )
        joined._transition({"merge_id": self.id})
        if marks:
            self._write_recorded(survivor, marks)
        self._move_roles(survivor, merged)

    def _move_roles(self, survivor, merged):
        """Move roles; a role that the survivor already has is archived."""
        roles = self.env["interop.care.role"].with_context(active_test=False)
        present = {
            role._same_role_key()
            for role in roles.search([("partner_id", "=", survivor.id)])
            if role.active
        }
        for role in roles.search([("partner_id", "=", merged.id)]):
            vals = {"partner_id": survivor.id}
            if role.active and role._same_role_key() in present:
                vals["active"] = False
            self._write_recorded(role, vals)

    def _interop_undo_notes(self):
        """Add the facilities of the user that no longer know the survivor."""
        notes = super()._interop_undo_notes()
        mine = self.env.user.company_ids
        leaving = self._joined().filtered(lambda item: item.company_id in mine)
        label = self.env._("Facility Membership")
        text = self.env._("The facility no longer knows the survivor.")
        return [
            *notes,
            *((f"{label} {item.company_id.name}", text) for item in leaving),
        ]

    def _interop_undo_hidden(self):
        """Add the number of other facilities that no longer know the survivor."""
        mine = self.env.user.company_ids
        others = self._joined().filtered(lambda item: item.company_id not in mine)
        return super()._interop_undo_hidden() + len(others)

    def _joined(self):
        """Return the memberships of the survivor that this merge began (sudo)."""
        return self.env["interop.facility.membership"].search(
            [("merge_id", "=", self.id), ("state", "=", "active")]
        )

    def _interop_unmerge_touch(self):
        """End the survivor's memberships at facilities that knew only the prior person."""
        super()._interop_unmerge_touch()
        if self.res_model != "res.partner":
            return
        partners = self.env["res.partner"].browse([self.survivor_id, self.merged_id])
        self._joined()._set_left(self.env._("%s was undone", self.display_name))
        # Rows were put back with SQL, so dependent fields are recomputed.
        partners.exists()._interop_recompute_facilities()
