"""What the messages of a case say about who is meant, for the steward who decides.

The right to see it is narrow on purpose: stewards of the facility, while the case is
open, for messages that wait for it, and only names, birth dates and numbers of the party
that the question is about. Content beyond that needs the right "View message content".
"""

import json
from typing import NamedTuple

from odoo.tools import format_date

from odoo.addons.interop_base.exceptions import BusinessError, ConfigurationError

from ..tools import parties
from .identity_resolver import IdentityResolver

MESSAGES = 20  # so many waiting messages are read; the rest is counted


class Number(NamedTuple):
    """One number of a message: ``label`` names its namespace, ``place`` says whose it is
    here: "left", "right", "other" or ""."""

    label: str
    value: str
    place: str


class Claims(NamedTuple):
    """What waiting messages say, each text once. ``unread`` counts messages whose
    content is not kept or does not tell who the question is about, ``more`` those that
    were not looked at."""

    names: list
    birth_dates: list
    numbers: list
    unread: int
    more: int


class MessageSide:
    """Reads the message's side of one case; the caller has checked the right to it.

    :param case: ``interop.identity.case``, one record
    :param set seen: ids of the messages of the recorded looks: no other one is shown
    """

    def __init__(self, case, seen):
        self.case = case
        self.seen = seen
        self.env = case.env
        self.identifiers = self.env["interop.identifier"]

    def claims(self):
        """Return the ``Claims`` of the messages that wait."""
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
        return Claims(
            [text for text in names.values() if text],
            [text for text in dates.values() if text],
            list(numbers),
            unread,
            len(waiting_sudo) - len(seen_sudo),
        )

    def _parties(self, message_sudo):
        """Return the parties of a message that the case is about, None when its content
        cannot be read."""
        try:
            content = message_sudo._payload_bytes()
            data = json.loads(content)["data"] if content is not None else None
            # sudo: the catalogue and its mappings are closed to some stewards
            handler_sudo = message_sudo.contract_id._handler().sudo()
        except (ConfigurationError, ValueError, KeyError, TypeError):
            data = None
        if data is None:
            return None
        found = handler_sudo._identity_parties(message_sudo, data)
        meant = [party for party in found if self._is_meant(message_sudo, party)]
        # sudo: the key is the engine's; it holds no value
        about_message = self.case.sudo().question_key.startswith("message|")
        if meant or len(found) <= 1 or about_message:
            return meant or found[:1]
        return None  # one of several, and none is known to be meant: none is shown

    def _is_meant(self, message_sudo, party):
        """Return whether a party has a number that the question is about."""
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
        """Return whether a number is the one that no record has, or the second one of its
        sender: the key of the question ends with its blind value."""
        if named.namespace != self.case.namespace_id:
            return False
        # sudo: the key is the engine's; it holds no value
        key = self.case.sudo().question_key
        blind = IdentityResolver(self.identifiers).blind_value(named)
        return key.endswith(f"|{blind}")

    def _numbers(self, message_sudo, party):
        """Return the numbers of a party as they are shown."""
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
        # sudo: read as the message's sender is read, not as the steward
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
        """Return which record has the number here: "left", "right", "other", or "" for
        none, as far as the user may know."""
        if not named:
            return ""
        # sudo: numbers of every facility; what the user may know is decided below
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
        """Return a date of a message as the user reads dates."""
        try:
            return format_date(self.env, text) if text else ""
        except ValueError:
            return text


def looked_at(case):
    """Return when this user had the message's side of the open case shown last,
    None if never, or if the user may not see it (any more)."""
    if case.state != "open" or not case.id or not may_look(case):
        return None
    # sudo: the trail is evidence, and here it says what was shown to whom
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
    """Return the ids of the messages whose side this user had shown.

    Not the moment of the look counts: a message that came before it may begin to
    wait after it.
    """
    looks = case.sudo().looks or {}  # sudo: the engine's; here only the user's own
    return set(looks.get(str(case.env.uid), ()))


def may_look(case):
    """Return whether the user may see names, birth date and numbers of the messages
    that wait: stewards who see the case."""
    group = "interop_base.interop_base_group_steward"
    return case.env.user.has_group(group) and case.has_access("read")
