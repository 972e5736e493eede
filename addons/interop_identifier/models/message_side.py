"""The parties in the messages of a case, for the steward who decides.

Access is narrow: stewards of the facility, while the case is open, for messages that
wait for it. They see only names, birth dates and numbers of the party in question. All
other content needs the right "View message content".
"""

import json
from typing import NamedTuple

from odoo.tools import format_date

from odoo.addons.interop_base.exceptions import BusinessError, ConfigurationError

from ..tools import parties
from .identity_resolver import IdentityResolver

MESSAGES = 20  # limit of waiting messages that are read; others are counted


class Number(NamedTuple):
    """One number of a message: ``label`` names its namespace, ``place`` says which
    record has it: "left", "right", "other" or ""."""

    label: str
    value: str
    place: str


class Statements(NamedTuple):
    """Facts that waiting messages state, each text once.

    ``unread`` counts messages without kept content or without the party in question.
    ``more`` counts those beyond the limit.
    """

    names: list
    birth_dates: list
    numbers: list
    unread: int
    more: int


class MessageSide:
    """Reads the message's side of one case. The caller checked the right to it.

    :param case: ``interop.identity.case``, one record
    :param set seen: ids of the messages with recorded access; only these are shown
    """

    def __init__(self, case, seen):
        self.case = case
        self.seen = seen
        self.env = case.env
        self.identifiers = self.env["interop.identifier"]

    def statements(self):
        """Return the ``Statements`` of the waiting messages."""
        waiting_sudo = self.case._waiting_sudo()
        seen_sudo = waiting_sudo.filtered(lambda message: message.id in self.seen)[
            :MESSAGES
        ]
        names, dates, numbers, unread = {}, {}, {}, 0
        for message_sudo in seen_sudo:
            found = self._parties(message_sudo)
            unread += found is None
            for party in found or ():
                names.setdefault(parties.alike(party.name), party.name)
                dates.setdefault(party.birth_date, self._date(party.birth_date))
                for number in self._numbers(message_sudo, party):
                    numbers[number] = number
        return Statements(
            [text for text in names.values() if text],
            [text for text in dates.values() if text],
            list(numbers),
            unread,
            len(waiting_sudo) - len(seen_sudo),
        )

    def _parties(self, message_sudo):
        """Return the parties of a message that the case is about, None if its content
        cannot be read."""
        try:
            content = message_sudo._payload_bytes()
            data = json.loads(content)["data"] if content is not None else None
            # sudo: some stewards have no access to the catalogue and its mappings
            handler_sudo = message_sudo.contract_id._handler().sudo()
        except (ConfigurationError, ValueError, KeyError, TypeError):
            data = None
        if data is None:
            return None
        found = handler_sudo._identity_parties(message_sudo, data)
        meant = [party for party in found if self._is_meant(message_sudo, party)]
        # sudo: the key is technical; it contains no value
        about_message = self.case.sudo().question_key.startswith("message|")
        if meant or len(found) <= 1 or about_message:
            return meant or found[:1]
        return None  # several parties and no match: none is shown

    def _is_meant(self, message_sudo, party):
        """Return whether a party has a number of this question."""
        case = self.case
        for number, named in self._named(message_sudo, party):
            if self._place(named) in ("left", "right"):
                return True
            if named and self._is_asked(named):
                return True
            if case.kind == "namespace" and number[0] == (case.subject or ""):
                return True
        return False

    def _is_asked(self, named):
        """Return whether a number is the unknown or second number of the question.

        The key of the question ends with the blind index of that number.
        """
        if named.namespace != self.case.namespace_id:
            return False
        # sudo: the key is technical; it contains no value
        key = self.case.sudo().question_key
        blind = IdentityResolver(self.identifiers).blind_value(named)
        return key.endswith(f"|{blind}")

    def _numbers(self, message_sudo, party):
        """Return the numbers of a party for display."""
        return [
            Number(
                named.namespace.name if named else system or "–",
                value,
                self._place(named),
            )
            for (system, value), named in self._named(message_sudo, party)
        ]

    def _named(self, message_sudo, party):
        """Return ``((system, value), Named or None)`` of each number of a party."""
        # sudo: parsed with the aliases of the sender, not with the rights of the
        # steward
        identifiers_sudo = self.identifiers.sudo()
        result = []
        for system, value in party.numbers:
            wire = {"system": system, "value": value}
            try:
                named = identifiers_sudo._parse(
                    [wire], message_sudo.company_id, message_sudo.system_id
                )
            except BusinessError:
                named = [None]
            result.append(((system, value), named[0]))
        return result

    def _place(self, named):
        """Return which record has the number: "left", "right", "other" or "" for none.

        Limited to records that the user may know of.
        """
        if not named:
            return ""
        # sudo: numbers of every facility; the lines below limit the answer
        rows = self.identifiers.sudo()._rows([named], ("active", "merged"))
        row_sudo = rows.get((named.namespace.id, named.normalized))
        if not row_sudo:
            return ""
        before = self.env["interop.identifier.merge.line"]._first_records(row_sudo)
        for side in ("left", "right"):
            record = (self.case[f"{side}_model"], self.case[f"{side}_id"])
            if record[1] and record in (
                (row_sudo[:1].res_model, before[row_sudo[:1].id]),
                (row_sudo[:1].res_model, row_sudo[:1].res_id),
            ):
                return side
        other = self.env[row_sudo[:1].res_model].sudo(False).browse(row_sudo[:1].res_id)
        return "other" if other.has_access("read") else ""

    def _date(self, text):
        """Return a date of a message in the user's format."""
        try:
            return format_date(self.env, text) if text else ""
        except ValueError:
            return text


def looked_at(case):
    """Return when this user last opened the message's side of the open case.

    None means never, or that the user may not see it (any more).
    """
    if case.state != "open" or not case.id or not may_look(case):
        return None
    # sudo: the audit trail records what was shown to which user
    events_sudo = case.env["interop.audit.event"].sudo()
    event = events_sudo.search(
        [
            ("res_model", "=", case._name),
            ("res_id", "=", case.id),
            ("user_id", "=", case.env.uid),
            ("action", "=", "identity_shown"),
            ("occurred_at", ">=", case.opened_at),
        ],
        order="id desc",
        limit=1,
    )
    return event.occurred_at or None


def seen_ids(case):
    """Return the ids of the messages that were shown to this user.

    The time of the access is not enough: an older message may start to wait later.
    """
    looks = (
        case.sudo().looks or {}
    )  # sudo: technical field; only the user's own entries are read
    return set(looks.get(str(case.env.uid), ()))


def may_look(case):
    """Return whether the user may see names, birth date and numbers of the waiting
    messages.

    Only stewards with access to the case may.
    """
    group = "interop_base.interop_base_group_steward"
    return case.env.user.has_group(group) and case.has_access("read")
