"""When a sender stated something, and which of two of its statements is the newer one.

A statement is kept as text, ``moment/order/message/ahead`` without slashes at its end:

``moment``
    when it became true, in UTC to the microsecond; a moment that lies after the arrival
    of its message counts as the arrival: else a clock that ran ahead once would make all
    that its sender says afterwards old
``order``
    the place in the sender's stream (epoch and sequence), which decides between equal
    moments; empty without a sequence
``message``
    the id of the message here: what one message states twice is one statement
``ahead``
    the moment as the sender gave it where it lay up to ``DRIFT`` after the arrival: two
    such are compared with each other, since the same clock wrote both

Texts of older versions are a moment with three digits and ``Z``.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

DRIFT = timedelta(minutes=15)


class Statement(NamedTuple):
    """The parts of a statement, see the module; all of them text."""

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
    """Return the text of a statement; moments are naive and in UTC.

    :param occurred_at: when it became true; without one it did on arrival
    :param arrived_at: when the message came, or now
    :param sequence: the message's number in its stream, 0 or None for none
    :param epoch: the life of the stream that the number belongs to
    :param message_id: of the message here, None for a person's statement
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
    """Return the parts of a statement's text."""
    parts = text.split("/")
    moment = parts[0].rstrip("Z")
    digits = moment.partition(".")[2]
    if digits:
        moment += "0" * (6 - len(digits))
    return Statement(moment, *parts[1:])


def is_newer(stated: str, previous: str) -> bool:
    """Return whether ``stated`` counts although ``previous`` was stated before.

    Equal moments are a tie: the higher place in the stream wins. If one of the two has no
    place in a stream, the previous statement stays.

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
    """Return a moment with six digits, so that texts sort as moments do."""
    return moment.isoformat(timespec="microseconds")
