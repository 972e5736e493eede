"""Find the one record that the identifiers of a message name."""

from typing import NamedTuple

from odoo import models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import (
    BusinessError,
    ConflictError,
    HandledError,
    PossibleDuplicate,
    UnknownIdentifier,
)
from odoo.addons.interop_base.tools import order_key, rfc3339, text

from .. import const
from ..tools import period, placeholder, question

MAX_SHOWN = 40  # characters of a placeholder that a steward sees
PAIR = ("namespace_id", "value_normalized")
# Columns that a look-up reads.
LOOKED_AT = (*PAIR, "res_model", "res_id", "state", "period_start", "period_end", "use")


class Named(NamedTuple):
    """One identifier of a message, normalized by the rules of its namespace."""

    namespace: models.Model
    value: str
    normalized: str
    use: str
    start: object
    end: object


class LookUp(NamedTuple):
    """Identifiers of a message, and the stored rows that match them in this
    transaction: ``{(namespace id, normalized value): identifiers}``."""

    named: list
    rows: dict


class IdentityResolver:
    """Finds the one record that the identifiers of a message name.

    Identifiers have the form of FHIR: ``{"system": uri, "value": text}``, optionally
    with ``use`` and ``period`` (``start``, ``end``; ISO 8601). ``system`` may also be
    an alias of the namespace.

    If the result is not certain, an earlier decision of a steward counts. Without a
    decision the message is parked with a question for a steward.

    :param identifiers: ``interop.identifier`` without records, in the environment whose
        access rights count
    """

    def __init__(self, identifiers):
        self.identifiers = identifiers.browse()
        self.env = identifiers.env
        self.cases = self.env["interop.identity.case"]

    # === READING === #

    def parse(self, identifiers, company, system=None):
        """Return the identifiers of a message as ``Named``.

        :param list identifiers: as described on the class
        :param company: the facility of the message
        :param system: the sender, for its aliases
        :raises BusinessError: a value or a period cannot be read, or a namespace refuses
            a placeholder
        :raises UnknownIdentifier: the namespace is not known, or it holds placeholders
            for a steward
        :raises OwnershipError: the namespace belongs to another facility
        """
        named = []
        for position, item in enumerate(identifiers or ()):
            namespace = self.env["interop.namespace"]._find(
                item.get("system"), company, system
            )
            value = clean_value(item.get("value") or "")
            normalized = value and namespace._normalize(value)
            if not normalized or len(value) > const.MAX_VALUE_LENGTH:
                raise self.invalid(position)
            if namespace._is_placeholder(value):
                self._refuse_placeholder(namespace, value, company, system, position)
            span = _span(item.get("period"))
            if not span:
                raise self.invalid(position)
            named.append(Named(namespace, value, normalized, item.get("use"), *span))
        return named

    def invalid(self, position):
        """Return the error for an identifier that cannot be accepted. It contains no
        value."""
        return BusinessError(
            self.env._(
                "Identifier %s of the message has no valid value or period. "
                "Correct it and send the message again.",
                position + 1,
            ),
            code="identifier_invalid",
            pointer=f"/data/identifiers/{position}",
        )

    def _refuse_placeholder(self, namespace, value, company, system, position):
        """Raise the error for a placeholder instead of a number."""
        words = self.env._(
            "Identifier %(number)s is a placeholder, not a number of "
            "“%(namespace)s”. Send the record with its number or without this "
            "identifier.",
            number=position + 1,
            namespace=namespace.name,
        )
        where = {
            "code": "identifier_placeholder",
            "pointer": f"/data/identifiers/{position}/value",
        }
        if namespace.placeholder_policy != "hold":
            raise BusinessError(words, **where)
        asked = self.placeholder_question(namespace, value, company, system)
        raise UnknownIdentifier(words, question=asked, **where)

    def look_up(self, identifiers, company, system=None):
        """Return ``LookUp`` with one look-up; raises the errors of :meth:`parse`."""
        named = self.parse(identifiers, company, system)
        return LookUp(named, self.identifiers._rows(named, const.RESOLVED_STATES))

    # === RESOLVING === #

    def resolve(
        self, identifiers, company, *, model=None, system=None, at=None, looked_up=None
    ):
        """Return the one record that the identifiers name, or None.

        :param list identifiers: as described on the class
        :param company: the facility of the message
        :param str model: name of the expected model, any by default
        :param system: the sender, for its aliases
        :param datetime at: the moment that the message is about, naive UTC; now by
            default
        :param looked_up: result of :meth:`look_up` for them; looked up by default
        :raises PossibleDuplicate: they belong to several records, or to a record of
            another model
        :raises BusinessError: see :meth:`parse`
        """
        named, rows = looked_up or self.look_up(identifiers, company, system)
        return self._meant(named, rows, company, model, system, at or clock.now())

    def resolve_many(self, lists, company, *, model=None, system=None, at=None):
        """Resolve the identifiers of many messages with one look-up.

        :param list lists: one list as for :meth:`resolve` per message
        :return: list of the same length with the record, None, or the error that
            :meth:`resolve` raises (not raised: one doubtful message does not stop the
            others)
        """
        parsed = []
        for identifiers in lists:
            try:
                parsed.append(self.parse(identifiers, company, system))
            except HandledError as error:
                parsed.append(error)
        rows = self.identifiers._rows(
            [item for named in parsed if isinstance(named, list) for item in named],
            const.RESOLVED_STATES,
        )
        at = at or clock.now()
        found = []
        for named in parsed:
            try:
                is_read = isinstance(named, list)
                found.append(
                    self._meant(named, rows, company, model, system, at)
                    if is_read
                    else named
                )
            except HandledError as error:
                found.append(error)
        return found

    def _meant(self, named, rows, company, model, system, at):
        """Return the one record that ``named`` identifiers name at a moment, or None.

        :param dict rows: result of ``interop.identifier._rows`` for them
        """
        records = set()
        for item in named:
            found = rows.get((item.namespace.id, item.normalized))
            if not found:
                continue
            held = found.filtered(lambda row: row.state == const.HELD)
            row = valid_at(found - held, at)
            if held:
                records |= self._doubtful(held, row, item, company)
            if row:
                records.add((row.res_model, row.res_id))
        again = not records and self._given_again(named, rows, company)
        if again:
            records.add(again)
        if not records:
            return None
        res_model, res_id = self._one_of(records, company)
        if model and res_model != model:
            raise PossibleDuplicate(
                self.env._(
                    "The identifiers of this message belong to a record of another "
                    "kind than the message is about. A steward has to decide."
                ),
                question=question.other_kind(company.id, (res_model, res_id), model),
            )
        new = [
            item for item in named if (item.namespace.id, item.normalized) not in rows
        ]
        if new and self.decided_new((res_model, res_id), new, company, system):
            return None
        # The record exists: a trigger refuses to delete records that have identifiers.
        return self.env[res_model].browse(res_id)

    def unknown(self, identifiers, message, model, create=True, words=""):
        """Return the record that a steward chose for unknown identifiers.

        :param list identifiers: as described on the class
        :param str model: name of the expected model
        :param bool create: whether the message could create a record
        :param str words: a more specific error text
        :return: None when the message may create a record
        :raises UnknownIdentifier: the interface asks a steward to decide
        """
        asked = self._unknown_question(identifiers, message, model, create)
        decided_sudo = self.cases._decided(asked)
        if decided_sudo.decision == "same":
            named = decided_sudo._named_record()
            if named:
                return named.with_env(self.env)
        may_create = message.interface_id.unknown_policy == "create"
        if create and (may_create or decided_sudo.decision == "create"):
            return None
        raise UnknownIdentifier(
            words
            or self.env._(
                "No record has the identifiers of this message. A steward "
                "has to decide."
            ),
            question=asked,
        )

    # === DECISIONS OF STEWARDS === #

    def _one_of(self, records, company):
        """Return the record that a message is about, of several given as ``(model,
        id)``.

        :raises PossibleDuplicate: no steward has decided about them yet
        :raises ConflictError: a steward decided that messages which name both are wrong
        """
        left = sorted(records)
        while len(left) > 1:
            first, second = left[:2]
            case_sudo = self.cases._told_apart(first, second)
            if not case_sudo:
                raise PossibleDuplicate(
                    self.env._(
                        "The identifiers of this message belong to different "
                        "records. A steward has to decide."
                    ),
                    question=question.same(company.id, first, second),
                )
            about = case_sudo._about()
            if not about:
                raise ConflictError(
                    self.env._(
                        "The identifiers of this message belong to two records that "
                        "a steward declared different. The sender has to correct "
                        "the message."
                    ),
                    code="told_apart",
                )
            left.remove(second if about == first else first)
        return left[0]

    def _doubtful(self, held, row, item, company):
        """Return the records, as ``{(model, id)}``, that a held number may belong to.

        :param held: its held rows
        :param row: the row that is not held, empty if there is none
        :raises PossibleDuplicate: every row is held, and no steward has decided which
            record has the number
        """
        records = {(other.res_model, other.res_id) for other in held}
        if row:
            return records
        for record in sorted(records):
            asked = self.number_question(record, item, company)
            decision = self.cases._decided(asked).decision
            if decision == "same":
                return {record}
            if decision != "create":
                raise PossibleDuplicate(
                    self.env._(
                        "An identifier of this message is held: several records "
                        "have it, or it may be a placeholder. A steward has to "
                        "decide."
                    ),
                    question=asked,
                )
        return set()

    def _given_again(self, named, rows, company):
        """Return the record, as ``(model, id)``, to which a steward gave a retired
        number back, or None."""
        for item in named:
            for row in rows.get((item.namespace.id, item.normalized), ()):
                record = (row.res_model, row.res_id)
                asked = self.number_question(record, item, company)
                decided_sudo = self.cases._decided(asked)
                if row.state == "retired" and decided_sudo.decision == "same":
                    return record
        return None

    def decided_new(self, record, named, company, system):
        """Return the decision (sudo) that a new number of the sender means a record
        other than ``record``, empty if there is none."""
        for item in named:
            if system and item.namespace.system_id == system:
                decided_sudo = self.cases._decided(
                    self.number_question(record, item, company)
                )
                if decided_sudo.decision == "create":
                    return decided_sudo
        return self.cases.sudo().browse()  # sudo: empty, like the result above

    # === QUESTIONS === #

    def blind_value(self, item):
        """Return the blind index of a number, for the key of a question."""
        return self.env["interop.vault"]._blind("identity_question", item.normalized)

    def number_question(self, record, item, company):
        """Return the question whether a new number also belongs to ``record``."""
        return question.number(
            company.id,
            record,
            item.namespace.id,
            self.blind_value(item),
            question.mask(item.value),
        )

    def placeholder_question(self, namespace, value, company, system, record=()):
        """Return the question about a placeholder; for a stored one with its
        ``record``, as ``(model, id)``."""
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

    def _unknown_question(self, identifiers, message, model, creates):
        """Return the question which record has these identifiers.

        The question is about the sender's own number if there is one, else about the
        first.
        """
        company, system = message.company_id, message.system_id
        named = self.parse(identifiers, company, system)
        own = [item for item in named if item.namespace.system_id == system]
        for item in (*own, *named):
            return question.unknown(
                company.id,
                model,
                item.namespace.id,
                self.blind_value(item),
                question.mask(item.value),
                creates,
            )
        return question.unspecified("identifier", message.id)


