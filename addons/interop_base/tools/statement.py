"""Statements: the time of a sender's statement, and which of two statements is newer.

A statement is text, ``moment/order/message/ahead`` without slashes at its end:

``moment``
    The time when the value became true, in UTC with microseconds. A time after the
    arrival of the message counts as the arrival. Otherwise a clock that was fast once
    would make all later statements of the sender old.
``order``
    The place in the stream of the sender (epoch and sequence). It decides between equal
    times. Empty without a sequence.
``message``
    The id of the message in this database. Two values of one message are one statement.
``ahead``
    The original time if it was up to ``DRIFT`` after the arrival. Two of these are
    compared with each other, because the same clock wrote both.

Older versions wrote a time with three digits and ``Z``.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

DRIFT = timedelta(minutes=15)


class Statement(NamedTuple):
    """The parts of a statement as texts; see the module."""

    moment: str
    order: str = ""
    message: str = ""
    ahead: str = ""


def build(
    occurred_at: datetime | None,
    arrived_at: datetime,
    sequence: int | None = None,
    epoch: int | None = None,
    message_id: int | None = None,
) -> str:
    """Return the text of a statement; times are naive and in UTC.

    :param occurred_at: time when the value became true; ``None``: the arrival
    :param arrived_at: arrival of the message, or now
    :param sequence: number of the message in its stream, 0 or None if it has none
    :param epoch: epoch of the stream
    :param message_id: id of the message in this database, None for a user's statement
    """
    occurred_at = occurred_at or arrived_at
    order = f"{epoch or 0:010d}.{sequence:016d}" if sequence else ""
    parts = [
        _text(min(occurred_at, arrived_at)),
        order,
        str(message_id or ""),
        _text(occurred_at) if arrived_at < occurred_at <= arrived_at + DRIFT else "",
    ]
    return "/".join(parts).rstrip("/")


@lru_cache(maxsize=4096)
def parse(text: str) -> Statement:
    """Return the parts of the text of a statement."""
    parts = text.split("/")
    moment = parts[0].rstrip("Z")
    digits = moment.partition(".")[2]
    if digits:
        moment += "0" * (6 - len(digits))
    return Statement(moment, *parts[1:])


def is_newer(stated: str, previous: str) -> bool:
    """Return whether ``stated`` counts although ``previous`` was stated before.

    Equal moments are a tie: the higher place in the stream wins. If one of the two has
    no place in a stream, the previous statement stays.

    :param previous: statement of the same sender, empty if it made none
    """
    if not previous:
        return True
    new, old = parse(stated), parse(previous)
    if new.message and new.message == old.message:
        return True
    moments = (new.moment, old.moment)
    if new.ahead and old.ahead:
        moments = (new.ahead, old.ahead)
    if moments[0] != moments[1]:
        return moments[0] > moments[1]
    return bool(new.order and old.order) and new.order > old.order


def _text(moment):
    """Return a time with six digits, so that texts are sorted as times."""
    return moment.isoformat(timespec="microseconds")
