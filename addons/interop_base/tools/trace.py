"""W3C Trace Context (level 1): the ``traceparent`` header."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

_TRACEPARENT = re.compile(
    r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,256})?"
)
SAMPLED = 0x01


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One step of a trace: 32 and 16 lower-case hex digits, flags 0 to 255."""

    trace_id: str
    span_id: str
    flags: int = SAMPLED

    def __str__(self):
        return format(self)


def parse_traceparent(value) -> TraceContext | None:
    """Return the context of a ``traceparent`` value, ``None`` if it is not valid.

    Later versions are parsed as version 00, as the standard requires.
    """
    match = _TRACEPARENT.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest):
        return None
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return TraceContext(trace_id, span_id, int(flags, 16))


def new_trace(rand: Callable[[int], bytes] = os.urandom) -> TraceContext:
    """Return the first step of a new trace; ``rand(n)`` returns n random bytes."""
    return TraceContext(_hex(rand, 16), _hex(rand, 8))


def child(
    trace: TraceContext, rand: Callable[[int], bytes] = os.urandom
) -> TraceContext:
    """Return the next step of the same trace, with a new span id."""
    return TraceContext(trace.trace_id, _hex(rand, 8), trace.flags)


def format(trace: TraceContext) -> str:
    """Return the ``traceparent`` value of a context, version 00."""
    return f"00-{trace.trace_id}-{trace.span_id}-{trace.flags:02x}"


def _hex(rand, size):
    """Return random hexadecimal digits; zeros only are not valid and become one."""
    value = rand(size)
    return value.hex() if any(value) else "1".zfill(size * 2)
