"""Governed records: what a message may change, field by field."""

from odoo import api, models

from ..exceptions import BusinessError, OwnershipError
from ..tools import ownership, statement
from . import governed_state

# Written by the ORM itself, or bookkeeping of its own: nobody's facts.
UNGOVERNED = {
    "id",
    "create_uid",
    "create_date",
    "write_uid",
    "write_date",
    "parent_path",
    "message_main_attachment_id",
}


class InteropGovernedMixin(models.AbstractModel):
    """Makes a model obey ``interop.ownership``; glue addons add it to ``_inherit``.

    Handlers call ``_apply_governed`` and ``_create_governed`` instead of ``write`` and
    ``create``. Everything else that writes is checked, too
    (``interop_governed_write.py``).
    """

    _name = "interop.governed.mixin"
    _description = "Governed Record"
    # Not inherited by delegation: a user is not governed because its contact is.
    _interop_governed = True

    # === HOOKS === #

    def _governing_companies(self, known=()):
        """Return the facilities whose rules hold for an edit of this record in Odoo.

        A record that facilities share is governed by those of the user and by those
        that have stated something about it: choosing another facility in the menu, or
        in the context, changes nothing.

        :param known: ids of the facilities whose systems know the record
        """
        self.ensure_one()
        # sudo: which facilities a record belongs to decides about it whoever asks
        record_sudo = self.sudo()
        if "company_id" in self._fields and record_sudo.company_id:
            return record_sudo.company_id
        return (
            self.env.company
            | record_sudo.env.user.company_ids
            | record_sudo.env["res.company"].browse(known)
        )

    # === MESSAGES === #

    @api.private
    def _apply_governed(self, message, vals, system=None):
        """Write what a message states about this record, as far as its sender may.

        The report goes to the message (``field_report``) and with it to the sender.

        :param message: ``interop.message`` that is being applied
        :param dict vals: as for ``write``
        :param system: stating ``interop.system``, default the message's
        :returns: ``tools.ownership.Outcome``
        :raises OwnershipError: a rule rejects; nothing is written
        """
        self.ensure_one()
        self.check_access("write")
        with governed_state.applying(message, system):
            scope = governed_state.current(self.env)
            self._lock_governed()
            stated = self.env["interop.provenance"]._stated_by(self, scope.system_id)
            decisions = self._decide_values(scope, vals, stated)
            self._report(message, decisions)
            accepted = {n: vals[n] for n, item in decisions.items() if item.written}
            if accepted:
                with governed_state.vetted(self, accepted):
                    self.write(accepted)
            outcome = ownership.Outcome(decisions)
            confirmed = [
                name
                for name in outcome.fields(*ownership.ACCEPTED)
                if statement.is_newer(scope.stated, stated.get(name, ""))
            ]
            self.env["interop.provenance"]._note_message(
                self, scope, confirmed, confirmed=True
            )
        return outcome

    @api.model
    @api.private
    def _create_governed(self, message, vals, system=None):
        """Create a record from what a message states, as far as its sender may.

        :returns: ``(record, tools.ownership.Outcome)``
        :raises OwnershipError: a rule rejects, or withholds what the record cannot be
            without
        """
        with governed_state.applying(message, system):
            scope = governed_state.current(self.env)
            decisions = self._decide_values(scope, vals, {})
            decisions = self._require_values(decisions, vals)
            if any(item.outcome == ownership.REJECTED for item in decisions.values()):
                self._report(message, decisions)  # raises
            left_out = {
                n for n, i in decisions.items() if i.outcome == ownership.IGNORED
            }
            accepted = {n: value for n, value in vals.items() if n not in left_out}
            with governed_state.vetted(self.browse(), vals):
                record = self.create(accepted)
            record._report(message, decisions)
        return record, ownership.Outcome(decisions)

    # === DECIDING === #

    def _decide_values(self, scope, vals, stated):
        """Return ``{field: Decision}`` for what the sender states (``self`` may be
        empty)."""
        rules = self._rules_for_message(scope)
        compared_sudo = self._comparable()
        return ownership.settle(
            {
                name: ownership.decide(
                    rule=rules.get(name),
                    sender=scope.system_id,
                    same=not compared_sudo._differs(name, value),
                    stated=scope.stated,
                    known=ownership.known_statements(name, rules.get(name), stated),
                )
                for name, value in vals.items()
            }
        )

    def _rules_for_message(self, scope):
        """Return ``{field: Rule}`` of the facility that the message is for."""
        return self.env["interop.ownership"]._effective(self._name, scope.company_id)

    @api.model
    def _require_values(self, decisions, vals):
        """Reject instead of ignoring a value without which no record can be made."""
        return ownership.settle(
            {
                name: ownership.Decision(ownership.REJECTED, decision.reason)
                if decision.outcome == ownership.IGNORED and self._fields[name].required
                else decision
                for name, decision in decisions.items()
            }
        )

    def _report(self, message, decisions):
        """Keep what becomes of each field; raise when a rule rejects."""
        report = ownership.entries(self._name, self.id or 0, decisions)
        rejected = ownership.Outcome(decisions).rejected
        if rejected:
            raise OwnershipError(
                self.env._(
                    "Another system is authoritative for: %s.",
                    ", ".join(self._labels(rejected)),
                ),
                fields=rejected,
                report=report,
            )
        message._note_fields(report)

    def _labels(self, names):
        """Return what users call these fields."""
        return [self._fields[name]._description_string(self.env) for name in names]

    def _lock_governed(self):
        """Hold the row, by its id alone: messages about one record are applied one
        after the other, and the statement that may fail and be logged holds no
        content."""
        self.env.flush_all()
        self.env.cr.execute(
            f'SELECT id FROM "{self._table}" WHERE id = %s FOR NO KEY UPDATE', [self.id]
        )

    # === COMPARING === #

    def _comparable(self):
        """Return this record as values are compared with it: whole, whoever asks.

        Whoever compares several fields asks for it once.
        """
        context = {"bin_size": False, "active_test": False}
        # sudo: comparing shows nothing, and the sender may not see what it may state
        record_sudo = self.sudo()
        if context.items() <= self.env.context.items():
            return record_sudo
        return record_sudo.with_context(**context)

    def _differs(self, name, value):
        """Return whether writing ``value`` would change the field (of no record: fill
        it).

        :raises BusinessError: the value does not fit the field
        """
        field = self._fields[name]
        record_sudo = self._comparable()
        if field.type in ("one2many", "many2many"):
            current = record_sudo[name].ids if self else []
            return self._ids_after(current, value) != set(current)
        try:
            cached = field.convert_to_cache(value, record_sudo)
            stated = field.convert_to_record(cached, record_sudo)
        except (TypeError, ValueError):
            raise BusinessError(
                self.env._("The value does not fit “%s”.", self._labels([name])[0]),
                code="invalid_value",
            ) from None
        return (stated or False) != ((record_sudo[name] if self else False) or False)

    @api.model
    def _ids_after(self, ids, commands):
        """Return the ids that ``commands`` leave, ``None`` when lines themselves
        change."""
        if isinstance(commands, models.BaseModel):
            return set(commands.ids)
        if commands and isinstance(commands[0], int):
            return set(commands)
        after = set() if commands is False or commands is None else set(ids)
        for command in commands or ():
            if command[0] in (0, 1, 2):
                return None
            if command[0] == 3:
                after.discard(command[1])
            elif command[0] == 4:
                after.add(command[1])
            else:
                after = set(command[2]) if command[0] == 6 else set()
        return after

    def _changed_fields(self, vals):
        """Return ``{record: names}`` of what ``write(vals)`` is going to change."""
        names = [
            name
            for name in vals
            if name not in UNGOVERNED
            and name in self._fields
            and self._fields[name].store
        ]
        changed = {}
        for record in self if names else ():
            compared_sudo = record._comparable()
            differing = {n for n in names if compared_sudo._may_differ(n, vals[n])}
            if differing:
                changed[record] = differing
        return changed

    def _may_differ(self, name, value):
        try:
            return self._differs(name, value)
        except BusinessError:
            return True  # the ORM says what is wrong with it
