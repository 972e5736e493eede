"""Decisions of stewards, their effects, and how to take them back."""

from odoo.exceptions import LockError, UserError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base import const as base_const
from odoo.addons.interop_base.exceptions import BusinessError

from .. import const
from ..tools import question
from .held_numbers import HeldNumbers


class CaseDecision:
    """One decision about one case. It releases the messages that wait for the case.

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
            if case.kind == "merge":  # the reverse of an earlier merge
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
        """Return the decisions that are allowed for an authority that is not set up."""
        named = self.case.subject or self.names_nothing()
        return {"namespace"} if named else set()

    def names_nothing(self):
        """Return whether the sender names no assigning authority."""
        case_sudo = self.case.sudo()  # sudo: the key is technical and not shown
        company, system = case_sudo.company_id, case_sudo.system_id
        nothing = question.authority(company.id, system.id, "")
        return case_sudo.question_key == nothing.key

    def is_one_already(self):
        """Return whether the two records were merged since the case was opened."""
        case = self.case
        if not (case.left_id and case.left_model == case.right_model):
            return False
        roots = self.env["interop.identifier.anchor"]._roots(
            case.left_model, [case.left_id, case.right_id]
        )
        return roots[case.left_id] == roots[case.right_id]

    def joining_merge(self):
        """Return the merge in force (sudo) that joined the two records, empty if there
        is none."""
        case = self.case
        merges = self.env["interop.identifier.merge"]
        if not (case.left_id and case.right_id):
            return merges.sudo()  # sudo: empty, like the result of _open_of
        ids = (case.left_id, case.right_id)
        for prior_id, other_id in (ids, ids[::-1]):
            prior = self.env[case.left_model].browse(prior_id)
            if other_id in merges._path(prior):
                return merges._open_of(prior)
        return merges.sudo()

    def check(self, decision):
        """Lock the case for this transaction and check that the decision is allowed.

        :raises UserError: the case cannot be decided this way; the text says why
        """
        case = self.case
        case.ensure_one()
        case._check_steward()
        try:
            case.sudo().lock_for_update()  # sudo: users may not write cases
        except LockError:
            raise UserError(
                self.env._(
                    "Another steward is deciding case “%s” at this moment. Reload "
                    "it in a moment.",
                    case.display_name,
                )
            ) from None
        case.invalidate_recordset(flush=False)
        if case.state != "open":
            raise UserError(self._decided_text())
        if decision not in self.allowed():
            raise UserError(
                self.env._(
                    "“%(decision)s” is not a possible decision for case “%(case)s”. "
                    "Reload the case and use one of its buttons.",
                    decision=case._decision_label(decision),
                    case=case.display_name,
                )
            )
        if decision in const.LOOK_FIRST and case.must_look:
            raise UserError(
                self.env._(
                    "Case “%s” cannot be decided before you have seen its messages. "
                    "Press Show Message first. Your access is recorded.",
                    case.display_name,
                )
            )

    def _decided_text(self):
        """Return the error text for a steward who comes second."""
        case = self.case
        return self.env._(
            "Case “%(case)s” is already decided: %(decision)s, by %(user)s, "
            "%(age)s ago. Nothing was changed.",
            case=case.display_name,
            decision=case._decision_label(case.decision),
            user=case.decided_by_id.name or self.env._("the system (automatically)"),
            age=case._span(int((clock.now() - case.decided_at).total_seconds())),
        )

    # === DECISIONS === #

    def merge(self, survivor, reason=""):
        """Decide that both records are the same; ``survivor`` is ``left`` or ``right``.

        Only identifiers move. The records themselves and their documents stay. A user
        with the right to merge contacts can join the records with Odoo's own tools.
        """
        case = self.case
        self.check("same")
        if self.is_one_already():  # messages were told the same; nothing moves
            model = case.left_model
            roots = self.env["interop.identifier.anchor"]._roots(model, [case.left_id])
            self._answer("same", reason, (model, roots[case.left_id]))
            return
        left, right = self._side_record("left"), self._side_record("right")
        kept, merged = (left, right) if survivor == "left" else (right, left)
        merges = self.env["interop.identifier.merge"].with_company(case.company_id)
        try:
            journal = merges._merge(kept, merged, reason=reason)
        except BusinessError as error:
            raise UserError(str(error)) from None
        # sudo: only transitions write this field
        case.sudo()._set_merge(journal)
        self._answer("same", reason, (kept._name, kept.id))

    def _side_record(self, side):
        """Return the record of a side.

        :raises UserError: it was deleted or merged meanwhile, so the steward has not
            seen the surviving record
        """
        case = self.case
        record = self.env[case[f"{side}_model"]].browse(case[f"{side}_id"])
        survivor = self.env["interop.identifier.merge"]._survivor(record)
        if survivor != record and survivor.exists():
            raise UserError(
                self.env._(
                    "Record %(record)s was merged into record %(survivor)s while "
                    "this case was open. Choose Try Again. The question is then "
                    "asked about record %(survivor)s.",
                    record=record.id,
                    survivor=survivor.id,
                )
            )
        record = record.exists()
        if not record:
            raise UserError(
                self.env._(
                    "One of the two records was deleted while this case was open. "
                    "Choose Try Again, so that the messages are processed without "
                    "it."
                )
            )
        record.check_access("read")
        return record

    def link(self, record, reason=""):
        """Decide that the unknown identifier belongs to ``record`` (one record)."""
        case = self.case
        self.check("same")
        record.check_access("read")
        if record._name != case.left_model:
            raise UserError(
                self.env._(
                    "“%(name)s” is of another kind than the record in the messages "
                    "(%(wanted)s). Choose a record of that kind.",
                    wanted=case._model_label(case.left_model),
                    name=record.display_name,
                )
            )
        self._answer("same", reason, (record._name, record.id))

    def add_number(self, reason=""):
        """Decide that the sender's new number also belongs to the known record."""
        case = self.case
        self.check("same")
        self._answer("same", reason, (case.left_model, case.left_id))

    def tell_apart(self, side="", reason=""):
        """Decide that the two records are different.

        :param str side: ``left`` or ``right``: the record that messages with numbers of
            both are about. Empty: such messages are wrong and fail.
        """
        case = self.case
        self.check("different")
        if self.is_one_already():
            self.joining_merge().with_env(self.env)._unmerge(
                reason or self.env._("Decided in case “%s”", case.display_name)
            )
        about = (case[f"{side}_model"], case[f"{side}_id"]) if side else ()
        if about:
            other = "right" if side == "left" else "left"
            # sudo: a steward decided; some rows may belong to another facility
            identifiers_sudo = self.env["interop.identifier"].sudo()
            HeldNumbers(identifiers_sudo).give(
                about, (case[f"{other}_model"], case[f"{other}_id"]), reason
            )
        self._answer("different", reason, about)

    def create_new(self, reason=""):
        """Decide that the message is about a new record."""
        self.check("create")
        self._answer("create", reason)

    def reject(self, reason):
        """Decide that the messages are wrong: they fail with this reason."""
        self.check("rejected")
        if not (reason or "").strip():
            raise UserError(
                self.env._(
                    "Enter the reason for the rejection. The exception owner passes "
                    "it on to the sender."
                )
            )
        waiting_sudo = self.case._waiting_sudo()
        self._conclude("rejected", reason)
        for message in waiting_sudo:
            message._set_dead(message.error_class, "rejected", reason)

    def retry(self, reason=""):
        """Apply the messages again after the cause was corrected elsewhere."""
        self.check("retried")
        self._answer("retried", reason)

    def assign_namespace(self, namespace, reason=""):
        """Decide that the sender's name means ``namespace`` from now on."""
        case = self.case
        self.check("namespace")
        namespace.check_access("read")
        if (
            namespace.company_id
            not in (
                self.env["res.company"],
                *case.company_id.sudo().parent_ids,  # sudo: reads the hierarchy of facilities
            )
        ):
            raise UserError(
                self.env._(
                    "Namespace “%(namespace)s” belongs to another facility than "
                    "these messages (%(facility)s). Choose a namespace of that "
                    "facility or one for all facilities.",
                    namespace=namespace.name,
                    facility=case.company_id.name,
                )
            )
        noted = self._note_namespace(namespace)
        self._answer("namespace", reason, (noted._name, noted.id) if noted else ())

    def _note_namespace(self, namespace):
        """Store that the sender's name, or a missing name, means ``namespace``.

        :return: the record that stores it, empty if it was stored meanwhile
        """
        case = self.case
        # sudo: stewards assign names without the right to edit namespaces
        case_sudo = case.sudo()
        system_sudo = case_sudo.system_id.with_company(case.company_id)
        namespaces_sudo = namespace.sudo()
        if namespaces_sudo._named_id(case.subject, case.company_id, system_sudo):
            return system_sudo.browse()
        if not case.subject:
            system_sudo._set_default_authority(namespace)
            return system_sudo
        return case_sudo.env[
            "interop.namespace.alias"
        ].create(
            {
                "namespace_id": namespace.id,
                "name": case.subject,
                "system_id": system_sudo.id,
                "company_id": case.company_id.id,  # other facilities may use the name differently
            }
        )

    # === WHAT FOLLOWS === #

    def _answer(self, decision, reason, answer=()):
        """Store the decision and release the messages."""
        self._conclude(decision, reason, answer)
        self._go_on()

    def _conclude(self, decision, reason, answer=()):
        """Store the decision on the case, in its chatter and in the audit trail."""
        case = self.case
        # sudo: only transitions write the fields of a case
        case.sudo()._set_decided(decision, reason, answer, self.env.user)
        label = case._decision_label(decision)
        case._tell(f"{label}: {reason}" if reason else label)
        self.env["interop.audit.event"]._log(
            "decided", case, f"{label}: {reason}" if reason else label
        )

    def _go_on(self):
        """Release all messages that wait for this case, in the order of arrival.

        The pump applies messages of one ordering key in order. A message that waits for
        another case also blocks the later messages of its ordering key.
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
                    "The identity case was decided, but the interface is no longer "
                    "in use. Cancel this message."
                ),
            )
        usable._set_pending()
        return usable

    # === TAKING BACK === #

    def take_back(self):
        """Take the decision back. The question can be asked again.

        :raises UserError: the case has no decision that can be taken back
        """
        case = self.case
        case._check_steward()
        if not case.can_take_back:
            raise UserError(
                self.env._(
                    "Case “%s” has no decision that can be taken back. To reverse a "
                    "merge, use Undo Merge.",
                    case.display_name,
                )
            )
        self._undo()
        text = self.env._("Taken back: %s", case._decision_label(case.decision))
        case._tell(text)
        self.env["interop.audit.event"]._log("undone", case, text)

    def _undo(self):
        """Undo the effects of the decision."""
        case = self.case
        case_sudo = (
            case.sudo()
        )  # sudo: stewards may undo their own decisions without rights on these models
        if case_sudo.answer_model == "interop.namespace.alias":
            alias = case_sudo.env[case_sudo.answer_model].browse(case_sudo.answer_id)
            alias.exists().unlink()
        elif case_sudo.answer_model == "interop.system":
            system_sudo = case_sudo.system_id.with_company(case.company_id)
            system_sudo._set_default_authority(
                case_sudo.env["interop.namespace"].browse()
            )
        case_sudo._set_undone()
