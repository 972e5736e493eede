"""``person.merged``: several records of the sender belong to one person."""

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
    """Moves identifiers to the survivor (HL7 v2 A40; FHIR ``replaced-by``).

    The partners stay: they may have posted entries, and a user merges them later. A
    repeated message changes nothing. A message that contradicts an earlier merge, or
    that affects another facility, waits for a steward. Only records that the message
    names are merged. A number that an earlier merge moved to a record does not name
    that record.
    """

    _name = "interop.handler.person.merged"
    _inherit = "interop.handler.party"
    _description = "Handler of person.merged"

    def _inbound_keys(self, envelope):
        """Return the survivor's number as business key, the first prior's as ordering
        key.

        Messages about the prior wait for the merge. Messages about an unknown survivor
        can still be applied.
        """
        prior = envelope.data.get("prior")
        first = prior[0] if isinstance(prior, list) and prior else None
        survivor = envelope.data.get("survivor")
        value, _key = message_keys(envelope, self._wires_of(survivor))
        _value, key = message_keys(envelope, self._wires_of(first))
        return value, key

    @api.model
    def _wires_of(self, party):
        """Return the identifiers of a party, in any form in which the sender wrote
        them."""
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
        """Refuse the same number as survivor and as prior."""
        if self._numbers(message, wires) & self._numbers(message, prior_wires):
            raise BusinessError(
                self.env._(
                    "A record cannot be merged into itself. Send two different numbers."
                ),
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
            # A number that was never received becomes an alias of the survivor, for
            # late messages.
            links = IdentifierLinks(self.env["interop.identifier"], message)
            links.link_former(survivor, prior_wires)
        elif merges._survivor(prior) == merges._survivor(survivor):
            self._update_aliases(message, wires, rows_sudo)
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
        """Return the identifiers (sudo) that currently match these."""
        identifiers = self.env["interop.identifier"]
        named = identifiers._parse(wires, message.company_id, message.system_id)
        rows = identifiers._rows(named, ("active", "merged"))
        return identifiers.sudo().union(*rows.values())  # sudo: see _rows

    @api.model
    def _update_aliases(self, message, wires, prior_rows_sudo):
        """Update aliases when both sides are already one record.

        The message repeats a merge or merges in the opposite direction. Prior numbers
        become aliases. For the opposite direction a steward is asked; after the answer
        "same", the number of the survivor becomes the active one.
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
        """Return whether a merge in the opposite direction of an earlier one applies.

        A steward decides. A message that is older than the current active number does
        not apply, unless a steward has just decided about this very message.

        :raises PossibleDuplicate: no steward has answered yet
        """
        sides = self._origin(kept_sudo[:1]), self._origin(active[:1])
        asked = question.same(
            message.company_id.id, *sides, kind="merge", toward=min(kept_sudo.ids)
        )
        decided_sudo = self.env["interop.identity.case"]._decided(asked)
        agreed = decided_sudo.decision == "same"
        # sudo: the service user has no access to cases
        if agreed and decided_sudo.id == message.sudo().identity_case_id.id:
            return True
        if active._is_newer_than(message):
            for row in active:
                row._tell_stale(message)
            return False
        if agreed:
            return True
        raise PossibleDuplicate(
            self.env._(
                "An earlier merge joined these records in the opposite "
                "direction. A steward has to decide."
            ),
            code="merge_reversed",
            question=asked,
        )

    @api.model
    def _origin(self, row_sudo):
        """Return ``(model, id)`` of the record that had a number before all merges."""
        lines = self.env["interop.identifier.merge.line"]
        return row_sudo.res_model, lines._first_records(row_sudo)[row_sudo.id]

    @api.model
    def _check_named(self, message, survivor, prior, prior_wires):
        """Ask a steward if the message names no number of ``prior`` itself.

        The named numbers came to ``prior`` by an earlier merge, which the message
        contradicts.

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
                "steward has to decide which of the two merges is right."
            ),
            code="merged_elsewhere",
            question=question.same(message.company_id.id, *sides, kind="merge"),
        )

    @api.model
    def _check_may_merge(self, message, survivor, prior):
        """Ask a steward about merges that affect other facilities, and apply earlier
        decisions."""
        sides = (survivor._name, survivor.id), (prior._name, prior.id)
        if self.env["interop.identity.case"]._told_apart(*sides):
            raise ConflictError(
                self.env._(
                    "A steward decided that these two records are different. The "
                    "sender has to correct the message."
                ),
                code="told_apart",
            )
        foreign = prior._interop_known_at() - message.company_id
        if not prior.has_access("read") or foreign:
            raise PossibleDuplicate(
                self.env._(
                    "Other facilities also know the prior person. A steward has to "
                    "decide whether both are one person."
                ),
                question=question.same(message.company_id.id, *sides),
            )
        if not prior[self._partner_flag] or not survivor[self._partner_flag]:
            raise UnknownIdentifier(
                self.env._(
                    "The message merges a contact that is not marked as a person. "
                    "Register the person first."
                )
            )
