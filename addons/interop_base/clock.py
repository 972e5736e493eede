"""The one place where models read the clock.

Pure code in ``tools/`` takes ``now`` as an argument; everything else asks here, so that a
test moves time by patching one function.
"""

import time
from datetime import UTC, datetime


def now():
    """Return the current moment as a naive UTC ``datetime``, as Odoo stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def timestamp():
    """Return the current moment in whole unix seconds (for signatures)."""
    return int(time.time())


def isoformat(moment):
    """Return a naive UTC ``datetime`` as RFC 3339 text with milliseconds and ``Z``."""
    return moment.isoformat(timespec="milliseconds") + "Z"
