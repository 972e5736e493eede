"""The only place where models read a clock: that of the server, or of the database.

Pure code in ``tools/`` gets ``now`` as an argument. Everything else calls this file, so
that a test can move time by patching one function.
"""

import time
from datetime import UTC, datetime


def now():
    """Return the current time as a naive UTC ``datetime``, as Odoo stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def database_now(cr):
    """Return the current time of the database as a naive UTC ``datetime``.

    The engine uses it for due times, leases, pauses and circuits. It is the only clock
    that all servers share, and SQL statements of the engine compare with it.

    :param cr: cursor; the time advances within its transaction
    """
    cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
    return cr.fetchone()[0]


def timestamp():
    """Return the current time in whole Unix seconds (for signatures)."""
    return int(time.time())


def isoformat(moment):
    """Return a naive UTC ``datetime`` as RFC 3339 text with milliseconds and ``Z``."""
    return moment.isoformat(timespec="milliseconds") + "Z"