def _span(span):
    """Return start and end of the ``period`` of an identifier, None if it is invalid.

    No error is raised, because its text would contain the value.
    """
    if not span:
        return None, None
    try:
        start = period.moment(span.get("start"), read_time=rfc3339.parse)
        end = period.moment(span.get("end"), is_end=True, read_time=rfc3339.parse)
    except ValueError:
        return None
    return None if start and end and end < start else (start, end)


def clean_value(value):
    """Return ``value`` (text) in the form in which it is stored.

    It is in NFC, without surrounding blanks and invisible characters, and ``""`` if
    nothing is left. None means that the value cannot be stored: it contains a line end,
    tab or control character.
    """
    inner = value.strip()
    if text.has_break(inner) or text.has_control(inner):
        return None
    return text.clean(inner)


def checked_value(env, value):
    """Return a value that a user entered in the form in which it is stored.

    :raises ValidationError: it cannot be stored
    """
    if value is None or value is False:
        return value  # the field is required
    cleaned = clean_value(str(value))
    if cleaned is None:
        raise ValidationError(
            env._(
                "An identifier is one line of text. Remove line ends, tabs and "
                "control characters from the value."
            )
        )
    if len(cleaned) > const.MAX_VALUE_LENGTH:
        raise ValidationError(
            env._(
                "The identifier has more than %(limit)s characters (%(length)s). "
                "Shorten it.",
                limit=const.MAX_VALUE_LENGTH,
                length=len(cleaned),
            )
        )
    return cleaned


