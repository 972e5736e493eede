"""The circuit breaker: when deliveries to a failing receiver pause and resume.

A circuit is *closed* in normal operation and *open* after a number of consecutive
failures. It is *half open* while a single message tests the receiver. The wait between
two tests doubles each time, up to ten minutes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
MAX_WAIT = 600
PROBE_AGAIN = 1  # seconds after a test message that was not sent

# The meaning of a result for the state of the receiver.
SUCCEEDED, ANSWERED, FAILED, NOTHING = "succeeded", "answered", "failed", "nothing"
_UNWELL = frozenset(("dns", "connect", "tls", "timeout", "http_5xx", "auth"))


@dataclass(frozen=True, slots=True)
class Circuit:
    """One circuit. All times are naive or all are aware, as is ``now`` of the caller.

    ``failures``
        consecutive failures
    ``opened``
        how often the circuit opened since it was last closed
    ``until``
        end of the wait of an open circuit, or of the wait for the test message of a
        half open one
    ``failing_since``, ``failing_count``
        time and number of attempts since the last success
    """

    state: str = CLOSED
    failures: int = 0
    opened: int = 0
    until: datetime | None = None
    failing_since: datetime | None = None
    failing_count: int = 0


def meaning(outcome: str, http_status: int | None, error_class: str | None) -> str:
    """Return the meaning of an attempt; a receiver that answers 4xx is available."""
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
    """Return the circuit after one attempt.

    :param said: result of :func:`meaning`
    :param failures: consecutive failures that open the circuit; 0 never opens it
    :param seconds: wait before the first test message
    :param throttled: the receiver asked for a pause, which is not a failure
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
    """Return whether all attempts failed for ``hours`` (0: never) and there were at
    least
    ``failures`` of them."""
    return bool(
        hours
        and circuit.failing_since
        and circuit.failing_count >= max(1, failures)
        and now - circuit.failing_since >= timedelta(hours=hours)
    )
