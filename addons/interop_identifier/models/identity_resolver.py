"""From the identifiers of a message to one record."""

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
# What a look-up reads of a row.
LOOKED_AT = (*PAIR, "res_model", "res_id", "state", "period_start", "period_end", "use")


class Named(NamedTuple):
    """One identifier of a message, read by the rules of its namespace."""

    namespace: models.Model
    value: str
    normalized: str
    use: str
    start: object
    end: object


class Known(NamedTuple):
    """Identifiers of a message, and which rows have them in the present transaction:
    ``{(namespace id, normalized value): identifiers}``."""

    named: list
    rows: dict


class IdentityResolver:
    """Finds the one record that identifiers of a message mean.

    Identifiers travel as FHIR writes them: ``{"system": uri, "value": text}``,
    optionally with ``use`` and ``period`` (``start``, ``end``; ISO 8601). ``system``
    may also be an alias of the namespace.

    A doubt is never resolved by a guess: either a steward decided it before, or the
    message is parked with a question for a steward.

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
        """Return the error of an identifier that cannot be accepted; it holds no
        value."""
        return BusinessError(
            self.env._("Identifier %s has no valid value or period.", position + 1),
            code="identifier_invalid",
            pointer=f"/data/identifiers/{position}",
        )

    def _refuse_placeholder(self, namespace, value, company, system, position):
        """Raise the error of a value that stands where a number is missing."""
        words = self.env._(
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
            raise BusinessError(words, **where)
        asked = self.placeholder_question(namespace, value, company, system)
        raise UnknownIdentifier(words, question=asked, **where)

    def known(self, identifiers, company, system=None):
        """Return ``Known``, with one look-up; raises what :meth:`parse` raises."""
        named = self.parse(identifiers, company, system)
        return Known(named, self.identifiers._rows(named, const.RESOLVED_STATES))

    # === RESOLVING === #

    def resolve(
        self, identifiers, company, *, model=None, system=None, at=None, known=None
    ):
        """Return the one record that identifiers mean, or None.

        :param list identifiers: as described on the class
        :param company: the facility of the message
        :param str model: name of the model expected, of any by default
        :param system: the sender, for its aliases
        :param datetime at: the moment that the message is about, naive UTC; now by
            default
        :param known: what :meth:`known` found for them; looked up by default
        :raises PossibleDuplicate: they point to several records, or to a record of
            another model
        :raises BusinessError: see :meth:`parse`
        """
        named, rows = known or self.known(identifiers, company, system)
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
                known = isinstance(named, list)
                found.append(
                    self._meant(named, rows, company, model, system, at)
                    if known
                    else named
                )
            except HandledError as error:
                found.append(error)
        return found

    def _meant(self, named, rows, company, model, system, at):
        """Return the one record that ``named`` identifiers mean at a moment, or None.

        :param dict rows: what ``interop.identifier._rows`` found for them
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
                    "The identifiers of this message belong to another kind of record."
                ),
                question=question.other_kind(company.id, (res_model, res_id), model),
            )
        new = [
            item for item in named if (item.namespace.id, item.normalized) not in rows
        ]
        if new and self.decided_new((res_model, res_id), new, company, system):
            return None
        # It is there: the database lets no record go that has identifiers.
        return self.env[res_model].browse(res_id)

    def unknown(self, identifiers, message, model, create=True, words=""):
        """Return the record that a steward named for identifiers that no record has,
        or None when the message may create one.

        :param list identifiers: as described on the class
        :param str model: name of the model expected
        :param bool create: whether the message could create a record at all
        :param str words: text of the error, where there is a better one
        :raises UnknownIdentifier: the interface wants a steward to decide
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
            or self.env._("The identifiers of this message are not known here yet."),
            question=asked,
        )

    # === DECISIONS OF STEWARDS === #

    def _one_of(self, records, company):
        """Return which of several records a message means, given as ``(model, id)``.

        :raises PossibleDuplicate: no steward has told them apart yet
        :raises ConflictError: a steward decided that messages which name both are wrong
        """
        left = sorted(records)
        while len(left) > 1:
            first, second = left[:2]
            case_sudo = self.cases._told_apart(first, second)
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

    def _doubtful(self, held, row, item, company):
        """Return the records, as ``{(model, id)}``, that a held number may mean.

        :param held: its held rows
        :param row: the one that is not held, empty if there is none
        :raises PossibleDuplicate: there is none, and no steward has decided which
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
                        "An identifier of this message is held. A steward has to "
                        "decide which record has it."
                    ),
                    question=asked,
                )
        return set()

    def _given_again(self, named, rows, company):
        """Return the record that a steward gave a retired number back to, as ``(model,
        id)``, None if there is none."""
        for item in named:
            for row in rows.get((item.namespace.id, item.normalized), ()):
                record = (row.res_model, row.res_id)
                asked = self.number_question(record, item, company)
                decided_sudo = self.cases._decided(asked)
                if row.state == "retired" and decided_sudo.decision == "same":
                    return record
        return None

    def decided_new(self, record, named, company, system):
        """Return the decision (sudo) by which a message with a new number of its
        sender's own is about another record than ``record``, empty if there is none."""
        for item in named:
            if system and item.namespace.system_id == system:
                decided_sudo = self.cases._decided(
                    self.number_question(record, item, company)
                )
                if decided_sudo.decision == "create":
                    return decided_sudo
        return self.cases.sudo().browse()  # sudo: empty, like what is returned above

    # === QUESTIONS === #

    def blind_value(self, item):
        """Return what stands for a number in the key of a question."""
        return self.env["interop.vault"]._blind("identity_question", item.normalized)

    def number_question(self, record, item, company):
        """Return the question whether a new number is a number of ``record``, too."""
        return question.number(
            company.id,
            record,
            item.namespace.id,
            self.blind_value(item),
            question.mask(item.value),
        )

    def placeholder_question(self, namespace, value, company, system, record=()):
        """Return the question what to do about a placeholder; of a stored one its
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
        """Return the question which record has these identifiers: asked for the
        sender's own number if there is one, else for the first."""
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
    """Return start and end of the ``period`` of an identifier, None for one that cannot
    be read: no error is raised, because its text would hold the value."""
    if not span:
        return None, None
    try:
        start = period.moment(span.get("start"), read_time=rfc3339.parse)
        end = period.moment(span.get("end"), is_end=True, read_time=rfc3339.parse)
    except ValueError:
        return None
    return None if start and end and end < start else (start, end)