def message_keys(envelope, wires):
    """Return ``(business key, ordering key)`` of a message.

    Both are the first identifier, unless the sender states an ordering key. A
    placeholder is no ordering key, so people without a number do not wait for each
    other.

    :param envelope: of the message
    :param wires: the identifiers that name its record, as the sender wrote them
    """
    value, key = order_key.of_first(wires)
    if placeholder.is_usual(value):
        key = ""
    return value, envelope.ordering_key or key


def rows_of(identifiers, pairs, domain):
    """Return the rows with one of these ``(namespace id, normalized value)`` that match
    ``domain`` and that the user may see, in one query.

    One list of pairs instead of a domain per pair: PostgreSQL probes the index once per
    pair, and the ORM does not have to process a thousand domains.
    """
    identifiers.flush_model(PAIR)
    query = identifiers._search(domain, order="id")
    query.add_where(
        SQL(
            "(%s, %s) IN %s",
            SQL.identifier(identifiers._table, "namespace_id"),
            SQL.identifier(identifiers._table, "value_normalized"),
            tuple(pairs),
        )
    )
    return identifiers._fetch_query(
        query, [identifiers._fields[name] for name in LOOKED_AT]
    )


def ids_by_value(identifiers, model, value):
    """Return the ids of the records of ``model`` with the identifier ``value`` (text),
    as far as the user may see the identifier."""
    if not isinstance(value, str) or not value.strip():
        return []
    if len(value) > const.MAX_VALUE_LENGTH or not identifiers.has_access("read"):
        return []
    pairs = identifiers.env["interop.namespace"]._normalized_in_all(value)
    if not pairs:
        return []
    states = (*const.LOOKUP_STATES, const.HELD)
    domain = [("res_model", "=", model), ("state", "in", states)]
    return list({row.res_id for row in rows_of(identifiers, pairs, domain)})


def valid_at(rows, at):
    """Return the row that was valid at ``at``, of rows with one value.

    Values can be re-used. If several rows fit, the row that ended first after ``at``
    counts. An active or merged row counts if no other fits.
    """
    fitting = rows.filtered(
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
    current = rows.filtered(lambda row: row.state in const.LOOKUP_STATES)
    return fitting[:1] or current.sorted("state")[:1]
