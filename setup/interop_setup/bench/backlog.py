"""The way out under a backlog: a held snapshot, a full log, and stale statistics.

- ``rate_with_held_snapshot``: the whole way (publish, render, deliver) in rounds, while a
  REPEATABLE READ transaction keeps PostgreSQL from removing a single row, against the same
  rounds without it. Only rounds of the second half of its time count.
- ``rate_with_full_log``: what is rendered is delivered, with a million finished messages
  and 200,000 waiting ones in the log, against the same with an empty log.
- ``claim_ordered_ms``: the slower of two claims, from a flow that keeps the order of each
  key (half of the keys wait for a failed message) and from one that keeps the order of all,
  with 200,000 waiting messages each.
- ``rendered_per_s``: events that are published in thousands while the pump runs and the
  interface is suspended, after ANALYZE has seen an empty table.
"""

import os
import time

from ..benching import Bench
from ..gates import at_least, at_most
from ..progress import say
from . import _backlog_world as world
from . import _outbound_world as outbound_world
from ._engine_run import Delivered, EngineRun, ask, session, together
from ._receiving import Receiver

GATES = {
    "rate_with_held_snapshot": at_least(0.85),
    "rate_with_full_log": at_least(0.85),
    "claim_ordered_ms": at_most(20),
    "rendered_share": at_least(1.0),
    "rendered_per_s": at_least(3000),
    "strict_rate": at_least(200),
}
SIZES = {
    "held": 600,  # seconds; 0 leaves that part out
    "round": 10_000,
    "finished": 1_000_000,  # 0 leaves that part out
    "waiting": 200_000,
    "deliveries": 20_000,
    "events": 100_000,  # 0 leaves that part out
}
RENDER_LIMIT = 600  # seconds after which what is not rendered counts as lost
STRICT_SECONDS = 10
TABLES = (
    "interop_event, interop_message, interop_queue, interop_queue_key, interop_payload,"
    " interop_attempt"
)


def run(bench: Bench) -> dict[str, float]:
    """Measure all parts; rates are messages per second."""
    sizes = {name: bench.option(name, size) for name, size in SIZES.items()}
    bench.measured_on["load_before"] = round(os.getloadavg()[0], 2)
    figures: dict[str, float] = {}
    with Receiver() as receiver:
        if sizes["events"]:
            figures |= measure_rendering(bench, receiver, sizes["events"])
        if sizes["finished"]:
            figures |= measure_full_log(bench, receiver, sizes)
        if sizes["held"]:
            figures |= measure_snapshot(bench, receiver, sizes)
    return figures


# -- stale statistics --------------------------------------------------------------


def measure_rendering(bench: Bench, receiver: Receiver, count: int) -> dict[str, float]:
    """Events to messages with statistics that say that there are none."""
    say(f"    rendering {count} events after ANALYZE saw none")
    engine = EngineRun(bench, receiver)
    engine.start()
    bench.in_odoo(engine.database, world.publish_at_once, count=5000)
    engine.wait_until_rendered()
    engine.psql("VACUUM (TRUNCATE off, ANALYZE) interop_event")
    last = int(engine.psql("SELECT max(id) FROM interop_message"))
    start = bench.in_odoo(engine.database, world.publish_at_once, count=count)
    made, end = _rendered(engine, last)
    deadline = time.monotonic() + RENDER_LIMIT
    while made < count and time.monotonic() < deadline:
        time.sleep(1)
        made, end = _rendered(engine, last)
    engine.server.stop()
    return render_figures(made, count, end - start)


def _rendered(engine: EngineRun, last: int) -> tuple[int, float]:
    """How many messages are newer than one, and when the last of them was made."""
    row = engine.psql(
        "SELECT count(*), extract(epoch FROM max(create_date) AT TIME ZONE 'UTC')"
        f" FROM interop_message WHERE id > {last}"
    )
    count, _tab, moment = row.partition("\t")
    return int(count), float(moment or 0)


def render_figures(made: int, count: int, seconds: float) -> dict[str, float]:
    """Figures of rendering ``made`` of ``count`` events; a stall is no rate at all."""
    rate = made / seconds if made and seconds > 0 else 0.0
    return {
        "rendered_per_s": round(rate, 1),
        "rendered_share": round(made / count, 4),
    }


# -- a full log --------------------------------------------------------------------


