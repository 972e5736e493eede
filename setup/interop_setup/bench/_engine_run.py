"""One engine on a database and a server of its own, and what it delivers."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from .. import postgres
from ..benching import Bench
from ..other_engine import OtherEngine
from ..process import clean_environment, tied
from . import _outbound_world as world
from ._receiving import Receiver
from ._usage import Usage, usage

SETTLE = 2  # seconds in which the last results are recorded and the pump ends
ADDONS = ["interop_webhook"]


class Delivered(NamedTuple):
    """What one round of deliveries took.

    :param count: deliveries
    :param seconds: from the first receipt to the last
    :param measured: deliveries that came while the usage was measured
    :param used: what they used
    """

    count: int
    seconds: float
    measured: int = 0
    used: Usage = Usage()

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.count / self.seconds


def together(rounds: Iterable[Delivered]) -> Delivered:
    """Several rounds as one."""
    found = list(rounds)
    return Delivered(
        sum(each.count for each in found),
        sum(each.seconds for each in found),
        sum(each.measured for each in found),
        sum((each.used for each in found), Usage()),
    )


def costs(total: Delivered) -> dict[str, float]:
    """Figures of one engine: rate, and what one delivery costs."""
    each, used = max(1, total.measured), total.used
    return {
        "rate_0ms": round(total.rate, 1),
        "server_cpu_ms_per_delivery": round(1000 * used.server / each, 4),
        "postgres_cpu_ms_per_delivery": round(1000 * used.postgres / each, 4),
        "cpu_ms_per_delivery": round(1000 * (used.server + used.postgres) / each, 4),
        "wal_bytes_per_delivery": round(used.wal / each, 1),
        "hot_share": round(used.hot / used.updates, 4) if used.updates else 0.0,
    }


class EngineRun:
    """An engine that runs beside others.

    :param engine: another commit's; the present one by default
    """

    def __init__(
        self, bench: Bench, receiver: Receiver, engine: OtherEngine | None = None
    ):
        self.bench = bench
        self.receiver = receiver
        self.database = bench.database(ADDONS, engine)
        (self.flow,) = bench.in_odoo(self.database, world.set_up, url=receiver.hook)
        if engine:
            # ANALYZE of a drained table lets one statement of early versions run for
            # minutes: they are measured with the statistics that deliver() makes.
            self.psql("ALTER TABLE interop_event SET (autovacuum_enabled = off)")
        self.server = None

    def psql(self, sql: str) -> str:
        """Run SQL in its database."""
        return self.bench.cluster.psql(sql, database=self.database)

    def start(self) -> None:
        """Start its server, with what one worker at a time delivers."""
        self.server = self.bench.server(self.database, workers=2, channels="root:1")

    def activate(self, active: bool = True) -> None:
        """Let messages move, or hold them."""
        self.bench.in_odoo(
            self.database, world.activate, interfaces=[self.flow], active=active
        )

    def deliver(self, count: int, delay: float, whole_way: bool = False) -> Delivered:
        """Capture events while the interface is held, let go, and measure.

        :param delay: seconds that the receiver takes
        :param whole_way: let the pump render them meanwhile; else all is rendered
            beforehand
        """
        self.activate(False)
        with unrendered(self.bench, self.database) as let_go:
            self.bench.in_odoo(self.database, world.publish, count=count)
            self.psql("ANALYZE interop_event")
            if not whole_way:
                let_go()
                self.wait_until_rendered()
            for table in world_tables(self):
                self.psql(f"VACUUM ANALYZE {table}")
            self.receiver.reset(delay)
            self.activate()
            let_go()
            return self._measured(count)

    def _measured(self, count: int) -> Delivered:
        """Wait for so many deliveries; answer what they took."""
        before = usage(self.bench.cluster, self.server)
        came = self.receiver.count()
        stats = self.receiver.wait(count)
        time.sleep(SETTLE)
        used = usage(self.bench.cluster, self.server) - before
        seconds = max(1e-6, stats["last"] - stats["first"])
        return Delivered(count, seconds, count - came, used)

    def wait_until_rendered(self, seconds: float = 600) -> None:
        """Wait until the pump has made messages of all events.

        :raises TimeoutError: it does not
        """
        deadline = time.monotonic() + seconds
        while self.psql("SELECT 1 FROM interop_event LIMIT 1"):
            if time.monotonic() > deadline:
                raise TimeoutError("events are left")
            time.sleep(0.2)


def world_tables(run: EngineRun) -> list[str]:
    """The tables that the engine writes for each delivery, as far as this one has them."""
    rows = run.psql(
        "SELECT relname FROM pg_class WHERE relkind = 'r'"
        " AND relname = ANY('{interop_message,interop_queue}')"
    )
    return sorted(rows.split())


@contextlib.contextmanager
def unrendered(bench: Bench, database: str) -> Iterator[Callable[[], None]]:
    """Keep the pump from making messages of events until the given function is called.

    It holds the lock that whoever numbers messages needs.
    """
    with session(bench, database) as psql:
        lock = bench.in_odoo(database, world.materialize_lock)
        ask(psql, f"SELECT pg_advisory_lock({lock}), 'held'")
        yield psql.stdin.close


@contextlib.contextmanager
def session(bench: Bench, database: str) -> Iterator[subprocess.Popen]:
    """A psql of its own, which ends with this context."""
    cluster = bench.cluster
    with subprocess.Popen(
        tied(
            [
                *(cluster.program("psql"), "-X", "-q", "-A", "-t"),
                *("-h", cluster.socket, "-U", postgres.ROLE, "-d", database),
            ]
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    ) as psql:
        yield psql


def ask(psql: subprocess.Popen, sql: str) -> str:
    """Let a session run one statement and answer its first line."""
    psql.stdin.write(f"{sql};\n")
    psql.stdin.flush()
    return psql.stdout.readline()
