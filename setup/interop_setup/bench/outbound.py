"""The way out: a job per delivery, this engine, and the bare HTTP client.

All three send signed requests of about the same size to the same receiver, which is a
process of its own and answers at once, or after 100 ms. The engine runs in a real Odoo
with workers and the real job runner. As the other two have their bodies ready-made, what
is compared with them starts at rendered messages: claiming, signing, sending and
recording (``engine_rate_…``). The whole way, from captured events, with numbering,
rendering and checking, is ``whole_way_rate_0ms``. Rates are those of the receiver, from
the first receipt to the last.

The three share the cores with the receiver and with PostgreSQL, so figures of a busy
machine say little: run it on an idle one.
"""

import contextlib
import json
import os
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator

from .. import paths, postgres
from ..benching import Bench
from ..process import clean_environment, stop, tied
from ..progress import say
from ..server import HTTP_WORKER, Server
from . import _outbound_world as world

SLOW = 0.1  # seconds, the receiver that takes its time
CONCURRENCY = 64
ENDPOINTS = 50
TARGETS = {  # figure: (limit, whether more is better)
    "rate_vs_job_per_delivery": (50, True),
    "rate_vs_bare_client": (0.7, True),
    "statements_per_delivery": (1, False),
    "commit_to_receipt_p95_s": (2, False),
    "healthy_p95_worsening": (0.10, False),
    "memory_growth_mb": (20, False),
}


