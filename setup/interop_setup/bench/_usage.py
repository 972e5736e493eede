"""What servers use: processor time, memory, bytes of WAL, updates that are HOT."""

import contextlib
import os
from typing import NamedTuple

from ..postgres import Cluster
from ..processes import descendants
from ..server import HTTP_WORKER, Server

TICKS = os.sysconf("SC_CLK_TCK")
QUEUE = "interop_queue"  # the table whose updates have to be HOT


class Usage(NamedTuple):
    """What was used between two moments, or since the start.

    :param server: seconds of processor time of Odoo's processes
    :param postgres: seconds of processor time of all of PostgreSQL's processes
    :param wal: bytes of write-ahead log
    :param updates: updates of the queue table
    :param hot: how many of them were heap-only
    """

    server: float = 0.0
    postgres: float = 0.0
    wal: float = 0.0
    updates: int = 0
    hot: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(a + b for a, b in zip(self, other, strict=True)))

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(*(a - b for a, b in zip(self, other, strict=True)))


def usage(cluster: Cluster, server: Server) -> Usage:
    """What has been used until now."""
    wal = cluster.psql("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
    rows = cluster.psql(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
        f" WHERE relname = '{QUEUE}'",
        database=server.database,
    )
    updates, hot = map(int, rows.split()) if rows else (0, 0)
    return Usage(
        family_seconds(server.process.pid),
        family_seconds(cluster.pid()),
        float(wal),
        updates,
        hot,
    )


def family_seconds(root: int) -> float:
    """Processor time of a process and of all below it, the dead ones included.

    What a dead process has used is noted with the parent that has waited for it.
    """
    total = 0
    for pid in (root, *descendants(root)):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stream:
            total += ticks(stream.read())
    return total / TICKS


def ticks(stat: str) -> int:
    """Processor time in the text of ``/proc/<pid>/stat``: its own, and that of the
    children it has waited for (utime, stime, cutime, cstime)."""
    fields = stat.rpartition(")")[2].split()
    return sum(int(value) for value in fields[11:15])


def memory_mb(server: Server) -> dict[int, float]:
    """Memory of its own of each HTTP worker, in MB."""
    found = {}
    for pid in server.worker_pids(HTTP_WORKER):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as stream:
            lines = dict(line.split(":", 1) for line in stream)
            found[pid] = int(lines["RssAnon"].split()[0]) / 1024
    return found


def growth(before: dict[int, float], after: dict[int, float]) -> float:
    """The largest growth of a worker that had worked before; a new one counts whole."""
    warm = max(before.values())
    return max(
        size - (before[pid] if before.get(pid, 0) > 0.8 * warm else warm)
        for pid, size in after.items()
    )


def backends_mb(cluster: Cluster, database: str) -> list[float]:
    """Memory of each of PostgreSQL's sessions with a database that is not shared, in MB."""
    rows = cluster.psql(
        f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}'"
    )
    found = []
    for pid in rows.split():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as stream:
            lines = dict(line.split(":", 1) for line in stream)
            found.append(int(lines["RssAnon"].split()[0]) / 1024)
    return found
