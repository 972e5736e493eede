"""What stewards decide, what follows from it, and how it is taken back."""

from odoo import models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain

from odoo.addons.interop_base import clock
from odoo.addons.interop_base import const as base_const
from odoo.addons.interop_base.exceptions import BusinessError

from .. import const

ACTIVITY = "mail.mail_activity_data_todo"


class InteropIdentityCase(models.Model):
    """One decision per case; what waited for it goes on by itself."""

    _inherit = "interop.identity.case"

    # ------------------------------------------------------------------
    # Transitions
    # ------------------------------------------------------------------
    def _set_decided(self, decision, reason="", answer=(), user=None):
        """The question has an answer, which counts from now on.

        :param str decision: key of ``const.CASE_DECISIONS``
        :param answer: ``(model, id)`` of the record that is the answer, if one is
        :param user: who decided; nobody when the question answered itself
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
        """Note which merge the decision made."""
        self._transition({"merge_id": journal.id})

    def _set_undone(self):
        """The answer was taken back: the question may be asked again."""
        return self._set_state("undone", {"decided"})

    # ------------------------------------------------------------------
    # Decisions
    # ------------------------------------------------------------------
    def _decide_merge(self, survivor, reason=""):
        """Both records are the same; ``survivor`` is ``left`` or ``right``.

        The records themselves stay, with all that depends on them: only identifiers
        move. Whoever may merge contacts does the rest with Odoo's own tools.
        """
        self._check_may_decide("same")
        if self._one_already():  # as the messages say, too: nothing moves
            model = self.left_model
            roots = self.env["interop.identifier.anchor"]._roots(model, [self.left_id])
            self._answer("same", reason, (model, roots[self.left_id]))
            return
        left, right = self._record("left"), self._record("right")
        kept, merged = (left, right) if survivor == "left" else (right, left)
        merges = self.env["interop.identifier.merge"].with_company(self.company_id)
        try:
            journal = merges._merge(kept, merged, reason=reason)
        except BusinessError as error:
            raise UserError(str(error)) from None
        # sudo: written by transitions only
        self.sudo()._set_merge(journal)
        self._answer("same", reason, (kept._name, kept.id))

    def _record(self, side):
        """Return the record of a side, or say that it is gone or merged meanwhile: the
        steward has not seen the record that stands for it."""
        record = self.env[self[f"{side}_model"]].browse(self[f"{side}_id"])
        survivor = self.env["interop.identifier.merge"]._survivor(record)
        if survivor != record and survivor.exists():
            raise UserError(
                self.env._(
                    "Record %(record)s was merged into record %(survivor)s meanwhile. "
                    "Choose Try Again: the question is then asked about that record.",
                    record=record.id,
                    survivor=survivor.id,
                )
            )
        record = record.exists()
        if not record:
            raise UserError(
                self.env._(
                    "One of the two records was deleted meanwhile: try the messages "
                    "again instead."
                )
            )
        record.check_access("read")
        return record

    def _decide_link(self, record, reason=""):
        """The unknown identifier is ``record``'s (a recordset of one)."""
        self._check_may_decide("same")
        record.check_access("read")
        if record._name != self.left_model:
            raise UserError(
                self.env._(
                    "The messages are about another kind of record (%(wanted)s) than "
                    "“%(name)s”. Choose one of that kind.",
                    wanted=self._model_label(self.left_model),
                    name=record.display_name,
                )
            )
        self._answer("same", reason, (record._name, record.id))

    def _decide_second_number(self, reason=""):
        """The sender's new number is the known record's, too."""
        self._check_may_decide("same")
        self._answer("same", reason, (self.left_model, self.left_id))

    def _decide_different(self, side="", reason=""):
        """The two records are not the same.

        :param str side: ``left`` or ``right``: whom messages that name both are about;
            empty: they are wrong, and fail
        """
        self._check_may_decide("different")
        if self._one_already():
            self._joining_merge().with_env(self.env)._unmerge(
                reason or self.env._("Decided in “%s”", self.display_name)
            )
        about = (self[f"{side}_model"], self[f"{side}_id"]) if side else ()
        if about:
            other = "right" if side == "left" else "left"
            self.env["interop.identifier"]._give_held(
                about, (self[f"{other}_model"], self[f"{other}_id"]), reason
            )
        self._answer("different", reason, about)

    def _decide_create(self, reason=""):
        """The message is about somebody new."""
        self._check_may_decide("create")
        self._answer("create", reason)

    def _decide_rejected(self, reason):
        """The messages are wrong: they fail, for this reason, and their owner acts."""
        self._check_may_decide("rejected")
        if not (reason or "").strip():
            raise UserError(
                self.env._(
                    "Enter the reason why the messages are rejected. The sender will ask "
                    "for it."
                )
            )
        waiting_sudo = self._waiting_sudo()
        self._conclude("rejected", reason)
        for message in waiting_sudo:
            message._set_dead(message.error_class, "rejected", reason)

    def _decide_retried(self, reason=""):
        """The cause was corrected elsewhere: try the messages again."""
        self._check_may_decide("retried")
        self._answer("retried", reason)

    def _decide_namespace(self, namespace, reason=""):
        """The sender's name means ``namespace`` from now on."""
        self._check_may_decide("namespace")
        namespace.check_access("read")
        if namespace.company_id not in (
            self.env["res.company"],
            *self.company_id.sudo().parent_ids,  # sudo: the tree of facilities
        ):
            raise UserError(
                self.env._(
                    "“%(namespace)s” belongs to another facility than these messages "
                    "(%(facility)s).",
                    namespace=namespace.name,
                    facility=self.company_id.name,
                )
            )
        noted = self._note_namespace(namespace)
        self._answer("namespace", reason, (noted._name, noted.id) if noted else ())

    def _note_namespace(self, namespace):
        """Let the sender's name, or its lack of one, mean ``namespace``; return where
        that is kept, empty if it was known meanwhile."""
        # sudo: stewards decide what a name means, without editing namespaces otherwise
        case_sudo = self.sudo()
        system_sudo = case_sudo.system_id.with_company(self.company_id)
        namespaces_sudo = namespace.sudo()
        if namespaces_sudo._named_id(self.subject, self.company_id, system_sudo):
            return system_sudo.browse()
        if not self.subject:
            system_sudo._set_default_authority(namespace)
            return system_sudo
        return case_sudo.env["interop.namespace.alias"].create(
            {
                "namespace_id": namespace.id,
                "name": self.subject,
                "system_id": system_sudo.id,
                "company_id": self.company_id.id,  # elsewhere it may mean another one
            }
        )

    # ------------------------------------------------------------------
    # Steps
    # ------------------------------------------------------------------
    def _check_may_decide(self, decision):
        """Hold the case for this transaction, or say why not."""
        self.ensure_one()
        self._check_steward()
        try:
            self.sudo().lock_for_update()  # sudo: the lock is the engine's
        except LockError:
            raise UserError(
                self.env._(
                    "Another steward is deciding “%s” right now. Look again in a moment.",
                    self.display_name,
                )
            ) from None
        self.invalidate_recordset(flush=False)
        if self.state != "open":
            raise UserError(self._decided_text())
        if decision not in self._allowed():
            raise UserError(
                self.env._(
                    "“%(decision)s” does not answer “%(case)s”.",
                    decision=self._decision_label(decision),
                    case=self.display_name,
                )
            )
        if decision in const.LOOK_FIRST and self.must_look:
            raise UserError(
                self.env._(
                    "Look at the message's side of “%s” first: press Show Message. Your "
                    "access is recorded.",
                    self.display_name,
                )
            )

    def _check_steward(self):
        """Stewards of the facility decide; nobody else."""
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.check_access("read")

    def _decided_text(self):
        """Return what a second steward is told."""
        return self.env._(
            "“%(case)s” was decided already (%(decision)s) by %(user)s, %(age)s ago. "
            "Nothing was changed.",
            case=self.display_name,
            decision=self._decision_label(self.decision),
            user=self.decided_by_id.name or self.env._("the course of events"),
            age=self._span(int((clock.now() - self.decided_at).total_seconds())),
        )

    def _decision_label(self, decision):
        labels = dict(self._fields["decision"]._description_selection(self.env))
        return labels.get(decision, "")

    def _model_label(self, model):
        # sudo: names of models are no secret
        return self.env["ir.model"].sudo()._get(model).name or model

    def _answer(self, decision, reason, answer=()):
        """Note the decision and let the messages go on."""
        self._conclude(decision, reason, answer)
        self._go_on()

    def _conclude(self, decision, reason, answer=()):
        """Note the decision: on the case, in its history and in the audit trail."""
        # sudo: the fields of a case are written by its transitions only
        self.sudo()._set_decided(decision, reason, answer, self.env.user)
        label = self._decision_label(decision)
        self._tell(f"{label}: {reason}" if reason else label)
        self.env["interop.audit.event"]._log(
            "decided", self, f"{label}: {reason}" if reason else label
        )

    def _tell(self, text):
        """Close the steward's activity and leave ``text`` in the history."""
        case_sudo = self.sudo()  # sudo: the activity may be another steward's
        case_sudo.activity_unlink([ACTIVITY])
        case_sudo.message_post(body=text)

    def _waiting_sudo(self):
        """Return the messages that wait for this case, the first one first."""
        # sudo: messages are moved by the engine only
        return (
            self.env["interop.message"]
            .sudo()
            .search(
                [("identity_case_id", "=", self.id), ("state", "=", "parked")],
                order="id",
            )
        )

    def _go_on(self):
        """Let everything that waits for this case go on, in the order of arrival.

        The pump applies messages of one ordering key in order, and lets none overtake
        one that waits: whoever asks the next question stops those behind it, too.
        """
        waiting_sudo = self._waiting_sudo()
        usable = waiting_sudo.filtered(
            lambda message: message.interface_id.state in base_const.CAPTURING_STATES
        )
        for message in waiting_sudo - usable:
            message._set_dead(
                message.error_class,
                "interface_not_active",
                self.env._(
                    "Its identity case was decided, but the interface is not in use any "
                    "more: close the message."
                ),
            )
        usable._set_pending()
        return usable

    def _settle_idle(self):
        """Close the open cases for which no message waits any more."""
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
        """Say whether a stored number waits for the answer, not only messages."""
        domain = Domain.FALSE
        for side in ("left", "right"):
            if self[f"{side}_id"]:
                domain |= Domain("res_model", "=", self[f"{side}_model"]) & Domain(
                    "res_id", "=", self[f"{side}_id"]
                )
        identifiers = self.env["interop.identifier"]
        held = Domain("state", "=", const.HELD)
        return bool(identifiers.search_count(domain & held, limit=1))

    # ------------------------------------------------------------------
    # Taking back
    # ------------------------------------------------------------------
    def action_forget(self):
        """Button: take the decision back; the question may be asked again."""
        for case in self:
            case._check_steward()
            if not case.can_forget:
                raise UserError(
                    self.env._(
                        "“%s” has no decision that could be taken back.",
                        case.display_name,
                    )
                )
            case._take_back()
            label = case._decision_label(case.decision)
            text = self.env._("Taken back: %s", label)
            case._tell(text)
            self.env["interop.audit.event"]._log("undone", case, text)
        return True

    def _take_back(self):
        """Undo what the decision did, and forget it."""
        self.ensure_one()
        case_sudo = self.sudo()  # sudo: stewards undo what they decided, and only that
        if case_sudo.answer_model == "interop.namespace.alias":
            alias = case_sudo.env[case_sudo.answer_model].browse(case_sudo.answer_id)
            alias.exists().unlink()
        elif case_sudo.answer_model == "interop.system":
            system_sudo = case_sudo.system_id.with_company(self.company_id)
            system_sudo._set_default_authority(
                case_sudo.env["interop.namespace"].browse()
            )
        case_sudo._set_undone()
