"""Approval of records in use: a change waits for a second person, the rest goes on."""

from odoo import Command, api, fields, models

from ...tools import approval
from ..engine.engine_types import Hold

# In these states a change reopens the approval.
IN_USE = ("approved", "active", "suspended", "deprecated")


class InteropApprovalInUseMixin(models.AbstractModel):
    """A record whose approval is reopened while it stays in use.

    Each change of a part of the approved state compares it with the current one, in
    whatever record the part is stored. See ``interop.approval.part.mixin``.
    """

    _name = "interop.approval.in.use.mixin"
    _description = "Approval of a Record in Use"
    _inherit = ["interop.approval.mixin"]

    approval_changed = fields.Boolean(
        "Changed Since Approval",
        readonly=True,
        copy=False,
        help="The current state differs from the approved one. Events are captured and "
        "wait until a second person approves the current state, or the change is "
        "undone.",
    )

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {"approval_changed"}

    def _approval_changed(self):
        return self.approval_changed

    def _approval_holds(self):
        """Return the reason why a changed approval holds messages back, as a list of
        ``Hold``."""
        self.ensure_one()
        if not self.approval_changed:
            return []
        text = self.env._(
            "“%s” changed after its approval. Its messages wait until a steward "
            "approves the current state, or the change is undone.",
            self.name,
        )
        return [Hold(text)]

    def _approval_touched(self):
        """Record the user who changed a part of the approved state, and compare the
        states."""
        # sudo: interfaces of all facilities
        touched_sudo = self.sudo().filtered(lambda item: item.state != "retired")
        touched_sudo._note_editor()
        touched_sudo._recheck_approval()

    def _extend_approved(self, items):
        """Add ``items`` to the approved state: lists that may grow while in use.

        Only an approved list grows. Any other difference stays a difference. A list
        that was empty at the approval was not approved: its first items reopen the
        approval immediately.

        :param dict items: key of the state → the added texts
        """
        self._touch_approval()
        for record in self.filtered(lambda entry: entry.state in IN_USE):
            state = dict(record.approved_state or {})
            grown = items.keys() & state.keys()
            for key in grown:
                state[key] = sorted({*state[key], *items[key]})
            if grown:
                record._transition(
                    {
                        "approved_state": state,
                        "approved_fingerprint": approval.fingerprint(state),
                    }
                )
            if items.keys() - grown:
                record._approval_touched()

    def _replace_approved(self, key, items):
        """Replace the approved items under ``key`` by ``items`` (texts), which a second
        person approved in their own record. Any other difference stays a difference.
        """
        self._touch_approval()
        for record in self.filtered(lambda entry: entry.state in IN_USE):
            state = approval.clean(
                {**(record.approved_state or {}), key: sorted(set(items))}
            )
            record._transition(
                {
                    "approved_state": state,
                    "approved_fingerprint": approval.fingerprint(state),
                }
            )

    def _recheck_approval(self):
        """Reopen the approval of records that differ from it; close it again if the
        approved state was restored."""
        for record in self.filtered(lambda item: item.state in IN_USE):
            now = record._fingerprint()
            changed = now != record.approved_fingerprint
            if changed == record.approval_changed:
                continue
            record._transition({"approval_changed": changed})
            self.env["interop.audit.event"]._log(
                "reopened" if changed else "restored",
                record,
                f"#{now[: approval.SHOWN]}\n{record.approval_changes or ''}".strip(),
            )
            if changed:
                record._notify_stewards()
            else:
                # The state equals the approved one, so nobody counts as an editor.
                record._transition({"editor_ids": [Command.clear()]})
                record._approval_activities().unlink()
                self.env["interop.pump"]._arm_after_commit()

    # === AUDIT OF CHANGES WITHOUT APPROVAL === #

    def _would_change(self, vals):
        """Return whether ``vals`` changes a value; lists always count as changed."""
        self.ensure_one()
        for name, value in vals.items():
            field = self._fields[name]
            if field.type == "many2many":
                return True
            current = self[name].id if field.relational else self[name]
            if (current or False) != (value or False):
                return True
        return False

    def _audit_values(self, names):
        """Return the values of descriptive fields as the audit trail records them."""
        values = {}
        for name in sorted(names):
            # sudo: the audit trail records values that the user may not read
            field, value = self._fields[name], self.sudo()[name]
            label = field._description_string(self.env)
            values[label] = value.display_name if field.relational else str(value or "")
        return values

    def _log_unapproved_change(self, before, after):
        lines = [
            f"{label}: {before[label] or '–'} → {after[label] or '–'}"
            for label in after
            if before[label] != after[label]
        ]
        if lines:
            self.env["interop.audit.event"]._log("changed", self, "\n".join(lines))