def clean_value(value):
    """Return ``value`` (text) as it is kept: in NFC, without blanks and invisible
    characters around it; ``""`` when nothing is left.

    Returns ``None`` for a value that cannot be kept or sent: one with a line end, tab
    or control character inside.
    """
    inner = value.strip()
    if text.has_break(inner) or text.has_control(inner):
        return None
    return text.clean(inner)


def checked_value(env, value):
    """Return a value that a person enters as it is kept.

    :raises ValidationError: it cannot be kept
    """
    if value is None or value is False:
        return value  # the field is required
    cleaned = clean_value(str(value))
    if cleaned is None:
        raise ValidationError(
            env._(
                "An identifier is one line of text. Remove line ends, tabs and control "
                "characters from the value."
            )
        )
    if len(cleaned) > const.MAX_VALUE_LENGTH:
        raise ValidationError(
            env._(
                "An identifier has at most %(limit)s characters, this value has "
                "%(length)s.",
                limit=const.MAX_VALUE_LENGTH,
                length=len(cleaned),
            )
        )
    return cleaned


def message_keys(envelope, wires):
    """Return ``(value, order key)``: what people search a message by, and what keeps it
    in order with other messages about the same record.

    Both are the first identifier, unless the sender states an order. A placeholder gives
    no order: people without a number do not wait for each other.

    :param envelope: of the message
    :param wires: the identifiers that stand for it, whatever the sender made of them
    """
    value, key = order_key.of_first(wires)
    if placeholder.is_usual(value):
        key = ""
    return value, envelope.ordering_key or key


def rows_of(identifiers, pairs, domain):
    """Return the rows with one of these ``(namespace id, normalized value)`` that match
    ``domain`` and that the user may see, in one query.

    A list of pairs instead of a domain per pair: one probe of the index each, and
    nothing to work out for the ORM, a thousand at a time.
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
    """Return the ids of the records of ``model`` that have the identifier ``value``
    (text) and that the user may find by it."""
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
    """Return the one of these rows, all of one value, that was good at ``at``.

    Values are re-used: of several that fit, the one that ended first after ``at`` is the
    one meant. An active or merged one always counts when nothing else fits.
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
