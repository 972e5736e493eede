"""The way out: this engine, the one before, and what a site could use instead.

All send signed requests of about the same size to the same receiver, which is a process of
its own and answers at once, or after 100 ms. Engines run in a real Odoo with workers and
the real job runner. As the others have their bodies ready-made, what is compared with them
starts at rendered messages: claiming, signing, sending and recording (``engine_rate_…``).
The whole way, from captured events, with numbering, rendering and checking, is
``whole_way_rate_0ms``. Rates are those of the receiver, from the first receipt to the last.

``--against COMMIT`` names the engine to compare with (``none`` leaves it out): its addons
are checked out below ``var/`` and run on a database and a server of their own, by turns
with the present one. Processor time is that of all processes of Odoo and of PostgreSQL
while they deliver, without the receiver.

All share the cores with the receiver and with PostgreSQL, so figures of a busy machine say
little: run it on an idle one.
"""

import os
import statistics
import time

from .. import other_engine
from ..benching import Bench
from ..gates import at_least, at_most
from ..progress import say, warn
from . import _outbound_world as world
from . import _rivals as rivals
from ._engine_run import Delivered, EngineRun, costs, together
from ._receiving import Receiver, black_hole
from ._usage import backends_mb, growth, memory_mb

BEFORE = "c53feee"  # the engine that gates compare with
ENDPOINTS = 50
GATES = {
    "rate_vs_before": at_least(2.0),
    "cpu_vs_before": at_most(0.5),
    "postgres_cpu_ms_per_delivery": at_most(0.07),
    "wal_bytes_vs_before": at_most(0.5),
    "hot_share": at_least(0.95),
    "rate_vs_job_per_delivery": at_least(50),
    "rate_vs_procrastinate": at_least(25),
    "rate_vs_bare_client": at_least(0.45),
    "rate_vs_bare_client_100ms": at_least(1.0),
    "statements_per_delivery": at_most(1),
    "commit_to_receipt_p95_s": at_most(1),
    "healthy_p95_worsening": at_most(0.10),
    "memory_growth_mb": at_most(10),
}
RIVALS = {  # each has an option that says how many deliveries; 0 leaves it out
    "jobs": rivals.measure_jobs,
    "procrastinate": rivals.measure_procrastinate,
    "edi": rivals.measure_edi,
    "core": rivals.measure_core_webhook,
}
SIZES = {
    "jobs": 400,
    "procrastinate": 2000,
    "edi": 200,
    "core": 20,
    "client": 8000,
    "deliveries": 100_000,
    "slow": 5000,
    "steady": 20,
    "rounds": 4,
}


def run(bench: Bench) -> dict[str, float]:
    """Measure all; rates are deliveries per second."""
    sizes = {name: bench.option(name, size) for name, size in SIZES.items()}
    before = other_engine_of(bench)
    bench.measured_on["load_before"] = round(os.getloadavg()[0], 2)
    figures: dict[str, float] = {}
    with Receiver() as receiver:
        figures |= rivals.measure_client(receiver, sizes["client"])
        for name, measure in RIVALS.items():
            if sizes[name]:
                figures |= measure(bench, receiver, sizes[name])
        figures |= measure_engines(bench, receiver, before, sizes)
        if sizes["rounds"]:
            figures |= measure_isolation(bench, receiver, sizes["rounds"])
    return figures | ratios(figures)


def other_engine_of(bench: Bench) -> other_engine.OtherEngine | None:
    """The engine that ``--against`` names, its addons checked out; ``None`` for none."""
    commit = bench.option("against", BEFORE)
    if commit == "none":
        return None
    engine = other_engine.checkout(commit)
    bench.measured_on["against"] = engine.commit
    if not engine.same_packages():
        warn(
            f"{commit} was made for other Python packages; it runs with the present ones"
        )
    return engine


def ratios(figures: dict[str, float]) -> dict[str, float]:
    """This engine against the others, as far as these were measured."""
    found = {}
    for delay in rivals.DELAYS:
        engine = figures[f"engine_rate_{delay}"]
        suffix = "" if delay == "0ms" else f"_{delay}"
        for other in ("job_per_delivery", "procrastinate", "edi", "bare_client"):
            rate = figures.get(f"{other}_rate_{delay}")
            if rate:
                found[f"rate_vs_{other}{suffix}"] = round(engine / rate, 3)
    return found


