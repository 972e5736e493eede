"""From the identifiers of a message to one record, and back. Never a guess."""

from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import (
    BusinessError,
    HandledError,
    OwnershipError,
    TechnicalError,
    UnknownIdentifier,
)
from odoo.addons.interop_base.tools import rfc3339

from .. import const
from ..tools import period


class Named(NamedTuple):
    """One identifier of a message, read by the rules of its namespace."""

    namespace: models.Model
    value: str
    normalized: str
    use: str
    start: object
    end: object


class Known(NamedTuple):
    """Identifiers of a message, and who has them in the present transaction:
    ``{(namespace id, normalized value): identifiers}``."""

    named: list
    rows: dict


class InteropIdentifier(models.Model):
    """Resolution service of the handlers.

    Identifiers travel as FHIR writes them: ``{"system": uri, "value": text}``,
    optionally with ``use`` and ``period`` (``start``, ``end``; ISO 8601). ``system``
    may also be an alias of the namespace.
    """

    _inherit = "interop.identifier"

    @api.model
    def _parse(self, identifiers, company, system=None):
        """Return the identifiers of a message as ``Named``.

        Raises what ``interop.namespace._find`` raises, ``BusinessError`` for a value or
        a period that cannot be read, and for a placeholder what its namespace says
        (:meth:`_refuse_placeholder`).
        """
        named = []
        for position, item in enumerate(identifiers or ()):
            namespace = self.env["interop.namespace"]._find(
                item.get("system"), company, system
            )
            value = self._clean_value(item.get("value") or "")
            normalized = value and namespace._normalize(value)
            if not normalized or len(value) > const.MAX_VALUE_LENGTH:
                raise self._invalid(position)
            if namespace._is_placeholder(value):
                self._refuse_placeholder(namespace, value, company, system, position)
            span = item.get("period") or {}
            try:
                start = period.moment(span.get("start"), read_time=rfc3339.parse)
                end = period.moment(
                    span.get("end"), is_end=True, read_time=rfc3339.parse
                )
            except ValueError:
                start = end = self  # told below: the error itself holds the value
            if start is self or (start and end and end < start):
                raise self._invalid(position)
            named.append(
                Named(namespace, value, normalized, item.get("use"), start, end)
            )
        return named

    @api.model
    def _known(self, identifiers, company, system=None):
        """Return ``Known``, with one look-up; raises what :meth:`_parse` raises."""
        named = self._parse(identifiers, company, system)
        return Known(named, self._rows(named, const.RESOLVED_STATES))

    @api.model
    def _resolve(
        self, identifiers, company, *, model=None, system=None, at=None, known=None
    ):
        """Return the one record that these identifiers mean, or None.

        ``identifiers`` is a list as described on the class, ``company`` the facility,
        ``model`` the name of the model expected, ``system`` the sender (for its
        aliases), ``at`` the naive UTC moment that the message is about (default: now),
        ``known`` what :meth:`_known` has found for them (default: looked up).
        Raises ``PossibleDuplicate`` when they point to several records or to a record
        of another model, and what :meth:`_parse` raises.
        """
        named, rows = known or self._known(identifiers, company, system)
        return self._meant(named, rows, company, model, system, at or clock.now())

    @api.model
    def _resolve_many(self, lists, company, *, model=None, system=None, at=None):
        """Resolve the identifiers of many messages with one look-up.

        ``lists`` holds one list as for :meth:`_resolve` each. Returns a list of the
        same length with the record, None, or the error that :meth:`_resolve` raises
        (not raised: one doubtful message does not stop the others).
        """
        parsed = []
        for identifiers in lists:
            try:
                parsed.append(self._parse(identifiers, company, system))
            except HandledError as error:
                parsed.append(error)
        rows = self._rows(
            [item for named in parsed if isinstance(named, list) for item in named],
            const.RESOLVED_STATES,
        )
        at = at or clock.now()
        found = []
        for named in parsed:
            try:
                known = isinstance(named, list)
                found.append(
                    self._meant(named, rows, company, model, system, at)
                    if known
                    else named
                )
            except HandledError as error:
                found.append(error)
        return found

    @api.model
    def _meant(self, named, rows, company, model, system, at):
        """Return the one record that ``named`` identifiers mean at a moment, or None.

        ``rows`` is what :meth:`_rows` found for them.
        """
        records = set()
        for item in named:
            found = rows.get((item.namespace.id, item.normalized))
            if not found:
                continue
            held = found.filtered(lambda row: row.state == const.HELD)
            row = (found - held)._valid_at(at)
            if held:
                records |= self._doubtful(held, row, item, company)
            if row:
                records.add((row.res_model, row.res_id))
        again = not records and self._again(named, rows, company)
        if again:
            records.add(again)
        if not records:
            return None
        res_model, res_id = self._settle_between(records, company)
        if model and res_model != model:
            raise self._other_kind((res_model, res_id), model, company)
        new = [
            item for item in named if (item.namespace.id, item.normalized) not in rows
        ]
        if new and self._new_despite((res_model, res_id), new, company, system):
            return None
        # It is there: the database lets no record go that has identifiers.
        return self.env[res_model].browse(res_id)

    @api.model
    def _link(self, record, identifiers, message, known=None):
        """Make these identifiers of ``message`` identify ``record``, or its survivor;
        return the new ones.

        Present ones are left alone but for their period and use. A new one retires the
        record's previous one where the namespace allows only one, unless the message is
        older than what is known of that. Raises
        ``PossibleDuplicate`` when another record has it, or when the sender itself
        knows the record under another of its own numbers, ``OwnershipError`` when the
        namespace belongs to another source system, ``BusinessError`` when its check
        blocks the value, and ``TechnicalError`` when another transaction has just taken
        it.

        :param known: what :meth:`_known` found for them before this transaction created
            ``record``, which is nobody's survivor then and has no number yet
        """
        numbered = set()
        if not known:
            record, numbered = self._standing(record)
            known = self._known(identifiers, message.company_id, message.system_id)
        named, rows = known
        created = self.browse()
        for position, item in enumerate(named):
            known = rows.get((item.namespace.id, item.normalized), self.browse())
            former = known.filtered(lambda found: found.state == "retired")
            held = known.filtered(lambda found: found.state == const.HELD)
            row = (known - former - held).sorted(lambda found: found.state != "active")[
                :1
            ]
            if former and self._was_then(record, former, message):
                continue
            if row and (row.res_model, row.res_id) != (record._name, record.id):
                self._leave_or_ask(record, row, named, message)
                continue
            if row:
                row._update_from(item, message)
                continue
            own = held.filtered(
                lambda found: (
                    (found.res_model, found.res_id) == (record._name, record.id)
                )
            )
            if own:  # a steward has decided that it is this record's
                own[:1]._set_active(message=message)
                continue
            self._check_new(item, message, position)
            state, first = "active", item.namespace.id not in numbered
            numbered.add(item.namespace.id)
            if former and self._use_again(record, former, item, message):
                continue
            if not first:
                state, item = self._make_way(record, item, message)
            row = self._insert(record, item, message, state=state)
            row._tell_late(message)
            rows[item.namespace.id, item.normalized] = row
            created |= row
        return created

    @api.model
    def _wire(self, record, company):
        """Return the active identifiers of ``record`` that ``company`` may see, for
        messages."""
        return self._wire_many(record, company)[record.id]

    @api.model
    def _wire_many(self, records, company):
        """Return ``{record id: identifiers}`` like :meth:`_wire`, for many records in
        one query."""
        rows = self.search(
            [
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("state", "=", "active"),
                "|",
                ("company_id", "=", False),
                ("company_id", "parent_of", company.id),
            ],
            order="namespace_id, id",
        )
        result = {record_id: [] for record_id in records.ids}
        for row in rows:
            result[row.res_id].append(row._wire_one())
        return result

    def _wire_one(self):
        """Return this identifier as messages carry it."""
        wire = {
            "system": self.namespace_id.uri,
            "value": self.value,
            "type": self.namespace_id.type_code,
        }
        if self.use:
            wire["use"] = self.use
        return wire

    # ------------------------------------------------------------------
    # Steps
    # ------------------------------------------------------------------
    @api.model
    def _rows(self, named, states):
        """Return ``{(namespace id, normalized value): identifiers}`` in one query."""
        if not named:
            return {}
        pairs = {(item.namespace.id, item.normalized) for item in named}
        rows = {}
        for row in self._of_pairs(pairs, [("state", "in", states)]):
            key = (row.namespace_id.id, row.value_normalized)
            rows[key] = rows[key] | row if key in rows else row
        return rows

    def _valid_at(self, at):
        """Return the one row of these (same value) that was good at ``at``.

        Values are re-used: of several that fit, the one that ended first after ``at``
        is the one meant. An active or merged one always counts when nothing else
        fits.
        """
        fitting = self.filtered(
            lambda row: (
                (not row.period_start or row.period_start <= at)
                and (not row.period_end or row.period_end > at)
            )
        ).sorted(
            lambda row: (
                not row.period_end,
                row.period_end or at,
                const.LOOKUP_STATES.index(row.state)
                if row.state in const.LOOKUP_STATES
                else 9,
            )
        )
        current = self.filtered(lambda row: row.state in const.LOOKUP_STATES)
        return fitting[:1] or current.sorted("state")[:1]

    @api.model
    def _check_new(self, item, message, position):
        """Refuse a new identifier that its sender may not add or that fails a blocking
        check."""
        owner = item.namespace.system_id
        if owner and owner != message.system_id:
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
            raise self._invalid(position)

    @api.model
    def _invalid(self, position):
        """Return the error of an identifier that cannot be accepted; it holds no
        value."""
        return BusinessError(
            self.env._("Identifier %s has no valid value or period.", position + 1),
            code="identifier_invalid",
            pointer=f"/data/identifiers/{position}",
        )

    @api.model
    def _refuse_placeholder(self, namespace, value, company, system, position):
        """Raise the error of a value that stands where a number is missing.

        :raises UnknownIdentifier: the namespace lets it wait for a steward
        :raises BusinessError: the namespace refuses it
        """
        text = self.env._(
            "Identifier %(number)s is a placeholder, not a number of “%(namespace)s”. "
            "Send the record without it, or with its number.",
            number=position + 1,
            namespace=namespace.name,
        )
        where = {
            "code": "identifier_placeholder",
            "pointer": f"/data/identifiers/{position}/value",
        }
        if namespace.placeholder_policy != "hold":
            raise BusinessError(text, **where)
        asked = self._placeholder_question(namespace, value, company, system)
        raise UnknownIdentifier(text, question=asked, **where)

    @api.model
    def _insert(self, record, item, message, state="active"):
        """Insert one identifier, active unless said otherwise, and return it.

        In SQL rather than with ``create``: a value that another transaction takes at
        the same moment must not end as a logged statement with the value in it. Access
        rights and record rules are checked as ``create`` would.
        """
        self.check_access("create")
        columns = self._columns_of(record, item, message, state)
        # What the triggers read.
        self.flush_model()
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
        self.invalidate_model(flush=False)
        if "interop_identifier_ids" in record._fields:
            record.invalidate_recordset(["interop_identifier_ids"], flush=False)
        identifier = self.browse(found[0])
        identifier._take_columns(columns)
        identifier.check_access("create")
        return identifier

    def _take_columns(self, columns):
        """Know the columns of a row that was just inserted without reading it back;
        what the database itself fills in (``once``) is not among them."""
        for name, value in columns.items():
            field = self._fields[name]
            field._insert_cache(
                self, [field.convert_to_cache(value, self, validate=False)]
            )

    @api.model
    def _columns_of(self, record, item, message, state):
        """Return the columns of the row of a new identifier; addons add theirs."""
        namespace = item.namespace
        now = self.env.cr.now()
        return {
            "namespace_id": namespace.id,
            "company_id": namespace.company_id.id or None,
            "single": namespace.one_active_per_record,
            "value": item.value,
            "value_normalized": item.normalized,
            "check_failed": not namespace._passes(item.value),
            "res_model": record._name,
            "res_id": record.id,
            "partner_id": record.id if record._name == "res.partner" else None,
            "state": state,
            "use": item.use or None,
            "period_start": item.start,
            "period_end": item.end,
            **self._stated_values(message),
            "message_id": message.id or None,
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
            "create_date": now,
            "write_date": now,
        }
