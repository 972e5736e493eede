"""When to leave a failing receiver alone, and when to try it again.

A circuit is *closed* while all is well, *open* after a number of failures in a row, and
*half open* while exactly one message finds out whether the receiver is back. The wait
between two such probes doubles up to ten minutes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
MAX_WAIT = 600
PROBE_AGAIN = 1  # seconds after a probe that never left

# What a result says about the receiver.
SUCCEEDED, ANSWERED, FAILED, NOTHING = "succeeded", "answered", "failed", "nothing"
_UNWELL = frozenset(("dns", "connect", "tls", "timeout", "http_5xx", "auth"))


@dataclass(frozen=True, slots=True)
class Circuit:
    """One circuit. Times are of one kind, naive or aware, as the caller's ``now``.

    ``failures`` counts failures in a row, ``opened`` how often it opened since it was
    last closed. ``until`` ends the wait of an open circuit, or the patience with the
    probe of a half open one. ``failing_since`` and ``failing_count`` tell of tries
    without any success between them.
    """

    state: str = CLOSED
    failures: int = 0
    opened: int = 0
    until: datetime | None = None
    failing_since: datetime | None = None
    failing_count: int = 0


def meaning(outcome: str, http_status: int | None, error_class: str | None) -> str:
    """Return what a try says: a refusal (4xx) comes from a receiver that is well."""
    if outcome == "done":
        return SUCCEEDED
    if outcome == "deferred":
        return NOTHING
    if error_class in _UNWELL:
        return FAILED
    return ANSWERED if http_status else NOTHING


def after(
    circuit: Circuit,
    said: str,
    now: datetime,
    *,
    failures: int,
    seconds: int,
    throttled: bool = False,
) -> Circuit:
    """Return the circuit after one try.

    :param said: see :func:`meaning`
    :param failures: failures in a row that open the circuit; 0 never opens it
    :param seconds: wait before the first probe
    :param throttled: the receiver asked for a pause, which is no failure
    """
    if said == SUCCEEDED:
        return Circuit()
    if said == NOTHING:
        if circuit.state != HALF_OPEN:
            return circuit
        return replace(circuit, state=OPEN, until=now + timedelta(seconds=PROBE_AGAIN))
    if not throttled:
        circuit = replace(
            circuit,
            failing_since=circuit.failing_since or now,
            failing_count=circuit.failing_count + 1,
        )
    if said == ANSWERED:
        return replace(circuit, state=CLOSED, failures=0, opened=0, until=None)
    circuit = replace(circuit, failures=circuit.failures + 1)
    opens = circuit.state == CLOSED and 0 < failures <= circuit.failures
    if circuit.state != HALF_OPEN and not opens:
        return circuit
    opened = circuit.opened + 1
    wait = min(seconds * 2 ** min(opened - 1, 20), MAX_WAIT)
    return replace(
        circuit, state=OPEN, opened=opened, until=now + timedelta(seconds=wait)
    )


def is_sustained(circuit: Circuit, now: datetime, *, hours: int, failures: int) -> bool:
    """Return whether nothing succeeded for ``hours`` (0: never sustained) in at least
    ``failures`` tries."""
    return bool(
        hours
        and circuit.failing_since
        and circuit.failing_count >= max(1, failures)
        and now - circuit.failing_since >= timedelta(hours=hours)
    )