def against(now: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    """Figures of the engine before, and the present one against it.

    :param now: see ``costs``
    """
    compared = {
        "rate_vs_before": "rate_0ms",
        "cpu_vs_before": "cpu_ms_per_delivery",
        "wal_bytes_vs_before": "wal_bytes_per_delivery",
    }
    return {
        **{f"before_{name}": value for name, value in before.items()},
        **{
            ratio: round(now[name] / max(1e-9, before[name]), 3)
            for ratio, name in compared.items()
        },
    }


# -- the engines -------------------------------------------------------------------


def measure_engines(
    bench: Bench,
    receiver: Receiver,
    before: other_engine.OtherEngine | None,
    sizes: dict[str, int],
) -> dict[str, float]:
    """Both engines by turns, then what is measured of the present one alone."""
    now = EngineRun(bench, receiver)
    figures = measure_rendering(now)
    earlier = EngineRun(bench, receiver, before) if before else None
    figures |= measure_turns(now, earlier, sizes["deliveries"])
    figures["whole_way_rate_0ms"] = round(
        now.deliver(sizes["deliveries"] // 5, 0.0, whole_way=True).rate, 1
    )
    figures["engine_rate_100ms"] = round(
        now.deliver(sizes["slow"], rivals.SLOW).rate, 1
    )
    states = bench.in_odoo(now.database, world.settle)
    if set(states) != {"done"}:
        raise AssertionError(f"messages are not all done: {states}")
    figures |= measure_latency(now, sizes["steady"])
    now.server.stop()
    return figures | measure_statements(bench, now.database)


def measure_rendering(now: EngineRun) -> dict[str, float]:
    """Events to messages alone, with nothing sent."""
    seconds = now.bench.in_odoo(now.database, world.render, count=2000)
    return {"render_ms_per_message": round(1000 * seconds, 3)}


def measure_turns(
    now: EngineRun, before: EngineRun | None, count: int
) -> dict[str, float]:
    """Rates at 0 ms and costs of ``count`` deliveries each, in two halves, by turns.

    The order is before, now, now, before: what changes on the machine meanwhile weighs
    on both alike.
    """
    engines = [run for run in (before, now) if run]
    for run in engines:
        warm_up(run)
    say(f"    {count} deliveries of {len(engines)} engines, by turns")
    memory = memory_mb(now.server)
    found: dict[EngineRun, list[Delivered]] = {run: [] for run in engines}
    for run in (*engines, *reversed(engines)):
        found[run].append(run.deliver(count // 2, 0.0))
        say(f"        {'now' if run is now else 'before'}: {found[run][-1].rate:.0f}/s")
    figures = costs(together(found[now]))
    after = memory_mb(now.server)
    figures["memory_growth_mb"] = round(growth(memory, after), 1)
    figures["worker_memory_mb"] = round(max(after.values()), 1)
    sessions = backends_mb(now.bench.cluster, now.database)
    figures["session_memory_mb"] = round(max(sessions, default=0), 1)
    if before:
        figures |= against(figures, costs(together(found[before])))
        before.server.stop()
    return figures | {"engine_rate_0ms": figures.pop("rate_0ms")}


def warm_up(run: EngineRun) -> None:
    """Start the server of an engine, and let it deliver, first what waits already."""
    run.start()
    run.receiver.reset()
    run.activate()
    run.receiver.wait(int(run.psql("SELECT count(*) FROM interop_message")))
    run.deliver(4000, 0.0)


def measure_latency(now: EngineRun, seconds: int) -> dict[str, float]:
    """From commit to receipt at 50 messages a second."""
    say(f"    latency: 50 messages/s for {seconds} s")
    times = latencies(now.bench, now.database, now.receiver, 50, seconds)
    return {
        "commit_to_receipt_p50_s": round(statistics.median(times), 3),
        "commit_to_receipt_p95_s": round(percentile(times, 0.95), 3),
    }


def latencies(
    bench: Bench, database: str, receiver: Receiver, rate: float, seconds: float
) -> list[float]:
    """Return the seconds from commit to receipt at this rate."""
    receiver.reset(record=True)
    committed = bench.in_odoo(
        database, world.publish_steadily, rate=rate, seconds=seconds
    )
    last = max(committed.values())
    while time.time() < last + 4:
        time.sleep(0.1)
    # Messages of an earlier round for the black hole may arrive now.
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
    fine = receiver.hook
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
