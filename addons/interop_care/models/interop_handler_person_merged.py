"""``person.merged``: the sender found that several of its records are one person."""

from odoo import api, models

from odoo.addons.interop_base.exceptions import (
    BusinessError,
    ConflictError,
    PossibleDuplicate,
    UnknownIdentifier,
)
from odoo.addons.interop_identifier.located import located
from odoo.addons.interop_identifier.models.identifier_links import IdentifierLinks
from odoo.addons.interop_identifier.models.identity_resolver import message_keys
from odoo.addons.interop_identifier.tools import question


class InteropHandlerPersonMerged(models.AbstractModel):
    """Re-points identifiers to the survivor (HL7 v2 A40; FHIR ``replaced-by``).

    Partners themselves stay: they may carry posted entries, and merging them is a
    steward's decision. A message that is repeated changes nothing; one that contradicts
    an earlier merge, or that reaches into another facility, waits for a steward. Only
    records that the message itself names are merged: a number that came to a record by
    an earlier merge does not name that record.
    """

    _name = "interop.handler.person.merged"
    _inherit = "interop.handler.party"
    _description = "Handler of person.merged"

    def _inbound_keys(self, envelope):
        """Searched by the survivor's number, in order with what is about the first
        prior: that waits for the merge, while a survivor who is not known yet can come.
        """
        prior = envelope.data.get("prior")
        first = prior[0] if isinstance(prior, list) and prior else None
        survivor = envelope.data.get("survivor")
        value, _key = message_keys(envelope, self._wires_of(survivor))
        _value, key = message_keys(envelope, self._wires_of(first))
        return value, key

    @api.model
    def _wires_of(self, party):
        """Return the identifiers of a party, whatever the sender made of it."""
        return party.get("identifiers") if isinstance(party, dict) else None

    def _apply(self, message, data):
        self.env["res.partner"].check_access("write")
        wires = data["survivor"]["identifiers"]
        with located("/data/survivor/identifiers"):
            survivor = self._referenced(message, wires)
        for position, prior in enumerate(data["prior"]):
            with located(f"/data/prior/{position}/identifiers"):
                self._check_apart(message, wires, prior["identifiers"], position)
                self._merge_prior(message, survivor, wires, prior["identifiers"], data)
        return survivor

    @api.model
    def _check_apart(self, message, wires, prior_wires, position):
        """Refuse the same number on both sides."""
        if self._numbers(message, wires) & self._numbers(message, prior_wires):
            raise BusinessError(
                self.env._("A record cannot be merged into itself."),
                code="merge_self",
                pointer=f"/data/prior/{position}/identifiers",
            )

    @api.model
    def _merge_prior(self, message, survivor, wires, prior_wires, data):
        """Merge one prior record into the survivor."""
        merges = self.env["interop.identifier.merge"]
        prior = self._resolve_party(message, prior_wires)
        rows_sudo = self._rows_of(message, prior_wires)
        merges._check_aliases(rows_sudo, message)
        if not prior:
            # A number that never came here finds the survivor, should it come late.
            links = IdentifierLinks(self.env["interop.identifier"], message)
            links.link_former(survivor, prior_wires)
        elif merges._survivor(prior) == merges._survivor(survivor):
            self._settle_one(message, wires, rows_sudo)
        else:
            self._check_may_merge(message, survivor, prior)
            self._check_named(message, survivor, prior, prior_wires)
            merges._merge(
                survivor,
                prior,
                message=message,
                reason=data.get("reason"),
                aliases=rows_sudo,
            )

    @api.model
    def _rows_of(self, message, wires):
        """Return the identifiers (sudo) that these mean now."""
        identifiers = self.env["interop.identifier"]
        named = identifiers._parse(wires, message.company_id, message.system_id)
        rows = identifiers._rows(named, ("active", "merged"))
        return identifiers.sudo().union(*rows.values())  # sudo: see _rows

    @api.model
    def _settle_one(self, message, wires, prior_rows_sudo):
        """Both sides are one record already: repeated, or the other way round.

        What is named as prior is an alias from now on. The other way round a steward is
        asked; once that is answered with "same", the number of the survivor is the
        active one.
        """
        kept_sudo = self._rows_of(message, wires)
        active = prior_rows_sudo.filtered(lambda row: row.state == "active")
        reversed_now = active and not kept_sudo.filtered(
            lambda row: row.state == "active"
        )
        if reversed_now and not self._is_reversible(message, kept_sudo, active):
            return
        active._set_merged(message=message)
        if reversed_now:
            kept_sudo._set_current(message=message)
            (kept_sudo | active)._note_stated(message)

    @api.model
    def _is_reversible(self, message, kept_sudo, active):
        """Ask a steward about a merge the other way round than an earlier one; say
        whether it counts. A message that is older than what made the present number the
        active one does not, unless a steward has just decided about this very message.

        :raises PossibleDuplicate: no steward has answered yet
        """
        sides = self._origin(kept_sudo[:1]), self._origin(active[:1])
        asked = question.same(
            message.company_id.id, *sides, kind="merge", toward=min(kept_sudo.ids)
        )
        decided_sudo = self.env["interop.identity.case"]._decided(asked)
        agreed = decided_sudo.decision == "same"
        # sudo: cases are closed to the service user
        if agreed and decided_sudo.id == message.sudo().identity_case_id.id:
            return True
        if active._is_newer_than(message):
            for row in active:
                row._tell_stale(message)
            return False
        if agreed:
            return True
        raise PossibleDuplicate(
            self.env._("These records were merged the other way round before."),
            code="merge_reversed",
            question=asked,
        )

    @api.model
    def _origin(self, row_sudo):
        """Return ``(model, id)`` of the record that a number had before merges moved
        it."""
        lines = self.env["interop.identifier.merge.line"]
        return row_sudo.res_model, lines._first_records(row_sudo)[row_sudo.id]

    @api.model
    def _check_named(self, message, survivor, prior, prior_wires):
        """Ask a steward when the message names no number of ``prior`` itself, only such
        as an earlier merge moved there: it contradicts that merge.

        :raises PossibleDuplicate: no steward has decided yet
        """
        identifiers = self.env["interop.identifier"]
        named = identifiers._parse(prior_wires, message.company_id, message.system_id)
        rows = identifiers._rows(named, ("active", "merged", "retired"))
        rows_sudo = identifiers.sudo().union(*rows.values())  # sudo: see _rows
        own_sudo = rows_sudo.filtered(
            lambda row: row.state != "merged" and row.res_id == prior.id
        )
        lines = self.env["interop.identifier.merge.line"]
        before = lines._first_records(own_sudo)
        if any(before[row.id] == prior.id for row in own_sudo):
            return
        sides = (survivor._name, survivor.id), (prior._name, prior.id)
        raise PossibleDuplicate(
            self.env._(
                "An earlier merge says that the prior record is another person. A "
                "steward decides which of the two merges is right."
            ),
            code="merged_elsewhere",
            question=question.same(message.company_id.id, *sides, kind="merge"),
        )

    @api.model
    def _check_may_merge(self, message, survivor, prior):
        """Let a steward decide what reaches beyond the facility of the message, and
        remember what was decided."""
        sides = (survivor._name, survivor.id), (prior._name, prior.id)
        if self.env["interop.identity.case"]._told_apart(*sides):
            raise ConflictError(
                self.env._(
                    "A steward told these two apart. The sender has to correct it."
                ),
                code="told_apart",
            )
        foreign = prior._interop_known_at() - message.company_id
        if not prior.has_access("read") or foreign:
            raise PossibleDuplicate(
                self.env._(
                    "Other facilities know the prior person, too: a steward decides "
                    "whether the two are one."
                ),
                question=question.same(message.company_id.id, *sides),
            )
        if not prior[self._partner_flag] or not survivor[self._partner_flag]:
            raise UnknownIdentifier(
                self.env._(
                    "The message merges a contact that is not known as a person."
                )
            )
