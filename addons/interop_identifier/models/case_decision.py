"""What stewards decide, what follows from it, and how it is taken back."""

from odoo.exceptions import LockError, UserError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base import const as base_const
from odoo.addons.interop_base.exceptions import BusinessError

from .. import const
from ..tools import question
from .held_numbers import HeldNumbers


class CaseDecision:
    """One decision about one case; messages that wait for it then go on by themselves.

    :param case: ``interop.identity.case``, one record, with the user who decides
    """

    def __init__(self, case):
        self.case = case
        self.env = case.env

    # === WHAT MAY BE DECIDED === #

    def allowed(self):
        """Return the decisions that answer this kind of question."""
        case = self.case
        case.ensure_one()
        allowed = {"rejected", "retried"}
        if case.kind == "placeholder":
            return allowed
        if self.is_one_already():
            if case.kind == "merge":  # the other way round than an earlier merge
                allowed.add("same")
                if self.joining_merge():
                    allowed.add("different")
            return allowed
        if case.kind == "merge" and case.left_id and not case.right_id:
            allowed.add("same")
        if case.left_id and case.right_id:
            allowed.add("different")
            if case.left_model == case.right_model:
                allowed.add("same")
        elif case.kind == "namespace":
            allowed |= self._allowed_of_authority()
        elif case.namespace_id:  # an unknown identifier, or a second number
            allowed |= {"same", "create"} if case.creates else {"same"}
        return allowed

    def _allowed_of_authority(self):
        """Return what may be decided about an authority that is not set up."""
        named = self.case.subject or self.names_nothing()
        return {"namespace"} if named else set()

    def names_nothing(self):
        """Return whether the sender names no assigning authority at all."""
        case_sudo = (
            self.case.sudo()
        )  # sudo: the key is the engine's, its meaning is not
        company, system = case_sudo.company_id, case_sudo.system_id
        nothing = question.authority(company.id, system.id, "")
        return case_sudo.question_key == nothing.key

    def is_one_already(self):
        """Return whether both records were found to be the same meanwhile."""
        case = self.case
        if not (case.left_id and case.left_model == case.right_model):
            return False
        roots = self.env["interop.identifier.anchor"]._roots(
            case.left_model, [case.left_id, case.right_id]
        )
        return roots[case.left_id] == roots[case.right_id]

    def joining_merge(self):
        """Return the merge in force (sudo) by which one of the two records came to the
        other one, empty if there is none."""
        case = self.case
        merges = self.env["interop.identifier.merge"]
        if not (case.left_id and case.right_id):
            return merges.sudo()  # sudo: empty, as what _open_of returns
        ids = (case.left_id, case.right_id)
        for prior_id, other_id in (ids, ids[::-1]):
            prior = self.env[case.left_model].browse(prior_id)
            if other_id in merges._path(prior):
                return merges._open_of(prior)
        return merges.sudo()

    def check(self, decision):
        """Hold the case for this transaction, or raise the reason why it cannot be decided."""
        case = self.case
        case.ensure_one()
        case._check_steward()
        try:
            case.sudo().lock_for_update()  # sudo: the lock is the engine's
        except LockError:
            raise UserError(
                self.env._(
                    "Another steward is deciding “%s” right now. Look again in a moment.",
                    case.display_name,
                )
            ) from None
        case.invalidate_recordset(flush=False)
        if case.state != "open":
            raise UserError(self._decided_text())
        if decision not in self.allowed():
            raise UserError(
                self.env._(
                    "“%(decision)s” does not answer “%(case)s”.",
                    decision=case._decision_label(decision),
                    case=case.display_name,
                )
            )
        if decision in const.LOOK_FIRST and case.must_look:
            raise UserError(
                self.env._(
                    "Look at the message's side of “%s” first: press Show Message. Your "
                    "access is recorded.",
                    case.display_name,
                )
            )

    def _decided_text(self):
        """Return what a second steward is told."""
        case = self.case
        return self.env._(
            "“%(case)s” was decided already (%(decision)s) by %(user)s, %(age)s ago. "
            "Nothing was changed.",
            case=case.display_name,
            decision=case._decision_label(case.decision),
            user=case.decided_by_id.name or self.env._("the system, automatically"),
            age=case._span(int((clock.now() - case.decided_at).total_seconds())),
        )

    # === DECISIONS === #

    def merge(self, survivor, reason=""):
        """Both records are the same; ``survivor`` is ``left`` or ``right``.

        The records themselves stay, with all that depends on them: only identifiers
        move. A user who may merge contacts does the rest with Odoo's own tools.
        """
        case = self.case
        self.check("same")
        if self.is_one_already():  # as the messages say, too: nothing moves
            model = case.left_model
            roots = self.env["interop.identifier.anchor"]._roots(model, [case.left_id])
            self._answer("same", reason, (model, roots[case.left_id]))
            return
        left, right = self._record("left"), self._record("right")
        kept, merged = (left, right) if survivor == "left" else (right, left)
        merges = self.env["interop.identifier.merge"].with_company(case.company_id)
        try:
            journal = merges._merge(kept, merged, reason=reason)
        except BusinessError as error:
            raise UserError(str(error)) from None
        # sudo: written by transitions only
        case.sudo()._set_merge(journal)
        self._answer("same", reason, (kept._name, kept.id))

    def _record(self, side):
        """Return the record of a side, or say that it is gone or merged meanwhile: the
        steward has not seen the record that stands for it."""
        case = self.case
        record = self.env[case[f"{side}_model"]].browse(case[f"{side}_id"])
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

    def link(self, record, reason=""):
        """The unknown identifier is an identifier of ``record`` (one record)."""
        case = self.case
        self.check("same")
        record.check_access("read")
        if record._name != case.left_model:
            raise UserError(
                self.env._(
                    "The messages are about another kind of record (%(wanted)s) than "
                    "“%(name)s”. Choose one of that kind.",
                    wanted=case._model_label(case.left_model),
                    name=record.display_name,
                )
            )
        self._answer("same", reason, (record._name, record.id))

    def add_number(self, reason=""):
        """The known record has the sender's new number, too."""
        case = self.case
        self.check("same")
        self._answer("same", reason, (case.left_model, case.left_id))

    def tell_apart(self, side="", reason=""):
        """The two records are not the same.

        :param str side: ``left`` or ``right``: whom messages that name both are about;
            empty: they are wrong, and fail
        """
        case = self.case
        self.check("different")
        if self.is_one_already():
            self.joining_merge().with_env(self.env)._unmerge(
                reason or self.env._("Decided in “%s”", case.display_name)
            )
        about = (case[f"{side}_model"], case[f"{side}_id"]) if side else ()
        if about:
            other = "right" if side == "left" else "left"
            # sudo: the decision is the steward's; rows may be another facility's
            identifiers_sudo = self.env["interop.identifier"].sudo()
            HeldNumbers(identifiers_sudo).give(
                about, (case[f"{other}_model"], case[f"{other}_id"]), reason
            )
        self._answer("different", reason, about)

    def create_new(self, reason=""):
        """The message is about a new record."""
        self.check("create")
        self._answer("create", reason)

    def reject(self, reason):
        """The messages are wrong: they fail, for this reason, and their owner acts."""
        self.check("rejected")
        if not (reason or "").strip():
            raise UserError(
                self.env._(
                    "Enter the reason why the messages are rejected. The sender will ask "
                    "for it."
                )
            )
        waiting_sudo = self.case._waiting_sudo()
        self._conclude("rejected", reason)
        for message in waiting_sudo:
            message._set_dead(message.error_class, "rejected", reason)

    def retry(self, reason=""):
        """The cause was corrected elsewhere: try the messages again."""
        self.check("retried")
        self._answer("retried", reason)

    def assign_namespace(self, namespace, reason=""):
        """The sender's name means ``namespace`` from now on."""
        case = self.case
        self.check("namespace")
        namespace.check_access("read")
        if namespace.company_id not in (
            self.env["res.company"],
            *case.company_id.sudo().parent_ids,  # sudo: the tree of facilities
        ):
            raise UserError(
                self.env._(
                    "“%(namespace)s” belongs to another facility than these messages "
                    "(%(facility)s).",
                    namespace=namespace.name,
                    facility=case.company_id.name,
                )
            )
        noted = self._note_namespace(namespace)
        self._answer("namespace", reason, (noted._name, noted.id) if noted else ())

    def _note_namespace(self, namespace):
        """Let the sender's name, or its lack of one, mean ``namespace``; return where
        that is kept, empty if it was known meanwhile."""
        case = self.case
        # sudo: stewards decide what a name means, without editing namespaces otherwise
        case_sudo = case.sudo()
        system_sudo = case_sudo.system_id.with_company(case.company_id)
        namespaces_sudo = namespace.sudo()
        if namespaces_sudo._named_id(case.subject, case.company_id, system_sudo):
            return system_sudo.browse()
        if not case.subject:
            system_sudo._set_default_authority(namespace)
            return system_sudo
        return case_sudo.env["interop.namespace.alias"].create(
            {
                "namespace_id": namespace.id,
                "name": case.subject,
                "system_id": system_sudo.id,
                "company_id": case.company_id.id,  # elsewhere it may mean another one
            }
        )

    # === WHAT FOLLOWS === #

    def _answer(self, decision, reason, answer=()):
        """Note the decision and let the messages go on."""
        self._conclude(decision, reason, answer)
        self._go_on()

    def _conclude(self, decision, reason, answer=()):
        """Note the decision: on the case, in its history and in the audit trail."""
        case = self.case
        # sudo: the fields of a case are written by its transitions only
        case.sudo()._set_decided(decision, reason, answer, self.env.user)
        label = case._decision_label(decision)
        case._tell(f"{label}: {reason}" if reason else label)
        self.env["interop.audit.event"]._log(
            "decided", case, f"{label}: {reason}" if reason else label
        )

    def _go_on(self):
        """Let everything that waits for this case go on, in the order of arrival.

        The pump applies messages of one ordering key in order, and lets none overtake
        one that waits: a message with another question stops those behind it, too.
        """
        waiting_sudo = self.case._waiting_sudo()
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

    # === TAKING BACK === #

    def forget(self):
        """Take the decision back: the question may be asked again.

        :raises UserError: there is no decision that could be taken back
        """
        case = self.case
        case._check_steward()
        if not case.can_forget:
            raise UserError(
                self.env._(
                    "“%s” has no decision that could be taken back.", case.display_name
                )
            )
        self._undo()
        text = self.env._("Taken back: %s", case._decision_label(case.decision))
        case._tell(text)
        self.env["interop.audit.event"]._log("undone", case, text)

    def _undo(self):
        """Undo what the decision did."""
        case = self.case
        case_sudo = case.sudo()  # sudo: stewards undo what they decided, and only that
        if case_sudo.answer_model == "interop.namespace.alias":
            alias = case_sudo.env[case_sudo.answer_model].browse(case_sudo.answer_id)
            alias.exists().unlink()
        elif case_sudo.answer_model == "interop.system":
            system_sudo = case_sudo.system_id.with_company(case.company_id)
            system_sudo._set_default_authority(
                case_sudo.env["interop.namespace"].browse()
            )
        case_sudo._set_undone()