class Receiver:
    """The receiving process, and what it has seen."""

    def __enter__(self) -> "Receiver":
        self.process = subprocess.Popen(
            tied([paths.VENV_PYTHON, "-m", "interop_setup.bench._receiver"]),
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        return self

    def __exit__(self, *_error: object) -> None:
        stop(self.process)

    def get(self, target: str) -> object:
        """What the receiver answers to a GET."""
        with urllib.request.urlopen(self.url + target, timeout=60) as answer:
            return json.load(answer)

    def reset(self, delay: float = 0.0, record: bool = False) -> None:
        """Forget everything and answer after ``delay`` seconds from now on."""
        self.get(f"/reset?delay={delay}&record={int(record)}")

    def wait(self, count: int, seconds: float = 300) -> dict[str, float]:
        """Wait for so many deliveries; answer count, first, last and rate.

        :raises TimeoutError: nothing came for too long
        """
        seen, since = -1, time.monotonic()
        while True:
            stats = self.get("/stats")
            if stats["count"] >= count:
                took = max(1e-6, stats["last"] - stats["first"])
                return {**stats, "rate": (stats["count"] - 1) / took}
            if stats["count"] != seen:
                seen, since = stats["count"], time.monotonic()
            if time.monotonic() - since > min(seconds, 90):
                raise TimeoutError(f"{stats['count']} of {count} deliveries came")
            time.sleep(0.2)


def run(bench: Bench) -> dict[str, float]:
    """Measure all three; rates are deliveries per second."""
    sizes = {
        "jobs": bench.option("jobs", 400),
        "client": bench.option("client", 8000),
        "deliveries": bench.option("deliveries", 100_000),
        "slow": bench.option("slow", 5000),
        "steady": bench.option("steady", 20),
        "rounds": bench.option("rounds", 4),
    }
    bench.measured_on["load_before"] = round(os.getloadavg()[0], 2)
    figures: dict[str, float] = {}
    with Receiver() as receiver:
        figures |= measure_client(receiver, sizes["client"])
        figures |= measure_jobs(bench, receiver, sizes["jobs"])
        database = bench.database(["interop_webhook"])
        (flow,) = bench.in_odoo(database, world.set_up, url=receiver.url + "/hook")
        figures |= measure_rendering(bench, database)
        server = bench.server(database, workers=2, channels="root:1")
        figures |= measure_engine(bench, server, receiver, flow, sizes)
        figures |= measure_latency(bench, server, receiver, sizes["steady"])
        server.stop()
        figures |= measure_statements(bench, database)
        figures |= measure_isolation(bench, receiver, sizes["rounds"])
    for delay in ("0ms", "100ms"):
        engine = figures[f"engine_rate_{delay}"]
        suffix = "" if delay == "0ms" else f"_{delay}"
        for other in ("job_per_delivery", "bare_client"):
            ratio = engine / figures[f"{other}_rate_{delay}"]
            figures[f"rate_vs_{other}{suffix}"] = round(ratio, 3)
    tell(figures)
    return figures


def tell(figures: dict[str, float]) -> None:
    """Say which targets were missed."""
    for name, (limit, more) in TARGETS.items():
        value = figures[name]
        if value < limit if more else value > limit:
            say(f"    missed: {name} is {value}, the target {limit}")


# -- the two to compare with -------------------------------------------------------


def measure_client(receiver: Receiver, count: int) -> dict[str, float]:
    """The bare client loop, best of three at 0 ms, one run at 100 ms."""
    say(f"    bare HTTP client: {count} requests")
    figures = {}
    for name, delay, rounds, part in (("0ms", 0.0, 3, 1), ("100ms", SLOW, 1, 4)):
        rates = []
        for _round in range(rounds):
            receiver.reset(delay)
            arguments = [receiver.url + "/hook", str(count // part), str(CONCURRENCY)]
            done = subprocess.run(
                tied(
                    [
                        *(paths.VENV_PYTHON, "-m", "interop_setup.bench._client"),
                        *arguments,
                    ]
                ),
                check=True,
                capture_output=True,
                text=True,
                env=clean_environment(),
            )
            rates.append(float(done.stdout))
        figures[f"bare_client_rate_{name}"] = round(max(rates), 1)
    # By its usual name as well: the bare client is aiohttp with 64 requests in flight.
    figures["bare_aiohttp_rate_0ms"] = figures["bare_client_rate_0ms"]
    return figures


def measure_jobs(bench: Bench, receiver: Receiver, count: int) -> dict[str, float]:
    """One job of queue_job per delivery, sent with requests, two at a time."""
    say(f"    a job per delivery: {count} jobs")
    database = bench.database(["interop_webhook"])
    bench.install_yardstick(database, "bench_yardstick")
    figures = {}
    server = bench.server(database, workers=2, channels="root:2")
    for name, delay in (("0ms", 0.0), ("100ms", SLOW)):
        receiver.reset(delay)
        bench.in_odoo(database, world.enqueue, url=receiver.url + "/hook", count=count)
        figures[f"job_per_delivery_rate_{name}"] = round(
            receiver.wait(count)["rate"], 1
        )
    server.stop()
    return figures


# -- the engine --------------------------------------------------------------------


def measure_rendering(bench: Bench, database: str) -> dict[str, float]:
    """Events to messages alone, with nothing sent."""
    seconds = bench.in_odoo(database, world.render, count=2000)
    return {"render_ms_per_message": round(1000 * seconds, 3)}


def measure_engine(
    bench: Bench, server: Server, receiver: Receiver, flow: int, sizes: dict
) -> dict[str, float]:
    """Rates at 0 and 100 ms; memory and processor time over the many deliveries."""
    database, figures = server.database, {}
    receiver.reset()
    bench.in_odoo(database, world.activate, interfaces=[flow])
    receiver.wait(2000)  # what was rendered above warms a worker up
    warm = deliver(bench, server, receiver, flow, 4000, 0.0)
    say(f"    this engine: {sizes['deliveries']} deliveries (warm: {warm:.0f}/s)")
    before, cpu = memory_mb(server), cpu_seconds(server)
    figures["engine_rate_0ms"] = deliver(
        bench, server, receiver, flow, sizes["deliveries"], 0.0
    )
    after = memory_mb(server)
    spent = cpu_seconds(server) - cpu
    figures["cpu_ms_per_delivery"] = round(1000 * spent / sizes["deliveries"], 3)
    figures["memory_growth_mb"] = round(growth(before, after), 1)
    with unrendered(bench, database) as let_go:
        figures["whole_way_rate_0ms"] = deliver(
            bench, server, receiver, flow, sizes["deliveries"] // 5, 0.0, let_go
        )
    figures["engine_rate_100ms"] = deliver(
        bench, server, receiver, flow, sizes["slow"], SLOW
    )
    states = bench.in_odoo(database, world.settle)
    if set(states) != {"done"}:
        raise AssertionError(f"messages are not all done: {states}")
    return figures


def deliver(
    bench: Bench,
    server: Server,
    receiver: Receiver,
    flow: int,
    count: int,
    delay: float,
    let_go: Callable[[], None] | None = None,
) -> float:
    """Capture events while the interface is held, let go, and answer the rate.

    :param let_go: what lets the pump render; without it, all is rendered beforehand
    """
    database = server.database
    bench.in_odoo(database, world.activate, interfaces=[flow], active=False)
    bench.in_odoo(database, world.publish, count=count)
    if let_go is None:
        wait_until_rendered(bench, database)
    bench.cluster.psql("VACUUM ANALYZE interop_message", database=database)
    receiver.reset(delay)
    bench.in_odoo(database, world.activate, interfaces=[flow])
    if let_go is not None:
        let_go()
    rate = receiver.wait(count)["rate"]
    time.sleep(2)  # the last results are recorded, and the pump ends
    return round(rate, 1)


def wait_until_rendered(bench: Bench, database: str, seconds: float = 300) -> None:
    """Wait until the pump has made messages of all events.

    :raises TimeoutError: it does not
    """
    deadline = time.monotonic() + seconds
    while bench.cluster.psql("SELECT 1 FROM interop_event LIMIT 1", database=database):
        if time.monotonic() > deadline:
            raise TimeoutError("events are left")
        time.sleep(0.2)


@contextlib.contextmanager
def unrendered(bench: Bench, database: str) -> Iterator[Callable[[], None]]:
    """Keep the pump from making messages of events until the given function is called.

    It holds the lock that whoever numbers messages needs.
    """
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
    ) as session:
        lock = bench.in_odoo(database, world.materialize_lock)
        session.stdin.write(f"SELECT pg_advisory_lock({lock}), 'held';\n")
        session.stdin.flush()
        session.stdout.readline()
        yield session.stdin.close


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


def cpu_seconds(server: Server) -> float:
    """Processor time that the server's living processes have used."""
    total = 0
    for pid in server.pids():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stream:
            fields = stream.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def measure_latency(
    bench: Bench, server: Server, receiver: Receiver, seconds: int
) -> dict[str, float]:
    """From commit to receipt at 50 messages a second."""
    say(f"    latency: 50 messages/s for {seconds} s")
    times = latencies(bench, server.database, receiver, 50, seconds)
    return {
        "commit_to_receipt_p50_s": round(statistics.median(times), 3),
        "commit_to_receipt_p95_s": round(percentile(times, 0.95), 3),
    }


def latencies(
    bench: Bench, database: str, receiver: Receiver, rate: float, seconds: float
) -> list[float]:
    """Seconds from commit to receipt of what is published at this rate."""
    receiver.reset(record=True)
    committed = bench.in_odoo(
        database, world.publish_steadily, rate=rate, seconds=seconds
    )
    last = max(committed.values())
    while time.time() < last + 4:
        time.sleep(0.1)
    # What an earlier round published for the black hole may come only now.
    return [
        max(0.0, at - committed[name])
        for at, name in receiver.get("/log")
        if name in committed
    ]


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies."""
    return sorted(values)[int(share * (len(values) - 1))]


def measure_statements(bench: Bench, database: str) -> dict[str, float]:
    """Statements per delivery from event to recorded result, transactions included."""
    counted = bench.in_odoo(database, world.count_statements, count=5000)
    both = counted["statements"] + 2 * counted["transactions"]
    return {
        "statements_per_delivery": round(both / 5000, 4),
        "in_process_rate": round(5000 / counted["seconds"], 1),
    }


def measure_isolation(
    bench: Bench, receiver: Receiver, rounds: int
) -> dict[str, float]:
    """Latency of 49 healthy endpoints while the fiftieth is fine, or a black hole.

    The two take turns, in rounds of ten seconds.
    """
    say(f"    {ENDPOINTS} endpoints, one of them a black hole: {rounds} rounds each")
    database = bench.database(["interop_webhook"])
    fine = receiver.url + "/hook"
    flows = bench.in_odoo(database, world.set_up, url=fine, endpoints=ENDPOINTS)
    bench.in_odoo(database, world.activate, interfaces=flows)
    server = bench.server(database, workers=2, channels="root:1")
    times: dict[str, list[float]] = {"fine": [], "hole": []}
    with black_hole() as hole:
        latencies(bench, database, receiver, 1, 5)  # warms up
        for number in range(2 * rounds):
            which = ("fine", "hole", "hole", "fine")[number % 4]
            url = fine if which == "fine" else hole
            bench.in_odoo(database, world.redirect, interface=flows[-1], url=url)
            times[which] += latencies(bench, database, receiver, 1, 10)
            if which == "hole":
                bench.in_odoo(database, world.forget, interface=flows[-1])
    server.stop()
    p95 = {which: percentile(found, 0.95) for which, found in times.items()}
    return {
        "healthy_p95_s": round(p95["fine"], 3),
        "healthy_p95_beside_black_hole_s": round(p95["hole"], 3),
        "healthy_p95_worsening": round(p95["hole"] / p95["fine"] - 1, 3),
    }


@contextlib.contextmanager
def black_hole():
    """An address that takes connections and never answers."""
    import socket

    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
