"""Where identifiers leave a doubt: what stewards decided before, or a question."""

from odoo import api, models

from odoo.addons.interop_base.exceptions import (
    ConflictError,
    PossibleDuplicate,
    UnknownIdentifier,
)

from ..tools import question


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
