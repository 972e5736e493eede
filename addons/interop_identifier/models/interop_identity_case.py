"""The steward's queue: questions about identities that nobody may guess."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base import const as base_const

from .. import const
from ..tools import question

SIDES = ("left", "right")


class InteropIdentityCase(models.Model):
    """One question, open once, with everything that waits for its answer.

    Opened by the engine (``interop_identity_case_open.py``), decided by stewards
    (``interop_identity_case_decide.py``). A decided case is the memory of the decision:
    look-ups consult it.
    """

    _name = "interop.identity.case"
    _description = "Identity Case"
    _inherit = ["interop.state.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "priority desc, opened_at, id"
    _mail_post_access = "read"

    kind = fields.Selection(const.CASE_KINDS, "Question", required=True, readonly=True)
    state = fields.Selection(
        const.CASE_STATES, required=True, default="open", readonly=True, copy=False
    )
    priority = fields.Selection(
        base_const.CRITICALITIES,
        required=True,
        default="1",
        tracking=True,
        help="At first as critical as the interface whose message asked.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Steward",
        tracking=True,
        index="btree_not_null",
        ondelete="set null",
        domain=lambda self: [
            (
                "all_group_ids",
                "in",
                self.env.ref("interop_base.interop_base_group_steward").id,
            )
        ],
        help="Who takes care of it. Every steward of the facility may decide.",
    )
    question_key = fields.Char(required=True, readonly=True, groups=fields.NO_ACCESS)
    pair_key = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    company_id = fields.Many2one(
        "res.company", "Facility", required=True, readonly=True, ondelete="restrict"
    )
    interface_id = fields.Many2one(
        "interop.interface", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    system_id = fields.Many2one(
        "interop.system", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    namespace_id = fields.Many2one(
        "interop.namespace", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    subject = fields.Char(
        "Named in the Message",
        readonly=True,
        help="The assigning authority as the sender writes it, or the end of the "
        "identifier that is not known.",
    )
    creates = fields.Boolean(
        "Could Be New", readonly=True, help="A new record could be the answer."
    )
    left_model = fields.Char("First Model", readonly=True)
    left_id = fields.Many2oneReference(
        "First Record ID", model_field="left_model", readonly=True
    )
    right_model = fields.Char("Second Model", readonly=True)
    right_id = fields.Many2oneReference(
        "Second Record ID", model_field="right_model", readonly=True
    )
    left_name = fields.Char("First Record", compute="_compute_names")
    right_name = fields.Char("Second Record", compute="_compute_names")
    about = fields.Char("What It Is About", compute="_compute_names")
    opened_at = fields.Datetime("Since", required=True, readonly=True)
    age = fields.Char(
        compute="_compute_age", help="How long it has been, or was, open."
    )
    waiting_message_ids = fields.One2many(
        "interop.message",
        "identity_case_id",
        "What Waits",
        readonly=True,
        domain=[("state", "=", "parked")],
    )
    waiting_count = fields.Integer("Waiting Messages", compute="_compute_counts")
    message_count = fields.Integer("All Messages", compute="_compute_counts")
    # --- the decision ---
    decision = fields.Selection(const.CASE_DECISIONS, readonly=True, copy=False)
    decided_at = fields.Datetime("Decided On", readonly=True, copy=False)
    decided_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, ondelete="restrict"
    )
    reason = fields.Char(readonly=True, copy=False)
    answer_model = fields.Char("Model of the Answer", readonly=True, copy=False)
    answer_id = fields.Many2oneReference(
        "Record of the Answer", model_field="answer_model", readonly=True, copy=False
    )
    merge_id = fields.Many2one(
        "interop.identifier.merge",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
        help="What the decision moved. Undo it there if it was wrong.",
    )
    can_merge = fields.Boolean(compute="_compute_allowed")
    can_tell_apart = fields.Boolean(compute="_compute_allowed")
    can_link = fields.Boolean(compute="_compute_allowed")
    can_create = fields.Boolean(compute="_compute_allowed")
    can_assign = fields.Boolean(compute="_compute_allowed")
    can_forget = fields.Boolean(compute="_compute_allowed")
    looks = fields.Json(
        "Messages Shown",
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="By user: the IDs of the messages whose side was shown to them.",
    )
    must_look = fields.Boolean(
        compute="_compute_look",
        help="You have not yet seen the names, birth dates and numbers in each of the "
        "waiting messages.",
    )
    side_shown = fields.Boolean(
        compute="_compute_look",
        help="You see the names, birth dates and numbers in the waiting messages.",
    )

    _open_question_uniq = models.UniqueIndex(
        "(question_key) WHERE state = 'open'", "This question is open already."
    )
    _queue_idx = models.Index("(priority DESC, opened_at, id) WHERE state = 'open'")
    _all_idx = models.Index("(priority DESC, opened_at, id)")
    _company_idx = models.Index("(company_id, state)")
    _question_idx = models.Index("(question_key, id) WHERE state = 'decided'")
    _pair_idx = models.Index(
        "(pair_key, id) WHERE state = 'decided' AND pair_key IS NOT NULL"
    )
    _left_idx = models.Index("(left_model, left_id)")
    _right_idx = models.Index("(right_model, right_id)")

    @api.model
    def _guarded_fields(self):
        free = {"priority", "user_id"}
        return {
            name
            for name, field in self._fields.items()
            if field.readonly and field.store and name not in free
        } | super()._guarded_fields()

    # ------------------------------------------------------------------
    # What it shows
    # ------------------------------------------------------------------
    @api.depends("kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for case in self:
            case.display_name = f"{kinds.get(case.kind, '')} {case.id or ''}".strip()

    @api.depends("left_model", "left_id", "right_model", "right_id", "subject")
    @api.depends_context("uid")
    def _compute_names(self):
        """A query or two per model, not per case."""
        names = self._record_names()
        hidden = self.env._("a record that you may not see")
        for case in self:
            shown = []
            for side in SIDES:
                key = (case[f"{side}_model"], case[f"{side}_id"])
                name = (names.get(key) or hidden) if key[1] else False
                case[f"{side}_name"] = name
                shown += [name] if name else []
            # sudo: a name that messages of the facility carry anyway
            namespace = case.namespace_id.sudo().name
            text = " ".join(filter(None, [namespace, case.subject]))
            case.about = " · ".join([*shown, *([text] if text else [])])

    def _record_names(self):
        """Return ``{(model, id): name}`` of the records that the user may read."""
        ids_by_model = defaultdict(set)
        for case in self:
            for side in SIDES:
                if case[f"{side}_id"] and case[f"{side}_model"] in self.env:
                    ids_by_model[case[f"{side}_model"]].add(case[f"{side}_id"])
        names = {}
        for model, ids in ids_by_model.items():
            records = self.env[model].sudo(False).browse(ids).exists()
            for record in records._filtered_access("read"):
                name = record.display_name or self.env._("Unnamed")
                names[model, record.id] = f"{name} (#{record.id})"  # names are alike
        return names

    @api.depends("opened_at", "decided_at")
    def _compute_age(self):
        now = clock.now()
        for case in self:
            seconds = (
                (case.decided_at or now) - (case.opened_at or now)
            ).total_seconds()
            case.age = self._span(int(seconds))

    @api.model
    def _span(self, seconds):
        """Return a span of time in words, as rough as people say it."""
        if seconds < 3600:
            return self.env._("%s min", max(1, seconds // 60))
        if seconds < 48 * 3600:
            return self.env._("%s h", seconds // 3600)
        return self.env._("%s days", seconds // 86400)

    def _compute_counts(self):
        # sudo: numbers only, of cases that the user sees
        messages_sudo = self.env["interop.message"].sudo()
        linked = [("identity_case_id", "in", self.ids)]
        all_of = dict(
            messages_sudo._read_group(linked, ["identity_case_id"], ["__count"])
        )
        waiting = dict(
            messages_sudo._read_group(
                [*linked, ("state", "=", "parked")], ["identity_case_id"], ["__count"]
            )
        )
        for case in self:
            case.message_count = all_of.get(case.sudo(), 0)
            case.waiting_count = waiting.get(case.sudo(), 0)

    @api.depends("state", "kind", "decision")
    def _compute_allowed(self):
        for case in self:
            allowed = case._allowed() if case.state == "open" else set()
            both = case.left_id and case.right_id
            case.can_merge = "same" in allowed and bool(both)
            case.can_link = "same" in allowed and not both
            case.can_tell_apart = "different" in allowed
            case.can_create = "create" in allowed
            case.can_assign = "namespace" in allowed
            case.can_forget = (
                case.state == "decided"
                and not case.merge_id
                and (case.decision in const.REMEMBERED or bool(case.answer_id))
            )

    def _allowed(self):
        """Return the decisions that answer this kind of question."""
        self.ensure_one()
        allowed = {"rejected", "retried"}
        if self.kind == "placeholder":
            return allowed
        if self._one_already():
            if self.kind == "merge":  # the other way round than an earlier merge
                allowed.add("same")
                if self._joining_merge():
                    allowed.add("different")
            return allowed
        if self.kind == "merge" and self.left_id and not self.right_id:
            allowed.add("same")
        if self.left_id and self.right_id:
            allowed.add("different")
            if self.left_model == self.right_model:
                allowed.add("same")
        elif self.kind == "namespace":
            allowed |= self._allowed_of_authority()
        elif self.namespace_id:  # an unknown identifier, or a second number
            allowed |= {"same", "create"} if self.creates else {"same"}
        return allowed

    def _allowed_of_authority(self):
        """Return what may be decided about an authority that is not set up."""
        named = self.subject or self._names_nothing()
        return {"namespace"} if named else set()

    def _names_nothing(self):
        """Say whether the sender names no assigning authority at all."""
        case_sudo = self.sudo()  # sudo: the key is the engine's, its meaning is not
        company, system = case_sudo.company_id, case_sudo.system_id
        nothing = question.authority(company.id, system.id, "")
        return case_sudo.question_key == nothing.key

    def _one_already(self):
        """Say whether both records were found to be the same meanwhile."""
        if not (self.left_id and self.left_model == self.right_model):
            return False
        roots = self.env["interop.identifier.anchor"]._roots(
            self.left_model, [self.left_id, self.right_id]
        )
        return roots[self.left_id] == roots[self.right_id]

    def _joining_merge(self):
        """Return the merge in force (sudo) by which one of the two records came to the
        other one, empty if there is none."""
        merges = self.env["interop.identifier.merge"]
        if not (self.left_id and self.right_id):
            return merges.sudo()  # sudo: empty, as what _open_of returns
        ids = (self.left_id, self.right_id)
        for prior_id, other_id in (ids, ids[::-1]):
            prior = self.env[self.left_model].browse(prior_id)
            if other_id in merges._path(prior):
                return merges._open_of(prior)
        return merges.sudo()

    # ------------------------------------------------------------------
    # The message's side
    # ------------------------------------------------------------------
    @api.depends("state")
    @api.depends_context("uid")
    def _compute_look(self):
        now = clock.now()
        for case in self:
            looked = case._looked_at()
            case.side_shown = bool(
                looked and looked > now - timedelta(minutes=const.SHOWN_MINUTES)
            )
            seen = case._seen_ids() if looked else set()
            case.must_look = case.state == "open" and any(
                res_id not in seen for res_id in case._waiting_sudo().ids
            )

    def _looked_at(self):
        """Return when this user had the message's side of the open case shown last,
        None if never, or if the user may not see it (any more)."""
        if self.state != "open" or not self.id or not self._may_look():
            return None
        # sudo: the trail is evidence, and here it says what was shown to whom
        events_sudo = self.env["interop.audit.event"].sudo()
        event = events_sudo.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "=", self.id),
                ("user_id", "=", self.env.uid),
                ("action", "=", "identity_shown"),
                ("occurred_at", ">=", self.opened_at),
            ],
            order="id desc",
            limit=1,
        )
        return event.occurred_at or None

    def _seen_ids(self):
        """Return the ids of the messages whose side this user had shown.

        Not the moment of the look counts: a message that came before it may begin to
        wait after it.
        """
        looks = self.sudo().looks or {}  # sudo: the engine's; here only the user's own
        return set(looks.get(str(self.env.uid), ()))

    def _set_shown(self, messages):
        """Note that the side of these messages is shown to the user from now on."""
        seen = sorted(self._seen_ids().union(messages.ids))
        case_sudo = self.sudo()  # sudo: see _seen_ids
        case_sudo._transition(
            {"looks": {**(case_sudo.looks or {}), str(self.env.uid): seen}}
        )
        case_sudo.flush_recordset()  # deciding reads the row anew, unflushed

    def _may_look(self):
        """Return whether the user may see names, birth date and numbers of the messages
        that wait: a steward who sees the case."""
        group = "interop_base.interop_base_group_steward"
        return self.env.user.has_group(group) and self.has_access("read")

    def action_show_message(self):
        """Button: show what the waiting messages say about who is meant; it is on
        record."""
        self.ensure_one()
        self._check_steward()
        if self.state != "open":
            raise UserError(
                self.env._(
                    "“%s” is decided: its messages are no longer shown.",
                    self.display_name,
                )
            )
        waiting_sudo = self._waiting_sudo()
        names = ", ".join(waiting_sudo[:5].mapped("external_id"))
        more = "…" if len(waiting_sudo) > 5 else ""
        self.env["interop.audit.event"]._log(
            "identity_shown",
            self,
            self.env._(
                "Names, birth date and numbers of %(count)s waiting messages: "
                "%(names)s%(more)s",
                count=len(waiting_sudo),
                names=names,
                more=more,
            ),
        )
        self._set_shown(waiting_sudo)
        self.invalidate_recordset(["must_look", "side_shown", "comparison"])
        return True

    # ------------------------------------------------------------------
    # Going elsewhere
    # ------------------------------------------------------------------
    def action_view_messages(self):
        """Open all messages that asked this question."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_message_action"
        )
        action["domain"] = [("identity_case_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_view_left(self):
        """Open the first record."""
        return self._open_record("left")

    def action_view_right(self):
        """Open the second record."""
        return self._open_record("right")

    def _open_record(self, side):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self[f"{side}_model"],
            "res_id": self[f"{side}_id"],
            "view_mode": "form",
        }
