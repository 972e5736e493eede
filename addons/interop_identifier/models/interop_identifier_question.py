"""Where identifiers leave a doubt: what stewards decided before, or a question."""

from odoo import api, models

from odoo.addons.interop_base.exceptions import (
    ConflictError,
    PossibleDuplicate,
    UnknownIdentifier,
)

from .. import const
from ..tools import question

MAX_SHOWN = 40  # characters of a value that is no number


class InteropIdentifier(models.Model):
    """Never a guess: a remembered decision counts, otherwise the message waits."""

    _inherit = "interop.identifier"

    @api.model
    def _settle_between(self, records, company):
        """Return which of several records a message means, given as ``(model, id)``.

        Raises ``PossibleDuplicate`` unless stewards told them apart and said which one
        such messages are about, ``ConflictError`` when they said: none.
        """
        left = sorted(records)
        while len(left) > 1:
            first, second = left[:2]
            case_sudo = self.env["interop.identity.case"]._told_apart(first, second)
            if not case_sudo:
                raise PossibleDuplicate(
                    self.env._(
                        "The identifiers of this message belong to different records."
                    ),
                    question=question.same(company.id, first, second),
                )
            about = case_sudo._about()
            if not about:
                raise ConflictError(
                    self.env._(
                        "The identifiers of this message belong to two records that a "
                        "steward told apart. The sender has to correct it."
                    ),
                    code="told_apart",
                )
            left.remove(second if about == first else first)
        return left[0]

    @api.model
    def _other_kind(self, record, model, company):
        """Return the error of an identifier that has a record of another model."""
        return PossibleDuplicate(
            self.env._(
                "The identifiers of this message belong to another kind of record."
            ),
            question=question.other_kind(company.id, record, model),
        )

    @api.model
    def _leave_or_ask(self, record, row, named, message):
        """Return when ``row``, an identifier of a message about ``record``, is rightly
        another record's and stays there; otherwise raise ``PossibleDuplicate``."""
        mine, other = (record._name, record.id), (row.res_model, row.res_id)
        cases = self.env["interop.identity.case"]
        if cases._told_apart(mine, other):
            return
        company = message.company_id
        decided_sudo = self._new_despite(other, named, company, message.system_id)
        if not decided_sudo:
            raise PossibleDuplicate(
                self.env._("An identifier of this message belongs to another record."),
                question=question.same(company.id, mine, other),
            )
        decided_sudo._remember_apart(mine, other)

    @api.model
    def _new_despite(self, record, named, company, system):
        """Return the decision (sudo) by which a message with a new number of its
        sender's own is about somebody else than ``record``, empty if there is none."""
        cases = self.env["interop.identity.case"]
        for item in named:
            if system and item.namespace.system_id == system:
                decided_sudo = cases._decided(
                    self._number_question(record, item, company)
                )
                if decided_sudo.decision == "create":
                    return decided_sudo
        return cases.sudo().browse()  # sudo: empty, like what is returned above

    @api.model
    def _is_second_number(self, record, item, message):
        """Say whether a steward decided that ``record`` has this new number of the
        sender's own besides another one.

        Raises ``PossibleDuplicate`` while nobody has decided.
        """
        asked = self._number_question(
            (record._name, record.id), item, message.company_id
        )
        if self.env["interop.identity.case"]._decided(asked).decision == "same":
            return True
        raise PossibleDuplicate(
            self.env._("The sender knows this record under another number of its own."),
            question=asked,
        )

    @api.model
    def _doubtful(self, held, row, item, company):
        """Return the records, as ``{(model, id)}``, that a held number may mean.

        :param held: its held rows
        :param row: the one that is not held, empty if there is none
        :raises PossibleDuplicate: there is none, and nobody has decided whose it is
        """
        records = {(other.res_model, other.res_id) for other in held}
        if row:
            return records
        cases = self.env["interop.identity.case"]
        for record in sorted(records):
            asked = self._number_question(record, item, company)
            decision = cases._decided(asked).decision
            if decision == "same":
                return {record}
            if decision != "create":
                raise PossibleDuplicate(
                    self.env._(
                        "An identifier of this message is held. A steward has to "
                        "decide which record has it."
                    ),
                    question=asked,
                )
        return set()

    @api.model
    def _of_record(self, record, states):
        """Return the identifiers of ``record``, as ``(model, id)``, in these states."""
        model, res_id = record
        return self.search(
            [
                ("res_model", "=", model),
                ("res_id", "=", res_id),
                ("state", "in", states),
            ],
            order="id",
        )

    def _holder(self):
        """Return who has this number now: the active identifier, or alias, with the
        same value."""
        self.ensure_one()
        return self.search(
            [
                ("namespace_id", "=", self.namespace_id.id),
                ("value_normalized", "=", self.value_normalized),
                ("state", "in", const.LOOKUP_STATES),
            ],
            limit=1,
        )

    def _facility_of_case(self):
        """Return the facility whose steward decides about stored numbers.

        An addon that knows more about the records overrides this.
        """
        for found in (self.company_id, self.message_id.company_id):
            if found:
                return found[:1]
        for row in self:
            records = self.env[row.res_model].browse(row.res_id).exists()
            if "company_id" in records._fields and records.company_id:
                return records.company_id
        return self.env.company

    @api.model
    def _held_twice(self, record):
        """Return the held identifiers of ``record`` whose number it has besides."""
        held = self._of_record((record._name, record.id), [const.HELD])
        return held.filtered(
            lambda row: (
                (row._holder().res_model, row._holder().res_id)
                == (record._name, record.id)
            )
        )

    @api.model
    @api.private
    def _give_held(self, about, other, reason=""):
        """Give ``about`` the numbers that it and ``other`` both have: a steward told
        the two apart, and who they belong to.

        :param about: ``(model, id)``, as ``other``
        """
        # sudo: the decision is the steward's; the rows may be another facility's
        rows_sudo = self.sudo()
        for row in rows_sudo._of_record(about, [const.HELD]):
            holder = row._holder()
            if (holder.res_model, holder.res_id) == other:
                holder._set_entered_in_error(reason=reason)
                row._set_active(reason=reason)
        for row in rows_sudo._of_record(other, [const.HELD]):
            holder = row._holder()
            if (holder.res_model, holder.res_id) == about:
                row._set_entered_in_error(reason=reason)

    @api.model
    def _placeholder_question(self, namespace, value, company, system, record=()):
        """Return the question what becomes of a value that is no number; of a stored
        one its ``record``, as ``(model, id)``."""
        blind = self.env["interop.vault"]._blind("identity_question", value)
        system_id = system.id if system else 0
        return question.placeholder(
            company.id,
            system_id,
            namespace.id,
            blind,
            question.mask(value) if namespace.person_adjacent else value[:MAX_SHOWN],
            record,
        )

    @api.model
    def _number_question(self, record, item, company):
        blind = self._blind_value(item)
        return question.number(
            company.id, record, item.namespace.id, blind, question.mask(item.value)
        )

    @api.model
    def _blind_value(self, item):
        return self.env["interop.vault"]._blind("identity_question", item.normalized)

    @api.model
    def _nobody(self, identifiers, message, model, create=True, text=""):
        """Return what becomes of identifiers that no record has: the record that a
        steward named for them, or None when a new one may be created.

        ``identifiers`` as described on the class, ``model`` the model expected,
        ``create`` whether the message could create one at all. Raises
        ``UnknownIdentifier`` (with ``text``) when the interface wants a person to
        decide.
        """
        asked = self._unknown_question(identifiers, message, model, create)
        decided_sudo = self.env["interop.identity.case"]._decided(asked)
        if decided_sudo.decision == "same":
            named = decided_sudo._named_record()
            if named:
                return named.with_env(self.env)
        may_create = message.interface_id.unknown_policy == "create"
        if create and (may_create or decided_sudo.decision == "create"):
            return None
        raise UnknownIdentifier(
            text
            or self.env._("The identifiers of this message are not known here yet."),
            question=asked,
        )

    @api.model
    def _unknown_question(self, identifiers, message, model, creates):
        """Return the question who has these identifiers: asked for the sender's own
        number if there is one, else for the first."""
        company, system = message.company_id, message.system_id
        named = self._parse(identifiers, company, system)
        own = [item for item in named if item.namespace.system_id == system]
        for item in (*own, *named):
            return question.unknown(
                company.id,
                model,
                item.namespace.id,
                self._blind_value(item),
                question.mask(item.value),
                creates,
            )
        return question.unspecified("identifier", message.id)