def measure_full_log(
    bench: Bench, receiver: Receiver, sizes: dict[str, int]
) -> dict[str, float]:
    """Deliver with an empty log, fill it, deliver again; then claim from ordered flows."""
    engine = EngineRun(bench, receiver)
    ordered = bench.in_odoo(engine.database, world.set_up_ordered, url=receiver.hook)
    engine.start()
    engine.deliver(4000, 0.0)
    count = sizes["deliveries"]
    empty = together(engine.deliver(count // 2, 0.0) for _half in range(2))
    say(f"    {sizes['finished']} finished and {sizes['waiting']} waiting messages")
    bench.in_odoo(
        engine.database,
        world.fill_finished,
        interface=engine.flow,
        count=sizes["finished"],
    )
    _fill_waiting(engine, "key", ordered, sizes["waiting"])
    engine.psql(f"VACUUM ANALYZE {TABLES}")
    full = together(engine.deliver(count // 2, 0.0) for _half in range(2))
    _fill_waiting(engine, "strict", ordered, sizes["waiting"])
    engine.psql(f"VACUUM ANALYZE {TABLES}")
    strict = measure_strict(engine, ordered["strict"])
    engine.server.stop()
    claims = bench.in_odoo(engine.database, world.time_claims, flows=ordered)
    return {
        "empty_log_rate": round(empty.rate, 1),
        "full_log_rate": round(full.rate, 1),
        "rate_with_full_log": round(full.rate / empty.rate, 3),
        "strict_rate": strict,
        "claim_ordered_ms": max(claims["claim_key_ms"], claims["claim_strict_ms"]),
        **claims,
    }


def _fill_waiting(
    engine: EngineRun, ordering: str, ordered: dict[str, int], count: int
) -> None:
    """Let so many messages wait on the flow with this order."""
    engine.bench.in_odoo(
        engine.database,
        world.fill_waiting,
        interface=ordered[ordering],
        ordering=ordering,
        count=count,
    )


def measure_strict(engine: EngineRun, interface: int) -> float:
    """Deliveries per second of one flow that keeps the order of all its messages."""
    engine.receiver.reset()
    switch = {"interfaces": [interface]}
    engine.bench.in_odoo(engine.database, outbound_world.activate, **switch)
    time.sleep(STRICT_SECONDS)
    stats = engine.receiver.get("/stats")
    engine.bench.in_odoo(
        engine.database, outbound_world.activate, **switch, active=False
    )
    return steady_rate(stats)


def steady_rate(stats: dict[str, float]) -> float:
    """Deliveries per second between the first and the last; 0 with one or none."""
    if stats["count"] < 2:
        return 0.0
    return round((stats["count"] - 1) / max(1e-6, stats["last"] - stats["first"]), 1)


# -- a held snapshot ---------------------------------------------------------------


def measure_snapshot(
    bench: Bench, receiver: Receiver, sizes: dict[str, int]
) -> dict[str, float]:
    """Rounds of the whole way, without and with an old snapshot."""
    seconds, count = sizes["held"], sizes["round"]
    engine = EngineRun(bench, receiver)
    engine.start()
    engine.activate()
    one_round(engine, count)  # warms up
    free = rounds_of(engine, count, max(20, seconds / 5))
    say(f"    a snapshot is held for {seconds} s ({together(free).rate:.0f}/s without)")
    with session(bench, engine.database) as psql:
        ask(
            psql,
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM res_users",
        )
        held = rounds_of(engine, count, seconds)
    dead = engine.psql(
        "SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname LIKE 'interop%'"
    )
    engine.server.stop()
    return {"held_dead_rows": int(dead), **snapshot_figures(free, held)}


def rounds_of(engine: EngineRun, count: int, seconds: float) -> list[Delivered]:
    """Rounds, one after the other, for so many seconds; one at least."""
    found, end = [], time.monotonic() + seconds
    while not found or time.monotonic() < end:
        found.append(one_round(engine, count))
    return found


def one_round(engine: EngineRun, count: int) -> Delivered:
    """Publish and deliver so many; the time starts with the first publication."""
    engine.receiver.reset()
    start = engine.bench.in_odoo(engine.database, world.publish_at_once, count=count)
    stats = engine.receiver.wait(count)
    return Delivered(count, max(1e-6, stats["last"] - start))


def snapshot_figures(free: list[Delivered], held: list[Delivered]) -> dict[str, float]:
    """Figures of both kinds of rounds; of the held ones the later half counts."""
    without, late = together(free).rate, together(held[len(held) // 2 :]).rate
    return {
        "free_rate": round(without, 1),
        "held_rate": round(late, 1),
        "rate_with_held_snapshot": round(late / without, 3),
        "held_rounds": len(held),
    }
