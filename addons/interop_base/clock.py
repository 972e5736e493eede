"""The one place where models read a clock: the server's, or the database's.

Pure code in ``tools/`` takes ``now`` as an argument; everything else asks here, so that a
test moves time by patching one function.
"""

import time
from datetime import UTC, datetime


def now():
    """Return the current moment as a naive UTC ``datetime``, as Odoo stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def database_now(cr):
    """Return the current moment of the database as a naive UTC ``datetime``.

    What decides when the engine acts (due times, leases, pauses, circuits) goes by this
    clock: it is the only one that all servers share, and the one that claims compare with.

    :param cr: cursor; the moment goes on within its transaction
    """
    cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
    return cr.fetchone()[0]


def timestamp():
    """Return the current moment in whole unix seconds (for signatures)."""
    return int(time.time())


def isoformat(moment):
    """Return a naive UTC ``datetime`` as RFC 3339 text with milliseconds and ``Z``."""
    return moment.isoformat(timespec="milliseconds") + "Z"
