"""Merge two records of one person or thing: move identifiers and keep a journal."""

from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import (
    BusinessError,
    ConflictError,
    OwnershipError,
    PossibleDuplicate,
)

from .. import const
from ..tools import question
from .held_numbers import HeldNumbers
from .undo_preview import UndoPreview


class InteropIdentifierMerge(models.Model):
    """Journal of merges: one row per merge, with everything that undoing needs.

    A merge moves only identifiers (and what other addons add). The prior record stays
    until a user merges it with Odoo's own tools. Look-ups return the survivor from then
    on. After Odoo has deleted the prior contact, the merge cannot be undone, because
    the identifiers have no record to go back to.
    """

    _name = "interop.identifier.merge"
    _description = "Identity Merge"
    _inherit = ["interop.state.mixin"]
    _order = "id desc"

    res_model = fields.Char("Document Model", required=True, readonly=True)
    survivor_id = fields.Many2oneReference(
        "Survivor ID", model_field="res_model", required=True, readonly=True
    )
    merged_id = fields.Many2oneReference(
        "Prior ID", model_field="res_model", required=True, readonly=True
    )
    survivor_ref = fields.Reference(
        selection="_selection_record_ref",
        string="Survivor",
        compute="_compute_refs",
        help="The identifiers of both records find this record since the merge.",
    )
    merged_ref = fields.Reference(
        selection="_selection_record_ref",
        string="Prior",
        compute="_compute_refs",
        help="The record that was merged into the survivor. Empty if it was deleted.",
    )
    survivor_name = fields.Char(
        readonly=True, help="Name of the record at the time of the merge."
    )
    merged_name = fields.Char(
        "Prior Name", readonly=True, help="Name of the record at the time of the merge."
    )
    state = fields.Selection(
        const.MERGE_STATES, required=True, default="merged", readonly=True, index=True
    )
    message_id = fields.Many2one(
        "interop.message",
        "Requested By",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The message that requested the merge. Empty if a user decided.",
    )
    reason = fields.Char(readonly=True)
    merged_at = fields.Datetime("Merged On", required=True, readonly=True)
    merged_by_id = fields.Many2one(
        "res.users", required=True, readonly=True, ondelete="restrict"
    )
    undone_at = fields.Datetime("Undone On", readonly=True)
    undone_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    undone_reason = fields.Char("Reason for Undoing", readonly=True)
    removed = fields.Boolean(
        "Prior Removed",
        compute="_compute_refs",
        help="The prior record was deleted, usually by Odoo's Merge Contacts. "
        "The merge can no longer be undone.",
    )
    restore_report = fields.Text(
        "Not Restored",
        readonly=True,
        help="Values that were not put back when the merge was undone, because "
        "they were changed, removed or stated by a message after the merge.",
    )
    company_ids = fields.Many2many(
        "res.company",
        "interop_identifier_merge_company_rel",
        "merge_id",
        "company_id",
        "Facilities",
        readonly=True,
        help="The facility where the merge was decided and those whose "
        "identifiers moved.",
    )
    line_ids = fields.One2many(
        "interop.identifier.merge.line", "merge_id", "Changes", readonly=True
    )
    identifier_line_ids = fields.One2many(
        "interop.identifier.merge.line",
        "merge_id",
        "Identifiers",
        domain=[("identifier_id", "!=", False)],
        readonly=True,
    )

    _merged_uniq = models.UniqueIndex(
        "(res_model, merged_id) WHERE state = 'merged'",
        "This record has already been merged into another one.",
    )
    _survivor_idx = models.Index("(res_model, survivor_id)")
    _not_itself = models.Constraint(
        "CHECK (merged_id <> survivor_id)",
        "A record cannot be merged into itself. Choose two records.",
    )

    @api.model
    def _selection_record_ref(self):
        return self.env["interop.identifier"]._selection_record_ref()

    def _compute_display_name(self):
        for merge in self:  # no names: the audit trail is kept permanently
            merge.display_name = self.env._("Merge %s", merge.id)

    @api.depends("res_model", "survivor_id", "merged_id")
    def _compute_refs(self):
        for merge in self:
            merge.survivor_ref = merge._reference(merge.survivor_id)
            merge.merged_ref = merge._reference(merge.merged_id)
            merge.removed = not merge.merged_ref

    def _reference(self, record_id):
        """Return a record as the value of a reference field, False if it was deleted."""
        known = self.res_model in self.env and record_id
        record = self.env[self.res_model].browse(record_id).exists() if known else None
        return f"{record._name},{record.id}" if record else False

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "A merge cannot be deleted, because its history is kept. "
                "Undo it instead."
            )
        )

    # ------------------------------------------------------------------
    # Asking
    # ------------------------------------------------------------------
    @api.model
    def _survivor(self, record):
        """Return the record that ``record`` was merged into, or ``record`` itself."""
        if not record:
            return record
        record.ensure_one()
        roots = self.env["interop.identifier.anchor"]._roots(record._name, record.ids)
        return record.browse(roots[record.id])

    @api.model
    def _open_of(self, record):
        """Return the merge in force in which ``record`` is the prior one, if any."""
        return self.sudo().search(  # sudo: the answer must not depend on the user
            [
                ("res_model", "=", record._name),
                ("merged_id", "in", record.ids),
                ("state", "=", "merged"),
            ]
        )

    # ------------------------------------------------------------------
    # Merging
    # ------------------------------------------------------------------
    @api.model
    @api.private
    def _merge(self, survivor, merged, *, message=None, reason=None, aliases=None):
        """Move all identifiers of ``merged`` to ``survivor``.

        Both are records of one model with identifiers. A survivor that was merged
        itself is replaced by its own survivor. Repeating a merge changes nothing. The
        caller checks the right to decide it.

        :param message: ``interop.message`` that requests it, if any
        :param str reason: reason in words; kept permanently, so without personal data
        :param aliases: identifiers of ``merged`` that the message names as prior: they
            become aliases even if the survivor could have them as active
        :returns: the journal row; of the first time if the merge is repeated
        :raises BusinessError: they are one record, or not of one kind (``merge_self``,
            ``merge_kind``), or one was deleted (``merge_gone``)
        :raises PossibleDuplicate: a steward has to decide: it was merged in the
            opposite direction (``merge_reversed``) or into a third record
            (``merged_elsewhere``)
        :raises OwnershipError: ``aliases`` are numbers of another source system
        """
        self._check_pair(survivor, merged)
        self._check_aliases(aliases, message)
        anchors = self.env["interop.identifier.anchor"]
        roots = anchors._lock_group(survivor._name, [survivor.id, merged.id])
        done = self._already(survivor, merged, roots)
        if done:
            return done
        target = survivor.browse(roots[survivor.id])
        self._check_exist(target | merged)
        # sudo: a merge affects every facility that knows one of the two
        merge_sudo = self.sudo().create(
            self._prepare_merge(target, merged, message, reason)
        )
        merge_sudo._repoint_identifiers(target, merged, aliases)
        merge_sudo._interop_merge_touch(target, merged)
        merge_sudo._point_anchors()
        merge_sudo._collect_facilities()
        self.env["interop.audit.event"]._log("merged", merge_sudo, reason or "")
        return merge_sudo.with_env(self.env)

    def _interop_merge_touch(self, survivor, merged):
        """Move the rows that an addon keeps about ``merged`` to ``survivor`` (hook).

        Called once per merge, after its identifiers have moved and before look-ups of
        the prior record find the survivor. An override calls super and changes rows
        inside ``with self._recording(rows):``, or with :meth:`_write_recorded`. Undoing
        the merge puts exactly those columns back. The override must archive rows
        instead of deleting them, and must not check rights: the caller did.

        ``self`` is the journal row (sudo).

        :param survivor: record that stays, never one that was merged itself
        :param merged: record of the same model
        :return: None
        """

    @contextmanager
    def _recording(self, records):
        """Record which columns of these rows change inside the ``with`` block."""
        lines = self.env["interop.identifier.merge.line"]
        before = lines._raw(records)
        yield
        lines._note(self, records, before)

    def _write_recorded(self, records, vals):
        """Write ``vals`` on ``records`` so that undoing the merge restores them."""
        if records:
            with self._recording(records):
                records.write(vals)

    def _repoint_identifiers(self, survivor, merged, aliases=None):
        """Move the identifiers of any state.

        If only one may be active and the survivor has it, the other becomes an alias.
        """
        rows = self.env["interop.identifier"].search(
            [("res_model", "=", merged._name), ("res_id", "=", merged.id)], order="id"
        )
        if not rows:
            return
        self.env.cr.execute(
            "SELECT id FROM interop_identifier WHERE id = ANY(%s) ORDER BY id "
            "FOR NO KEY UPDATE",
            [rows.ids],
        )
        active = rows.filtered(lambda row: row.state == "active")
        taken = rows.search(
            [
                ("res_model", "=", survivor._name),
                ("res_id", "=", survivor.id),
                ("state", "=", "active"),
                ("single", "=", True),
            ]
        ).namespace_id
        prior = active.filtered(
            lambda row: (
                (row.single and row.namespace_id in taken)
                or (aliases and row.id in aliases.ids)
            )
        )
        with self._recording(rows):
            prior._set_merged(message=self.message_id, reason=self.reason)
            rows._set_record(survivor._name, survivor.id)
        held = HeldNumbers(rows).held_twice(survivor)
        with self._recording(held):
            held._set_same_number(self.env._("Another spelling of the same number"))

    def _point_anchors(self):
        """Set the survivor of the prior record and of the records merged into it."""
        anchors = self.env["interop.identifier.anchor"]
        followers = anchors.search(
            [("res_model", "=", self.res_model), ("survivor_id", "=", self.merged_id)]
        )
        ids = [self.merged_id, *followers.mapped("res_id")]
        anchors._set_survivors(self.res_model, dict.fromkeys(ids, self.survivor_id))

    def _collect_facilities(self):
        """Add the facilities whose identifiers moved."""
        self.company_ids |= self.line_ids.identifier_id.company_id

    @api.model
    def _prepare_merge(self, survivor, merged, message, reason):
        """Return the values of the journal row."""
        company = message.company_id if message else self.env.company
        return {
            "res_model": survivor._name,
            "survivor_id": survivor.id,
            "merged_id": merged.id,
            "survivor_name": survivor.sudo().display_name,  # sudo: for the journal
            "merged_name": merged.sudo().display_name,  # sudo: for the journal
            "message_id": message.id if message else False,
            "reason": reason or False,
            "merged_at": clock.now(),
            "merged_by_id": self.env.uid,
            "company_ids": [(6, 0, company.ids)],
        }

    # ------------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------------
    @api.model
    def _check_pair(self, survivor, merged):
        """Refuse a pair of records that cannot be merged."""
        survivor.ensure_one()
        merged.ensure_one()
        kinds = self.env["interop.identifier.model"]._names()
        if survivor._name != merged._name or survivor._name not in kinds:
            raise BusinessError(
                self.env._(
                    "Records of these kinds cannot be merged. Both have to "
                    "be of one kind with identifiers."
                ),
                code="merge_kind",
            )
        if survivor == merged:
            raise BusinessError(
                self.env._(
                    "A record cannot be merged into itself. Send two different records."
                ),
                code="merge_self",
            )

    @api.model
    def _check_aliases(self, aliases, message):
        """Refuse a system that merges numbers in the namespace of another system."""
        owners = aliases.namespace_id.system_id if aliases else None
        if owners and message and owners - message.system_id:
            raise OwnershipError(
                self.env._(
                    "Only the source system of a namespace may merge its "
                    "numbers. Ask that system to send the merge."
                ),
                code="namespace_not_owned",
            )

    @api.model
    def _check_exist(self, records):
        """Refuse records that were deleted."""
        if len(records.exists()) < len(records):
            raise BusinessError(
                self.env._(
                    "One of the records of this merge was deleted. Send the "
                    "record again before the merge."
                ),
                code="merge_gone",
            )

    @api.model
    def _already(self, survivor, merged, roots):
        """Return the same earlier merge, if any, and refuse a contradicting one.

        :raises PossibleDuplicate: it contradicts an earlier merge: a steward is asked
        :raises ConflictError: a steward decided that the two are different
        """
        first = (survivor._name, roots[survivor.id])
        second = (merged._name, roots[merged.id])
        if first != second:
            self._check_not_told_apart(first, second)
        try:
            return self._same_before(survivor, merged, roots)
        except PossibleDuplicate as error:
            if first == second:
                first = (survivor._name, survivor.id)
                second = (merged._name, merged.id)
            error.question = self._question(first, second)
            raise

    @api.model
    def _question(self, first, second):
        """Return the question whether to merge two records ``(model, id)`` although an
        earlier merge contradicts it."""
        return question.same(self.env.company.id, first, second, kind="merge")

    @api.model
    def _check_not_told_apart(self, first, second):
        """Refuse to merge two records ``(model, id)`` that a steward declared
        different."""
        if self.env["interop.identity.case"]._told_apart(first, second):
            raise ConflictError(
                self.env._(
                    "A steward decided that these two records are different. To "
                    "merge them, a steward has to take that decision back first."
                ),
                code="told_apart",
            )

    @api.model
    def _same_before(self, survivor, merged, roots):
        """Return the merge in force that did the same, or None."""
        path = self._path(survivor)
        if merged.id in path:
            raise PossibleDuplicate(
                self.env._(
                    "An earlier merge joined these records in the opposite "
                    "direction. A steward has to decide."
                ),
                code="merge_reversed",
            )
        if roots[merged.id] == merged.id:
            return None
        if roots[merged.id] != roots[survivor.id]:
            raise PossibleDuplicate(
                self.env._(
                    "An earlier merge joined this record with a third "
                    "record. A steward has to decide."
                ),
                code="merged_elsewhere",
            )
        return self._open_of(merged).with_env(self.env)

    @api.model
    def _path(self, record):
        """Return the ids of the records that ``record`` was merged into, in order."""
        path = []
        while merge := self._open_of(record):
            record = record.browse(merge.survivor_id)
            path.append(record.id)
        return path

    # ------------------------------------------------------------------
    # Undoing, in any order
    # ------------------------------------------------------------------
    @api.private
    def _unmerge(self, reason):
        """Put back everything that this merge changed; repeating it changes nothing.

        Identifiers that were linked after the merge stay with the survivor, because no
        rule can tell which record they belong to. Values that changed after the merge
        stay. Both are listed in ``restore_report``, and in advance by ``UndoPreview``.
        The caller checks the right to decide it.

        :param str reason: reason in words; kept permanently, so without personal data
        :raises UserError: no reason, or the prior record was deleted
        """
        self.ensure_one()
        if not (reason or "").strip():
            raise UserError(
                self.env._(
                    "The merge cannot be undone without a reason. Enter why "
                    "these two records are not the same."
                )
            )
        # sudo: a merge affects every facility that knows one of the two
        merge_sudo = self.sudo()
        anchors = self.env["interop.identifier.anchor"]
        anchors._lock_group(self.res_model, [self.survivor_id, self.merged_id])
        if merge_sudo.state != "merged":
            return
        self._check_may_undo()
        stays = UndoPreview(merge_sudo).stays_in_words()
        merge_sudo._set_undone(reason.strip())
        merge_sudo._repoint_anchors()
        kept = merge_sudo.line_ids._restore()
        merge_sudo._interop_unmerge_touch()
        merge_sudo.restore_report = "\n".join(kept + stays) or False
        self.env["interop.audit.event"]._log("unmerged", merge_sudo, reason.strip())

    def _check_may_undo(self):
        """Refuse if the record that identifiers would go back to was deleted.

        :raises UserError: the prior record was deleted
        """
        if not self.env[self.res_model].browse(self.merged_id).exists():
            raise UserError(
                self.env._(
                    "“%s” cannot be undone: the prior record was deleted, usually "
                    "by Odoo's Merge Contacts, and cannot be restored. Its "
                    "identifiers find the survivor. Create the record again, retire "
                    "those identifiers, and add them to the new record.",
                    self.display_name,
                )
            )

    def _interop_unmerge_touch(self):
        """Take back effects of an addon that are not recorded changes (hook).

        Called once when a merge (``self``, sudo) is undone. At that time all recorded
        rows have their former values, in SQL and with an empty cache. An override calls
        super and recomputes everything that depends on these rows. It must not refuse
        the undoing.

        :return: None
        """

    def _interop_undo_notes(self):
        """Return the effects of undoing that are not recorded changes (hook).

        Called when a user opens the preview of undoing a merge (``self``, sudo). An
        override adds to the result of super the effects of its
        :meth:`_interop_unmerge_touch` at facilities of the user, and none about others.

        :return: list of ``(object that changes, effect)``, translated
        """
        return []

    def _interop_undo_hidden(self):
        """Return the number of such effects at other facilities (hook).

        Called together with :meth:`_interop_undo_notes`. An override adds its number to
        that of super.

        :rtype: int
        """
        return 0

    def _set_undone(self, reason):
        """Mark the merge as undone and reopen the questions of its cases."""
        undone = self._set_state(
            "undone",
            {"merged"},
            undone_at=clock.now(),
            undone_by_id=self.env.uid,
            undone_reason=reason,
        )
        # sudo: the engine writes cases; the caller checked the right to undo
        cases_sudo = self.env["interop.identity.case"].sudo()
        for case in cases_sudo.search(
            [("merge_id", "in", undone.ids), ("state", "=", "decided")]
        ):
            case._set_undone()
            case._tell(self.env._("Merge undone: %s", reason))
        return undone

    def _repoint_anchors(self):
        """Recompute the survivors of all records that this merge connected."""
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
        """Show the effects, ask for the reason and undo the merge (button)."""
        self.ensure_one()
        self._check_may_undo()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Undo Merge"),
            "res_model": "interop.identifier.unmerge.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_merge_id": self.id},
        }
