"""From a record to its identifiers: what a message adds, keeps and retires."""

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
    """Makes the identifiers of one message identify one record.

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

    def link(self, record, wires, known=None):
        """Make identifiers identify ``record``, or its survivor; return the new ones.

        Present ones keep their number; their period and use follow the message. A new
        one retires the record's previous one where the namespace allows only one, unless
        the message is older than what is known of that.

        :param list wires: identifiers as :class:`IdentityResolver` describes them
        :param known: what ``IdentityResolver.known`` found for them before this
            transaction created ``record``: nothing was merged into it, and it has no
            identifier yet. Looked up by default.
        :raises PossibleDuplicate: another record has one of them, or the sender knows
            the record under another of its own numbers
        :raises OwnershipError: a namespace belongs to another source system
        :raises BusinessError: a check blocks a value
        :raises TechnicalError: another transaction has just taken a value
        """
        numbered = set()
        if not known:
            record, numbered = self._standing(record)
            known = self.resolver.known(
                wires, self.message.company_id, self.message.system_id
            )
        named, rows = known
        created = self.identifiers.browse()
        for position, item in enumerate(named):
            key = (item.namespace.id, item.normalized)
            present = rows.get(key, self.identifiers)
            former = present.filtered(lambda row: row.state == "retired")
            if self._is_settled(record, present, former, item, named):
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
        """Let numbers that no record has find ``record``, or its survivor, as former
        ones; return them.

        For a merge whose prior record never came here.

        :raises OwnershipError, BusinessError: see :meth:`link`
        """
        record = self.env["interop.identifier.merge"]._survivor(record)
        created = self.identifiers.browse()
        named = self.resolver.parse(
            wires, self.message.company_id, self.message.system_id
        )
        for position, item in enumerate(named):
            self._check_new(item, position)
            # Not active for a moment even: there may be one active number only.
            created |= self.insert(record, item, "merged")
        return created

    def _standing(self, record):
        """Return ``record``, or its survivor, and in which namespaces it has an active
        number (set of ids)."""
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
        if survivor_id:  # the last one: there are no chains
            return self._standing(record.browse(survivor_id))
        return record, set(numbered)

    # === NUMBERS THAT ARE KNOWN === #

    def _is_settled(self, record, present, former, item, named):
        """Return whether a stored row answers for an identifier, so that nothing new is
        due.

        :param present: the stored rows with its value
        :param former: the retired ones of these
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
        if own:  # a steward has decided that it is this record's
            own._set_active(message=self.message)
        return bool(own)

    def _was_then(self, record, former):
        """Return whether a late message calls ``record`` by a number that it had when
        that happened (one of the retired rows ``former``): nothing to link today."""
        own = former.filtered(lambda row: row._identifies(record))
        at = self.message.occurred_at
        return at and valid_at(own, at)

    def _leave_or_ask(self, record, row, named):
        """Return when ``row``, an identifier of a message about ``record``, is rightly
        another record's and stays there; otherwise raise ``PossibleDuplicate``."""
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
        """Take over use and period from the message; the sender is told.

        Only the source system of a namespace says so. What other senders say is not
        taken over, and no message is refused for it; nor is one that is older than what
        is known.
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
        """Note that a newer message names the record's present number again: another
        number of an earlier moment, should it come late, does not replace it.

        Only where a record has one active number is anything decided by that.
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
        """Refuse a new identifier that its sender may not add or that fails a blocking
        check."""
        owner = item.namespace.system_id
        if owner and owner != self.message.system_id:
            raise OwnershipError(
                self.env._(
                    "Only its source system may add identifiers to this namespace."
                ),
                code="namespace_not_owned",
                pointer=f"/data/identifiers/{position}",
            )
        if item.namespace.validation == "block" and not item.namespace._passes(
            item.value
        ):
            raise self.resolver.invalid(position)

    def _make_way(self, record, item):
        """Retire the record's number in a namespace in favor of the new one ``item``;
        return the state of the new one and what is stated of it.

        It is the active one, unless the message is older than what is known of the
        present number: then it is a former one. Raises ``PossibleDuplicate`` when the
        sender hands out these numbers itself: for it the two are two records, so that
        whatever else they share (a registration typed in twice) does not make them one.
        A person decides; where they are one, both numbers find the record from then on.
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
                message=self.message, reason=self.env._("Replaced by a new one")
            )
        return "active", item

    def _check_second_number(self, record, item):
        """Refuse a second number of the sender's own for ``record`` until a steward has
        decided that it has both."""
        asked = self.resolver.number_question(
            (record._name, record.id), item, self.message.company_id
        )
        if self.cases._decided(asked).decision != "same":
            raise PossibleDuplicate(
                self.env._(
                    "The sender knows this record under another number of its own."
                ),
                question=asked,
            )

    def insert(self, record, item, state="active"):
        """Insert one identifier and return it.

        In SQL rather than with ``create``: a value that another transaction takes at
        the same moment must not end as a logged statement with the value in it. Access
        rights and record rules are checked as ``create`` would.

        :param item: ``Named``
        :param str state: key of ``const.IDENTIFIER_STATES``
        """
        self.identifiers.check_access("create")
        columns = self.identifiers._columns_of(record, item, self.message, state)
        # What the triggers read.
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
            # Taken by a transaction that was not over when we looked. (Under REPEATABLE
            # READ PostgreSQL says so itself, and Odoo runs the request again.)
            raise TechnicalError(
                self.env._("An identifier was taken at the same moment. Try again."),
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
        """Return the record's own retired row, active again, where the value was its
        before; an empty one where a new row is due.

        :param former: the retired rows with the value of ``item``
        :raises PossibleDuplicate: it was another record's and no steward has approved
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
        """Refuse a number of ``other`` unless a steward approved and the policy
        agrees."""
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
                    "An identifier of this message was another record's before. A "
                    "steward has to approve that it is used again."
                ),
                code="identifier_reuse",
                question=asked,
            )

    def _reuse_text(self, namespace, free_at):
        if not free_at:
            return self.env._(
                "Another record had this identifier before, and values of “%s” are "
                "never used again.",
                namespace.name,
            )
        return self.env._(
            "Another record had this identifier before. Values of “%(name)s” may be "
            "used again %(days)s days after their retirement, this one from %(date)s "
            "on.",
            name=namespace.name,
            days=namespace.reuse_days,
            date=fields.Date.to_string(free_at),
        )


def _ended(item, at):
    """Return ``item`` as a number that stopped being good at a moment, or at the end
    that its sender stated, if that was before."""
    end = min(item.end or at, at)
    return item._replace(end=max(end, item.start or end))
