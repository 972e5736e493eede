"""Approval by a second person: request, approve, refuse, and changes since then.

An approval names an exact state by its fingerprint. A user who changed the record since
the last approval cannot approve it.
"""

import re

from odoo import SUPERUSER_ID, Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ... import clock
from ...tools import approval

ACTIVITY = "mail.mail_activity_data_todo"
_COMPANY = re.compile(r"company:(\d+)")


class InteropApprovalMixin(models.AbstractModel):
    """A record that counts only after a second person has approved it.

    A model implements ``_approval_state`` (the state to approve),
    ``_missing_for_approval`` and ``_set_approved``, which changes the state of the
    record.
    """

    _name = "interop.approval.mixin"
    _description = "Approval by a Second Person"
    _inherit = ["interop.state.mixin", "mail.thread", "mail.activity.mixin"]

    # Whether records that an addon installs in superuser mode count as approved.
    _installed_is_approved = False

    requested_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        tracking=True,
        help="The user who asked for approval. This user cannot approve.",
    )
    approved_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, tracking=True
    )
    approved_at = fields.Datetime("Approved On", readonly=True, copy=False)
    editor_ids = fields.Many2many(
        "res.users",
        string="Changed By",
        readonly=True,
        copy=False,
        # Archived users count as well.
        context={"active_test": False},
        help="The users who changed the record since its last approval. These users "
        "cannot approve it.",
    )
    approved_fingerprint = fields.Char(
        readonly=True,
        copy=False,
        help="SHA-256 of the state that was approved last.",
    )
    approved_state = fields.Json(
        readonly=True,
        copy=False,
        prefetch=False,
        help="The state that was approved last. It contains no secret.",
    )
    approval_touch = fields.Integer(
        readonly=True,
        copy=False,
        help="Number of changes to the approved state. It prevents that a change and "
        "an approval at the same time overlook each other.",
    )
    approval_fingerprint = fields.Char(
        "State",
        compute="_compute_approval_fingerprint",
        help="SHA-256 of the current state. An approval names the state that it "
        "approves.",
    )
    approval_changes = fields.Text(
        "Changes",
        compute="_compute_approval_changes",
        help="Differences between the current state and the last approved state.",
    )

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {
            "requested_by_id",
            "approved_by_id",
            "approved_at",
            "editor_ids",
            "approved_fingerprint",
            "approved_state",
            "approval_touch",
        }

    def _compute_approval_fingerprint(self):
        for record in self:
            # Only a saved state can be approved.
            record.approval_fingerprint = bool(record.id) and record._fingerprint()

    def _compute_approval_changes(self):
        for record in self:
            before = record.approved_state
            changes = record.id and before and record._changes_text(before)
            record.approval_changes = changes or False

    # === HOOKS === #

    def _approval_state(self):
        """Return the state that an approval covers.

        Called in superuser mode. An override adds its own keys, for example
        ``{**super()._approval_state(), "endpoint": self.endpoint_id.code}``. Values are
        texts, numbers, booleans or lists of texts. They never contain a secret.
        """
        return {}

    def _approval_labels(self):
        """Return ``{key of the state: label}``; an override adds its own keys."""
        return {}

    def _missing_for_approval(self):
        """Return what is missing before this record can be approved, one text each."""
        return []

    def _approval_parts(self):
        """Return the recordsets that a steward must be able to read before approval."""
        return []

    def _approval_subject(self):
        """Return the records that the audit trail names and that hold the activities.

        By default these are the records themselves. A request about another record
        returns that record, because users look there.
        """
        return self

    def _approval_note(self):
        """Return the note of the activity of a steward."""
        return self.approval_changes or False

    def _excluded_approvers(self):
        """Return the users who cannot approve the current state."""
        self.ensure_one()
        return self.editor_ids | self.requested_by_id

    def _approval_changed(self):
        """Return whether a record in use waits for a new approval; for views and error
        messages."""
        return False

    # === THE STATE === #

    def _state_now(self):
        """Return the current state, without empty values."""
        self.ensure_one()
        # sudo: the state does not depend on the reader; archived facilities are part of
        # it
        record_sudo = self.sudo().with_context(active_test=False)
        return approval.clean(record_sudo._approval_state())

    def _fingerprint(self):
        return approval.fingerprint(self._state_now())

    def _state_lines(self, state):
        """Return a state as ``[(label, [texts])]``, for a sheet."""
        labels = self._approval_labels()
        return [
            (
                labels.get(key, key.replace("_", " ").capitalize()),
                [
                    self._state_text(key, item)
                    for item in (value if isinstance(value, list) else [value])
                ],
            )
            for key, value in state.items()
        ]

    def _state_text(self, key, value):
        """Return one value of a state as text for a sheet."""
        if value is True:
            return self.env._("Yes")
        field = self._fields.get(key)
        if field and field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        # sudo: names of facilities
        companies_sudo = self.env["res.company"].sudo()
        return _COMPANY.sub(
            lambda found: (
                companies_sudo.browse(int(found[1])).exists().name or found[0]
            ),
            str(value),
        )

    def _changes_text(self, before):
        """Return the differences between the state ``before`` and the current state,
        one per line."""
        labels = self._approval_labels()
        nothing = self.env._("nothing")
        lines = []
        for key, removed, added in approval.differences(before, self._state_now()):
            texts = [
                ", ".join(self._state_text(key, item) for item in items) or nothing
                for items in (removed, added)
            ]
            lines.append(f"{labels.get(key, key)}: {texts[0]} → {texts[1]}")
        return "\n".join(lines)

    # === EDITORS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Record the user who creates something that needs approval."""
        records = super().create(vals_list)
        records._note_editor()
        return records

    def _note_editor(self):
        """Record that the current user changed the approved state."""
        user = self.env.user
        # sudo: the list also records users who may not write the record itself
        for record in self.sudo():
            if user not in record.editor_ids:
                record._transition({"editor_ids": [Command.link(user.id)]})
        self._touch_approval()

    def _touch_approval(self):
        """Update the row of each record with every change and every approval.

        If a change and an approval happen at the same time, the database lets one of
        them fail. It runs again and then sees the other one.
        """
        # sudo: see _note_editor
        records_sudo = self.sudo()
        if not records_sudo.ids:
            return
        # ``log_exceptions``: the second transaction is expected to fail and runs again.
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET approval_touch = COALESCE(approval_touch, 0) + 1"
                " WHERE id = ANY(%s)",
                SQL.identifier(self._table),
                records_sudo.ids,
            ),
            log_exceptions=False,
        )
        records_sudo.invalidate_recordset(["approval_touch"], flush=False)

    # === APPROVING === #

    def _check_may_request(self):
        """Raise ``UserError`` if something is missing."""
        for record in self:
            missing = record._missing_for_approval()
            if missing:
                raise UserError(
                    self.env._(
                        "“%(name)s” cannot be approved yet. Missing:\n%(missing)s",
                        name=record.display_name,
                        missing="\n".join(f"• {item}" for item in missing),
                    )
                )

    def _check_may_approve(self, fingerprint=None):
        """Raise ``UserError`` unless the current user may approve the current state.

        :param str fingerprint: the state that the user has seen; ``None`` if program
            code approves a record that it has just created
        """
        installed = self._installed_is_approved and self.env.uid == SUPERUSER_ID
        for record in self if not installed else ():
            if self.env.user == record.requested_by_id:
                raise UserError(
                    self.env._(
                        "You requested the approval of “%(name)s”. Another steward has "
                        "to approve it.",
                        name=record.display_name,
                    )
                )
            if self.env.user in record._excluded_approvers():
                raise UserError(
                    self.env._(
                        "You have changed “%(name)s” since its last approval. Another "
                        "steward has to approve it.",
                        name=record.display_name,
                    )
                )
            if fingerprint is not None and fingerprint != record._fingerprint():
                raise UserError(
                    self.env._(
                        "“%(name)s” changed after you opened it. Read it again, then "
                        "decide.",
                        name=record.display_name,
                    )
                )
        self._check_may_request()

    def _approval_values(self):
        """Return the values of an approval of the current state by the current user."""
        self.ensure_one()
        return {
            "approved_by_id": self.env.uid,
            "approved_at": clock.now(),
            "approved_fingerprint": self._fingerprint(),
            "approved_state": self._state_now(),
            "requested_by_id": False,
            "editor_ids": [Command.clear()],
        }

    def _approve_many(self, values=None):
        """Write the approval of each record, and record the exact states in the audit
        trail."""
        details = {}
        for record in self:
            changes = record.approved_state and record._changes_text(
                record.approved_state
            )
            lines = changes or "\n".join(
                f"{label}: {', '.join(texts)}"
                for label, texts in record._state_lines(record._state_now())
            )
            mark = record._fingerprint()[: approval.SHOWN]
            subject = record._approval_subject()
            details[subject.id] = f"#{mark}\n{lines}" if lines else f"#{mark}"
            record._transition({**record._approval_values(), **(values or {})})
        if self:
            subjects = self._approval_subject()
            self.env["interop.audit.event"]._log("approved", subjects, details)
        return self

    def _set_approval_requested(self):
        """Record the user who requests approval, and notify the stewards."""
        self._check_may_request()
        self._transition({"requested_by_id": self.env.uid})
        self.env["interop.audit.event"]._log("requested", self._approval_subject())
        self._notify_stewards()
        return self

    def _set_approval_refused(self, reason):
        """Tell the requesting user the reason for the refusal; change nothing else."""
        for record in self:
            asked = record.requested_by_id or record.editor_ids
            record._transition({"requested_by_id": False})
            record._approval_activities().unlink()
            for user in asked - self.env.user:
                record._approval_subject().activity_schedule(
                    ACTIVITY,
                    user_id=user.id,
                    summary=self.env._("Not approved: %s", record.display_name),
                    note=reason,
                )
        subjects = self._approval_subject()
        self.env["interop.audit.event"]._log("refused", subjects, reason)
        return self

    def _notify_stewards(self):
        """Schedule one activity for every steward who may approve some of the
        records."""
        # sudo: list of the stewards
        stewards = self.env.ref("interop_base.interop_base_group_steward").sudo()
        for record in self.sudo():
            summary = record._approval_summary()
            told = record._approval_activities().user_id
            barred = record._excluded_approvers() | self.env.user
            for user in stewards.all_user_ids - barred - told:
                record._approval_subject().activity_schedule(
                    ACTIVITY,
                    user_id=user.id,
                    summary=summary,
                    note=record._approval_note(),
                )

    def _approval_summary(self):
        return self.env._("Approve %s", self.display_name)

    def _approval_activities(self):
        """Return the open activities of stewards about this approval."""
        summary = self._approval_summary()
        # sudo: activities of all stewards
        activities = self.sudo()._approval_subject().activity_ids
        return activities.filtered(lambda item: item.summary == summary)

    # === ACTIONS === #

    def action_request_approval(self):
        """Request approval by a steward (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self.check_access("write")
        self._set_approval_requested()

    def action_approve(self, fingerprint=None):
        """Approve the state with this fingerprint (stewards).

        Without a fingerprint, open the sheet that shows the state, and approve nothing.

        :param str fingerprint: ``approval_fingerprint`` of the state that the user read
        """
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.check_access("read")
        self.ensure_one()
        self._check_readable()
        if not fingerprint:
            return self.env["interop.approval.wizard"]._action(self)
        # sudo: stewards may not write the records that they approve
        self.sudo()._set_approved(str(fingerprint))
        self._approval_activities().action_feedback()
        return True

    def action_refuse(self, reason=None):
        """Refuse a requested approval (stewards); the requesting user gets the reason.

        Without a reason, open the sheet that asks for it.
        """
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.check_access("read")
        self.ensure_one()
        if not (reason or "").strip():
            return self.env["interop.approval.wizard"]._action(self)
        if not (self.requested_by_id or self._approval_changed()):
            raise UserError(
                self.env._(
                    "No approval of “%s” was requested, so there is no request to "
                    "refuse.",
                    self.display_name,
                )
            )
        self.sudo()._set_approval_refused(reason.strip())  # sudo: as above
        return True

    def _check_readable(self):
        """Raise ``AccessError`` unless the current user may read all parts."""
        # sudo: find the parts, then check the rights of the user
        for part in self.sudo()._approval_parts():
            part.with_env(self.env).check_access("read")


class InteropApprovalPartMixin(models.AbstractModel):
    """A record that is part of the approved state of another one, such as an endpoint.

    Each change reaches the interfaces that use the record. The user counts as an
    editor. The approval of an interface whose state differs is reopened.
    """

    _name = "interop.approval.part.mixin"
    _description = "Part of an Approved State"

    def _approval_part_fields(self):
        """Return the names of the fields that are part of an approved state."""
        return set()

    def _audited_fields(self):
        """Return the names of the fields whose changes the audit trail records."""
        return self._approval_part_fields()

    def _approval_owners(self):
        """Return the interfaces (in superuser mode) whose approved state contains these
        records."""
        return self.env["interop.interface"].sudo().browse()

    def _part_audited(self):
        """Return the record under which the audit trail records changes."""
        return self

    @api.model_create_multi
    def create(self, vals_list):
        """Reopen approvals that a new part changes."""
        records = super().create(vals_list)
        records._approval_owners()._approval_touched()
        return records

    def write(self, vals):
        """Reopen approvals that no longer match; record the change in the audit
        trail."""
        names = self._audited_fields() & vals.keys()
        if not names:
            return super().write(vals)
        parts = self._approval_part_fields() & vals.keys()
        owners = self._approval_owners()
        before = {record.id: record._part_values(names) for record in self}
        result = super().write(vals)
        if parts:
            (owners | self._approval_owners())._approval_touched()
        self._log_part_changes(names, before)
        return result

    def unlink(self):
        """Reopen approvals that the removal of a part changes."""
        owners = self._approval_owners()
        result = super().unlink()
        owners.exists()._approval_touched()
        return result

    def _part_values(self, names):
        self.ensure_one()
        # sudo: the audit trail records each change, also values the user may not read
        return {name: self._part_text(name) for name in sorted(names)}

    def _part_text(self, name):
        """Return the value of a field as the audit trail records it."""
        field, value = self._fields[name], self.sudo()[name]
        if field.relational:
            return ", ".join(value.mapped("display_name"))
        return "" if value in (False, None) else str(value)

    def _log_part_changes(self, names, before):
        audit = self.env["interop.audit.event"]
        for record in self:
            after = record._part_values(names)
            lines = [
                f"{self._fields[name].string}: {before[record.id][name] or '–'} → "
                f"{after[name] or '–'}"
                for name in sorted(names)
                if before[record.id][name] != after[name]
            ]
            if lines:
                audit._log("changed", record._part_audited(), "\n".join(lines))
