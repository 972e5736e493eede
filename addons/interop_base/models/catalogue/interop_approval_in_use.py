"""Approval of what is in use: it goes on, and a change of it waits for a second person."""

from odoo import Command, api, fields, models

from ...tools import approval
from ..engine.engine_types import Hold

# What was approved counts in these states: a change of it reopens the approval.
IN_USE = ("approved", "active", "suspended", "deprecated")


class InteropApprovalInUseMixin(models.AbstractModel):
    """A record whose approval is reopened while it stays in use.

    Its state is compared with the approved one whenever something changes that belongs to
    it, whoever keeps that: see ``interop.approval.part.mixin``.
    """

    _name = "interop.approval.in.use.mixin"
    _description = "Approval of a Record in Use"
    _inherit = ["interop.approval.mixin"]

    approval_changed = fields.Boolean(
        "Changed Since Approval",
        readonly=True,
        copy=False,
        help="The approved state has changed. Events are captured and wait until a "
        "second person approves the present state, or the change is put back.",
    )

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {"approval_changed"}

    def _approval_changed(self):
        return self.approval_changed

    def _approval_holds(self):
        """Return that a changed approval keeps messages back, as a list of ``Hold``."""
        self.ensure_one()
        if not self.approval_changed:
            return []
        text = self.env._(
            "“%s” changed since it was approved. Messages wait until a steward approves "
            "the present state, or the change is put back.",
            self.name,
        )
        return [Hold(text)]

    def _approval_touched(self):
        """Something that is part of the approved state changed: remember who did it, and
        compare."""
        # sudo: interfaces of all facilities
        touched_sudo = self.sudo().filtered(lambda item: item.state != "retired")
        touched_sudo._note_editor()
        touched_sudo._recheck_approval()

    def _extend_approved(self, items):
        """Count ``items`` as approved: what may grow in use.

        Only a list that was approved grows. Anything else that differs stays different.
        What was empty then was not approved as a list: its first items reopen the
        approval at once, not with the next change of something else.

        :param dict items: key of the state → the texts that came
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
        """Count ``items`` (texts) as what is approved under ``key``: a second person
        approved them where they are kept. Anything else that differs stays different.
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
        """Reopen the approval of what differs from it; find it good again where the
        approved state was put back."""
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
                # Nothing differs from what was approved: the editors changed nothing.
                record._transition({"editor_ids": [Command.clear()]})
                record._approval_activities().unlink()
                self.env["interop.pump"]._arm_after_commit()

    # === EVIDENCE OF WHAT NEEDS NO APPROVAL === #

    def _would_change(self, vals):
        """Return whether writing ``vals`` changes anything (lists always count)."""
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
        """Return the values of descriptive fields as the audit trail keeps them."""
        values = {}
        for name in sorted(names):
            # sudo: the trail keeps values that the editor may not see
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
