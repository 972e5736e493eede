"""Add, update and retire the identifiers of a record as messages state them."""

from odoo import fields
from odoo.tools import SQL

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import (
    ConflictError,
    OwnershipError,
    PossibleDuplicate,
    TechnicalError,
)
from odoo.addons.interop_base.tools import field_report

from .. import const
from ..tools import question
from .identity_resolver import IdentityResolver, valid_at


class IdentifierLinks:
    """Links the identifiers of one message to one record.

    :param identifiers: ``interop.identifier`` without records, in the environment whose
        access rights count
    :param message: ``interop.message`` that states the identifiers
    """

    def __init__(self, identifiers, message):
        self.identifiers = identifiers.browse()
        self.env = identifiers.env
        self.message = message
        self.cases = self.env["interop.identity.case"]
        self.resolver = IdentityResolver(identifiers)

    def link(self, record, wires, looked_up=None):
        """Link identifiers to ``record`` or its survivor and return the new ones.

        Stored identifiers keep their number; the message updates their period and use.
        A new identifier retires the previous one of the record if the namespace allows
        only one. An older message does not do so.

        :param list wires: identifiers as :class:`IdentityResolver` describes them
        :param looked_up: result of ``IdentityResolver.look_up`` from before this transaction
            created ``record``: nothing was merged into it, and it has no identifier
            yet. Looked up by default.
        :raises PossibleDuplicate: another record has one of them, or the sender knows
            the record under another of its own numbers
        :raises OwnershipError: a namespace belongs to another source system
        :raises BusinessError: a check blocks a value
        :raises TechnicalError: another transaction has just taken a value
        """
        numbered = set()
        if not looked_up:
            record, numbered = self._standing(record)
            looked_up = self.resolver.look_up(
                wires, self.message.company_id, self.message.system_id
            )
        named, rows = looked_up
        created = self.identifiers.browse()
        for position, item in enumerate(named):
            key = (item.namespace.id, item.normalized)
            present = rows.get(key, self.identifiers)
            former = present.filtered(lambda row: row.state == "retired")
            if self._is_linked(record, present, former, item, named):
                continue
            self._check_new(item, position)
            is_first = item.namespace.id not in numbered
            numbered.add(item.namespace.id)
            if former and self._use_again(record, former, item):
                continue
            state = "active"
            if not is_first:
                state, item = self._make_way(record, item)
            rows[key] = self.insert(record, item, state)
            created |= rows[key]
        return created

    def link_former(self, record, wires):
        """Link unknown numbers to ``record`` or its survivor as former numbers; return
        them.

        Used for a merge whose prior record was never received.

        :raises OwnershipError, BusinessError: see :meth:`link`
        """
        record = self.env["interop.identifier.merge"]._survivor(record)
        created = self.identifiers.browse()
        named = self.resolver.parse(
            wires, self.message.company_id, self.message.system_id
        )
        for position, item in enumerate(named):
            self._check_new(item, position)
            # The number is inserted as former at once: only one number may be active at
            # any moment.
            created |= self.insert(record, item, "merged")
        return created

    def _standing(self, record):
        """Return the survivor of ``record`` (or itself) and the namespaces in which it
        has an active number (set of ids)."""
        if not record:
            return record, set()
        record.ensure_one()
        self.identifiers.flush_model(["namespace_id", "res_model", "res_id", "state"])
        ((survivor_id, numbered),) = self.env.execute_query(
            SQL(
                "SELECT (SELECT survivor_id FROM interop_identifier_anchor"
                " WHERE res_model = %(model)s AND res_id = %(id)s"
                " AND survivor_id > 0),"
                " ARRAY(SELECT namespace_id FROM interop_identifier"
                " WHERE res_model = %(model)s AND res_id = %(id)s"
                " AND state = 'active')",
                model=record._name,
                id=record.id,
            )
        )
        if survivor_id:  # survivor_id always names the last survivor
            return self._standing(record.browse(survivor_id))
        return record, set(numbered)

    # === NUMBERS THAT ARE KNOWN === #

    def _is_linked(self, record, present, former, item, named):
        """Return whether a stored row covers the identifier, so that nothing has to be
        added.

        :param present: the stored rows with its value
        :param former: the retired rows among these
        :raises PossibleDuplicate: another record has it
        """
        if former and self._was_then(record, former):
            return True
        held = present.filtered(lambda row: row.state == const.HELD)
        current = present - former - held
        row = current.sorted(lambda found: found.state != "active")[:1]
        if row and not row._identifies(record):
            self._leave_or_ask(record, row, named)
            return True
        if row:
            self._update(row, item)
            return True
        own = held.filtered(lambda found: found._identifies(record))[:1]
        if own:  # a steward decided that this record has it
            own._set_active(message=self.message)
        return bool(own)

    def _was_then(self, record, former):
        """Return whether a late message uses a number that ``record`` had at that time.

        The number is one of the retired rows ``former``. Nothing is linked then.
        """
        own = former.filtered(lambda row: row._identifies(record))
        at = self.message.occurred_at
        return at and valid_at(own, at)

    def _leave_or_ask(self, record, row, named):
        """Accept that ``row`` belongs to another record, or raise
        ``PossibleDuplicate``."""
        mine, other = (record._name, record.id), (row.res_model, row.res_id)
        if self.cases._told_apart(mine, other):
            return
        company = self.message.company_id
        decided_sudo = self.resolver.decided_new(
            other, named, company, self.message.system_id
        )
        if not decided_sudo:
            raise PossibleDuplicate(
                self.env._("An identifier of this message belongs to another record."),
                question=question.same(company.id, mine, other),
            )
        decided_sudo._remember_apart(mine, other)

    def _update(self, row, item):
        """Take over use and period from the message and report ignored values to the
        sender.

        Only the source system of a namespace may change them. Values of other senders
        and of older messages are ignored; the message is not refused.
        """
        stated = {"use": item.use, "period_start": item.start, "period_end": item.end}
        vals = {
            name: value
            for name, value in stated.items()
            if value and row[name] != value
        }
        if not vals:
            self._confirm(row, item)
            return
        owner = item.namespace.system_id
        if owner and owner != self.message.system_id:
            decision = field_report.Decision(
                field_report.IGNORED, field_report.NOT_OWNER
            )
        elif row._is_newer_than(self.message):
            decision = field_report.Decision(field_report.IGNORED, field_report.STALE)
        else:
            decision = field_report.Decision(field_report.APPLIED)
            row._hold_record()
            row._set_stated(self.message, **vals)
        if self.message.id:
            decisions = dict.fromkeys(vals, decision)
            self.message._note_fields(
                field_report.entries(row._name, row.id, decisions)
            )

    def _confirm(self, row, item):
        """Note that a newer message states the current number of the record again.

        A late message about an earlier moment then does not replace it. This matters
        only in namespaces with one active number per record.
        """
        owner = item.namespace.system_id
        if row.state != "active" or not row.single:
            return
        if (owner and owner != self.message.system_id) or row._is_newer_than(
            self.message
        ):
            return
        row._hold_record()
        row._set_stated(self.message)

    # === NUMBERS THAT ARE NEW === #

    def _check_new(self, item, position):
        """Refuse a new identifier that the sender may not add or that fails a blocking
        check."""
        owner = item.namespace.system_id
        if owner and owner != self.message.system_id:
            raise OwnershipError(
                self.env._(
                    "Only the source system of a namespace may add identifiers to "
                    "it. Ask that system to send this identifier, or leave it out."
                ),
                code="namespace_not_owned",
                pointer=f"/data/identifiers/{position}",
            )
        if item.namespace.validation == "block" and not item.namespace._passes(
            item.value
        ):
            raise self.resolver.invalid(position)

    def _make_way(self, record, item):
        """Retire the current number of the record in favor of the new one ``item``.

        If the message is older than the current number, the new number becomes a former
        one instead.

        :return: state of the new identifier, and its time of statement
        :raises PossibleDuplicate: the sender assigns these numbers itself. Two numbers
            mean two records for the sender, even if they share another number. A
            steward decides. If they are one record, both numbers find it.
        """
        if not item.namespace.one_active_per_record:
            return "active", item
        owner = item.namespace.system_id
        previous = self.identifiers._active_of(record, item.namespace)
        previous._hold_record()
        is_late = previous._is_newer_than(self.message)
        if previous and owner and owner == self.message.system_id:
            self._check_second_number(record, item)
            if is_late:
                return "merged", item
            previous._set_merged(message=self.message)
        elif is_late:
            known_at = max(filter(None, previous.mapped("stated_at")))
            return "retired", _ended(item, known_at)
        else:
            previous._set_retired(
                message=self.message, reason=self.env._("Replaced by a new number")
            )
        return "active", item

    def _check_second_number(self, record, item):
        """Refuse a second number of the sender for ``record`` until a steward has
        confirmed it."""
        asked = self.resolver.number_question(
            (record._name, record.id), item, self.message.company_id
        )
        if self.cases._decided(asked).decision != "same":
            raise PossibleDuplicate(
                self.env._(
                    "The sender already uses another number for this record. A "
                    "steward has to decide whether both numbers belong to it."
                ),
                question=asked,
            )

    def insert(self, record, item, state="active"):
        """Insert one identifier and return it.

        Uses SQL instead of ``create``: if another transaction takes the value at the
        same moment, no failed statement with the value gets into a log. Access rights
        and record rules are checked like in ``create``.

        :param item: ``Named``
        :param str state: key of ``const.IDENTIFIER_STATES``
        """
        self.identifiers.check_access("create")
        columns = self.identifiers._columns_of(record, item, self.message, state)
        # The triggers read these fields.
        self.identifiers.flush_model()
        self.env["interop.identifier.anchor"].flush_model()
        item.namespace.flush_recordset()
        query = SQL(
            "INSERT INTO interop_identifier (%s) VALUES %s ON CONFLICT DO NOTHING "
            "RETURNING id",
            SQL(", ").join(SQL.identifier(name) for name in columns),
            tuple(columns.values()),
        )
        self.env.cr.execute(query, log_exceptions=False)
        found = self.env.cr.fetchone()
        if not found:
            # A transaction that had not ended during the look-up took the value. (Under
            # REPEATABLE READ PostgreSQL raises an error itself, and Odoo repeats the
            # request.)
            raise TechnicalError(
                self.env._(
                    "Another transaction added the same identifier at the "
                    "same moment. Send the message again."
                ),
                code="identifier_taken",
            )
        if "interop_identifier_ids" in record._fields:
            record.invalidate_recordset(["interop_identifier_ids"], flush=False)
        identifier = self.identifiers.browse(found[0])
        identifier.check_access("create")
        if state == "retired" and self.message.id:
            identifier._tell_stale(self.message)
        return identifier

    # === NUMBERS THAT ARE USED AGAIN === #

    def _use_again(self, record, former, item):
        """Return the retired row of the record, active again, if it had this value
        before.

        :param former: the retired rows with the value of ``item``
        :return: empty if a new row is needed
        :raises PossibleDuplicate: another record had the value and no steward has
            approved
        :raises ConflictError: the policy of the namespace forbids it
        """
        own = former.filtered(lambda row: row._identifies(record))
        others = former - own
        for other in others:
            self._check_approved(other, item)
        if own and not others:
            last = own.sorted("period_end")[-1:]
            if self._make_way(record, item)[0] == "active":
                last._set_active(message=self.message)
            return last
        return self.identifiers.browse()

    def _check_approved(self, other, item):
        """Refuse a former number of ``other`` unless a steward approved it and the
        policy allows it."""
        free_at = item.namespace._reusable_at(other.period_end)
        if not free_at or free_at > clock.now():
            raise ConflictError(
                self._reuse_text(item.namespace, free_at), code="identifier_reuse"
            )
        asked = self.resolver.number_question(
            (other.res_model, other.res_id), item, self.message.company_id
        )
        if self.cases._decided(asked).decision != "create":
            raise PossibleDuplicate(
                self.env._(
                    "Another record had an identifier of this message before. A "
                    "steward has to approve its re-use."
                ),
                code="identifier_reuse",
                question=asked,
            )

    def _reuse_text(self, namespace, free_at):
        if not free_at:
            return self.env._(
                "Another record had this identifier before, and namespace “%s” "
                "never re-uses values. Send the record with its own number.",
                namespace.name,
            )
        return self.env._(
            "Another record had this identifier before. Namespace “%(name)s” "
            "re-uses values %(days)s days after their retirement, this value "
            "from %(date)s on.",
            name=namespace.name,
            days=namespace.reuse_days,
            date=fields.Date.to_string(free_at),
        )


def _ended(item, at):
    """Return ``item`` as a former number.

    It ends at the given moment, or earlier if its sender stated an earlier end.
    """
    end = min(item.end or at, at)
    return item._replace(end=max(end, item.start or end))
