"""The steward's queue: one case for each question about an identity."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.interop_base import clock
from odoo.addons.interop_base import const as base_const

from .. import const
from ..tools import question
from .case_comparison import CaseComparison
from .case_decision import CaseDecision
from .case_opening import CaseOpening
from .case_words import CaseWords
from .message_side import looked_at, seen_ids

ACTIVITY = "mail.mail_activity_data_todo"
SIDES = ("left", "right")
# Fields that distinguish two records of a model, besides the name.
KEY_FIELDS = {
    "res.partner": (
        *("is_company", "parent_id", "function", "email", "phone", "street", "street2"),
        *("zip", "city", "state_id", "country_id", "lang", "vat", "ref", "company_id"),
    ),
}
# Member of a message -> field of a record with the same fact.
STATED_FIELDS = {"name": "name"}


class InteropIdentityCase(models.Model):
    """One question, opened once, with every message that waits for its answer.

    Inbound messages and other code open it (``case_opening.py``). Stewards decide it
    (``case_decision.py``) and see both records side by side (``case_comparison.py``).
    Look-ups consult decided cases.
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
        help="Initially the criticality of the interface of the first message.",
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
        help="The steward who is assigned to the case. Every steward of the "
        "facility may decide it.",
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
        help="The assigning authority as the sender writes it, or the last "
        "characters of the unknown identifier.",
    )
    creates = fields.Boolean(
        "Could Be New", readonly=True, help="The answer may be a new record."
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
    about = fields.Char("Subject", compute="_compute_names")
    opened_at = fields.Datetime("Since", required=True, readonly=True)
    age = fields.Char(
        compute="_compute_age",
        help="Time for which the case has been open, or was open.",
    )
    waiting_message_ids = fields.One2many(
        "interop.message",
        "identity_case_id",
        "Parked Messages",
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
        help="The merge that the decision made. Undo it there if it was wrong.",
    )
    can_merge = fields.Boolean(compute="_compute_allowed")
    can_tell_apart = fields.Boolean(compute="_compute_allowed")
    can_link = fields.Boolean(compute="_compute_allowed")
    can_create = fields.Boolean(compute="_compute_allowed")
    can_assign = fields.Boolean(compute="_compute_allowed")
    can_take_back = fields.Boolean(compute="_compute_allowed")
    looks = fields.Json(
        "Messages Shown",
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="By user: IDs of the messages that were shown to the user.",
    )
    must_look = fields.Boolean(
        compute="_compute_look",
        help="You have not yet seen the names, birth dates and numbers in each "
        "waiting message. Press Show Message.",
    )
    side_shown = fields.Boolean(
        compute="_compute_look",
        help="You currently see the names, birth dates and numbers in the "
        "waiting messages.",
    )
    # --- what a steward sees ---
    comparison = fields.Html(
        compute="_compute_comparison", sanitize=False, string="Side by Side"
    )
    question = fields.Char("Question Text", compute="_compute_question")
    same_label = fields.Char(compute="_compute_labels")
    different_label = fields.Char(compute="_compute_labels")
    create_label = fields.Char(compute="_compute_labels")

    _open_question_uniq = models.UniqueIndex(
        "(question_key) WHERE state = 'open'",
        "An open case for this question already exists.",
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

    # === COMPUTE === #

    @api.depends("kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for case in self:
            case.display_name = f"{kinds.get(case.kind, '')} {case.id or ''}".strip()

    @api.depends("left_model", "left_id", "right_model", "right_id", "subject")
    @api.depends_context("uid")
    def _compute_names(self):
        """Compute names with one or two queries per model, not per case."""
        names = self._record_names()
        hidden = self.env._("a record without access for you")
        for case in self:
            shown = []
            for side in SIDES:
                key = (case[f"{side}_model"], case[f"{side}_id"])
                name = (names.get(key) or hidden) if key[1] else False
                case[f"{side}_name"] = name
                shown += [name] if name else []
            # sudo: messages of the facility contain the name anyway
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
                names[model, record.id] = (
                    f"{name} (#{record.id})"  # two records may have the same name
                )
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
        """Return a duration as a short text with one unit."""
        if seconds < 3600:
            return self.env._("%s min", max(1, seconds // 60))
        if seconds < 48 * 3600:
            return self.env._("%s h", seconds // 3600)
        return self.env._("%s days", seconds // 86400)

    def _compute_counts(self):
        # sudo: counts only, of cases that the user sees
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
            # sudo: both results have sudo records as keys
            case.message_count = all_of.get(case.sudo(), 0)
            case.waiting_count = waiting.get(case.sudo(), 0)

    @api.depends("state", "kind", "decision")
    def _compute_allowed(self):
        for case in self:
            allowed = CaseDecision(case).allowed() if case.state == "open" else set()
            both = case.left_id and case.right_id
            case.can_merge = "same" in allowed and bool(both)
            case.can_link = "same" in allowed and not both
            case.can_tell_apart = "different" in allowed
            case.can_create = "create" in allowed
            case.can_assign = "namespace" in allowed
            case.can_take_back = (
                case.state == "decided"
                and not case.merge_id
                and (case.decision in const.REMEMBERED or bool(case.answer_id))
            )

    @api.depends("state")
    @api.depends_context("uid")
    def _compute_look(self):
        now = clock.now()
        for case in self:
            looked = looked_at(case)
            case.side_shown = bool(
                looked and looked > now - timedelta(minutes=const.SHOWN_MINUTES)
            )
            seen = seen_ids(case) if looked else set()
            case.must_look = case.state == "open" and any(
                res_id not in seen for res_id in case._waiting_sudo().ids
            )

    @api.depends("left_model", "left_id", "right_model", "right_id", "side_shown")
    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_comparison(self):
        for case in self:
            case.comparison = CaseComparison(case).render()

    @api.depends("kind", "creates", "left_id", "right_id", "left_model", "right_model")
    def _compute_question(self):
        for case in self:
            case.question = CaseWords(case).question()

    @api.depends("kind", "left_id", "right_id", "left_model", "left_name")
    @api.depends_context("uid", "lang")
    def _compute_labels(self):
        """Compute button labels that state the effect and the record."""
        for case in self:
            words = CaseWords(case)
            case.same_label = words.same_label()
            case.different_label = words.different_label()
            case.create_label = words.create_label()

    # === HOOKS === #

    @api.model
    def _key_fields(self, model):
        """Return the names of the fields that distinguish two records of ``model``.

        Called when a steward opens a case with records of that model. An override puts
        the fields of its addon before those of super. The caller leaves out fields that
        the user may not read. Fields with clinical content must not be added.

        :param str model: name of a model with identifiers
        :rtype: tuple[str]
        """
        return KEY_FIELDS.get(model, ("company_id",))

    @api.model
    def _stated_as(self, model):
        """Return the fields of ``model`` that hold facts which messages also state.

        Called when a steward opens a case; these fields are shown beside the message.
        An override adds to the result of super. Only ``name`` and ``birth_date`` of
        messages are shown.

        :param str model: name of a model with identifiers
        :return: ``{member of the message: name of the field}``
        """
        known = self.env[model]._fields if model in self.env else {}
        return {key: name for key, name in STATED_FIELDS.items() if name in known}

    # === OPENING AND MEMORY === #

    @api.model
    @api.private
    def _open(self, asked, message=None, company=None, system=None, load=None):
        """Return the open case (sudo) of a question; see ``CaseOpening.open``."""
        return CaseOpening(self).open(asked, message, company, system, load)

    @api.model
    def _decided(self, asked):
        """Return the decision (sudo) about exactly this question, empty if there is
        none."""
        # Every message about a new record runs this query, mostly without a result. It
        # uses only the index.
        self.flush_model(["question_key", "state"])
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM interop_identity_case "
                "WHERE question_key = %s AND state = 'decided' "
                "ORDER BY id DESC LIMIT 1",
                asked.key,
            )
        )
        # sudo: decisions of stewards apply to every message
        return self.sudo().browse(row[0] for row in rows)

    @api.model
    def _told_apart(self, first, second):
        """Return the decision (sudo) that two records, ``(model, id)`` each, are
        different.

        Decisions of every facility count. Empty if there is none.
        """
        # sudo: the decision that two records are different applies at every facility
        keys = {
            question.pair_key((first[0], one), (second[0], other))
            for one in self._merged_into(first)
            for other in self._merged_into(second)
        }
        return self.sudo().search(
            [
                ("pair_key", "in", list(keys)),
                ("state", "=", "decided"),
                ("decision", "=", "different"),
            ],
            order="id desc",
            limit=1,
        )

    @api.model
    def _merged_into(self, record):
        """Return the ids of all records that were merged into ``record`` ``(model,
        id)``."""
        # sudo: users have no access to anchors
        anchors_sudo = self.env["interop.identifier.anchor"].sudo()
        merged = anchors_sudo.search(
            [("res_model", "=", record[0]), ("survivor_id", "=", record[1])]
        )
        return [record[1], *merged.mapped("res_id")]

    def _about(self):
        """Return ``(model, id)`` of the record that messages naming both records are
        about.

        ``()`` means that such messages are wrong.
        """
        record = self._named_record()
        return (record._name, record.id) if record else ()

    def _named_record(self):
        """Return the record that is the answer or its survivor, None if there is none
        or it was deleted."""
        if not self.answer_id:
            return None
        record = self.env[self.answer_model].browse(self.answer_id)
        return self.env["interop.identifier.merge"]._survivor(record).exists()

    @api.private
    def _remember_apart(self, record, other):
        """Store that the new ``record`` of this decision differs from ``other``.

        Messages that name both are about ``record``.
        """
        self.ensure_one()
        asked = question.same(self.company_id.id, record, other)
        opening = CaseOpening(self)
        case_sudo = opening.insert(
            {
                **opening.values(asked, None, self.company_id),
                "interface_id": self.interface_id.id or None,
                "system_id": self.system_id.id or None,
            }
        )
        case_sudo._set_decided("different", self.reason, record, self.decided_by_id)

    # === TRANSITIONS === #

    @api.model
    def _guarded_fields(self):
        free = {"priority", "user_id"}
        return {
            name
            for name, field in self._fields.items()
            if field.readonly and field.store and name not in free
        } | super()._guarded_fields()

    def _set_decided(self, decision, reason="", answer=(), user=None):
        """Store the answer, which applies from now on.

        :param str decision: key of ``const.CASE_DECISIONS``
        :param answer: ``(model, id)`` of the record that is the answer, if any
        :param user: the user who decided; None if the case was closed automatically
        """
        return self._set_state(
            "decided",
            {"open"},
            decision=decision,
            reason=reason or False,
            decided_at=clock.now().replace(microsecond=0),
            decided_by_id=user.id if user else False,
            answer_model=answer[0] if answer else False,
            answer_id=answer[1] if answer else False,
        )

    def _set_merge(self, journal):
        """Store the merge that the decision made."""
        self._transition({"merge_id": journal.id})

    def _set_undone(self):
        """Take the answer back, so that the question may be asked again."""
        return self._set_state("undone", {"decided"})

    def _set_shown(self, messages):
        """Store that these messages are now shown to the user."""
        seen = sorted(seen_ids(self).union(messages.ids))
        case_sudo = self.sudo()  # sudo: see seen_ids
        case_sudo._transition(
            {"looks": {**(case_sudo.looks or {}), str(self.env.uid): seen}}
        )
        case_sudo.flush_recordset()  # the decision locks and reloads the row without a flush

    def _close_without_messages(self):
        """Close the open cases without waiting messages."""
        for case in self.filtered(lambda item: item.state == "open"):
            waits = self.env["interop.message"].search_count(
                [
                    ("identity_case_id", "=", case.id),
                    ("state", "in", ("pending", "processing", "parked")),
                ],
                limit=1,
            )
            if not waits and not case._about_held():
                text = self.env._("No message waits for an answer any more.")
                case._set_decided("settled", text)
                case._tell(text)

    def _about_held(self):
        """Return whether a held identifier waits for the answer, besides messages."""
        domain = Domain.FALSE
        for side in SIDES:
            if self[f"{side}_id"]:
                domain |= Domain("res_model", "=", self[f"{side}_model"]) & Domain(
                    "res_id", "=", self[f"{side}_id"]
                )
        identifiers = self.env["interop.identifier"]
        held = Domain("state", "=", const.HELD)
        return bool(identifiers.search_count(domain & held, limit=1))

    def _waiting_sudo(self):
        """Return the messages that wait for this case, the oldest first."""
        # sudo: only the engine changes messages
        return (
            self.env["interop.message"]
            .sudo()
            .search(
                [("identity_case_id", "=", self.id), ("state", "=", "parked")],
                order="id",
            )
        )

    def _tell(self, text):
        """Close the steward's activity and post ``text`` in the chatter."""
        case_sudo = self.sudo()  # sudo: the activity may belong to another steward
        case_sudo.activity_unlink([ACTIVITY])
        case_sudo.message_post(body=text)

    def _check_steward(self):
        """Check that the user is a steward of the facility."""
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.check_access("read")

    def _decision_label(self, decision):
        labels = dict(self._fields["decision"]._description_selection(self.env))
        return labels.get(decision, "")

    def _model_label(self, model):
        # sudo: names of models are not confidential
        return self.env["ir.model"].sudo()._get(model).name or model

    # === BUTTONS === #

    def action_show_message(self):
        """Show the parties of the waiting messages and record the access (button)."""
        self.ensure_one()
        self._check_steward()
        if self.state != "open":
            raise UserError(
                self.env._(
                    "Case “%s” is already decided, so its messages are no longer "
                    "shown.",
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
                "Shown: names, birth date and numbers of %(count)s waiting "
                "messages: %(names)s%(more)s",
                count=len(waiting_sudo),
                names=names,
                more=more,
            ),
        )
        self._set_shown(waiting_sudo)
        self.invalidate_recordset(["must_look", "side_shown", "comparison"])
        return True

    def action_same(self):
        """Decide that both are the same, or that a known record has the identifier
        (button)."""
        return self._ask("same", self.same_label)

    def action_different(self):
        """Decide that the two are different (button)."""
        return self._ask("different", self.different_label)

    def action_create(self):
        """Decide that the message is about a new record (button)."""
        return self._ask("create", self.create_label)

    def action_assign(self):
        """Choose the namespace that the sender means (button)."""
        return self._ask("namespace", self.env._("Assign Namespace"))

    def action_reject(self):
        """Reject the messages (button)."""
        return self._ask("rejected", self.env._("Reject"))

    def action_retry(self):
        """Try the messages again after a correction elsewhere (button)."""
        return self._ask("retried", self.env._("Try Again"))

    def _ask(self, decision, title):
        """Open the dialog of a decision, or raise if the case was decided meanwhile."""
        CaseDecision(self).check(decision)
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "interop.identity.decision",
            "view_mode": "form",
            "target": "new",
            "context": {"default_case_id": self.id, "default_decision": decision},
        }

    def action_take_back(self):
        """Take the decision back, so that the question may be asked again (button)."""
        for case in self:
            CaseDecision(case).take_back()
        return True

    def action_view_messages(self):
        """Open all messages that asked this question."""
        self.ensure_one()
        return self.env["interop.message"]._action_log(
            [("identity_case_id", "=", self.id)]
        )

    def action_view_merge(self):
        """Open the journal of the merge."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "interop.identifier.merge",
            "res_id": self.merge_id.id,
            "view_mode": "form",
        }

    def action_unmerge(self):
        """Ask for the reason and undo the merge (button)."""
        self.ensure_one()
        return self.merge_id.action_unmerge()
