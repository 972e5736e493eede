"""Measure inbound messages compared with a bare controller.

All requests have 2 KB and use 4 connections to one Odoo with two workers. The yardstick
verifies an HMAC, parses the JSON and creates one record. *Accepted* is a signed
``provider.upserted`` that is stored for the pump. *Applied* creates a new provider within
the request. The content is personal, so it is stored encrypted. The job runner is off, so
accepted messages are not applied during the bench.

The kinds alternate in short rounds, in changing order. A ratio is the median over the rounds
of the ratio to the yardstick of the same round, so other load affects all kinds. The same
applies to the rounds of the bystander, with and without refused requests, and to the rounds
with one client or four clients. If requests of one client waited for each other's row, four
clients would be faster. On a busy machine the ratios of processor time (``…_cpu``, Odoo and
PostgreSQL together) are more reliable than those of the clock.

Every request has ``X-Odoo-Database``, as the shipped proxy sets it. The server has no
``dbfilter``, so Odoo does not read the list of databases (``…_without_dbfilter``).
"""

import contextlib
import os
import re
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..benching import Bench
from ..gates import at_least, at_most
from ..progress import say
from ..server import Server
from . import _inbound_world as world
from . import _load as load

MESSAGES = "/interop/v1/messages"
YARDSTICK = "/bench/yardstick"
KINDS = ("yardstick", "accepted", "applied")
GATES = {
    "accepted_vs_yardstick_without_dbfilter": at_least(0.45),
    "applied_vs_yardstick_without_dbfilter": at_least(0.14),
    "accepted_p99_vs_yardstick": at_most(2),
    "verify_hmac_us": at_most(50),
    "verify_ed25519_us": at_most(400),
    "bystander_p95_worsening": at_most(0.10),
    "one_client_vs_four": at_least(0.9),
}
BYSTANDER_SECONDS = 2  # of a round: short ones, so that both kinds see the same machine
# Odoo's line of a request ends with: statements, seconds of SQL, seconds of Python.
_LOGGED = re.compile(r'"POST (\S+) HTTP/1\.[01]" \d+ - (\d+) [0-9.]+ [0-9.]+')


def run(bench: Bench) -> dict[str, float]:
    """Run all measurements; rates are requests per second, times are milliseconds."""
    rounds = bench.option("rounds", 24)
    size = bench.option("requests", 120)  # of each kind in each round
    connections = bench.option("connections", 4)
    bystander = bench.option("bystander_rounds", 32)  # fewer: much noise in a p95
    bench.measured_on["load_before"] = round(os.getloadavg()[0], 2)
    database = bench.database(["interop_care", "interop_rest"])
    bench.install_yardstick(database, "bench_yardstick")
    sides = make_sides(bench.in_odoo(database, world.set_up))
    figures = measure_verification(bench, database)
    server = bench.server(
        database,
        workers=2,
        channels="root:0",
        cron_threads=0,
        options={"dbfilter": ""},
    )
    requests = Requests(sides, database)
    for kind in KINDS:  # warms up
        load.flood(server.url, requests.make(kind, 20), connections)
    figures |= measure_rates(server, requests, rounds, size, connections)
    figures |= measure_statements(server, requests)
    figures |= measure_hot_rows(server, requests, rounds, size, connections)
    figures |= measure_refused(server, requests, size, connections)
    figures |= measure_bystander(server, requests, bystander)
    server.stop()
    states = bench.in_odoo(database, world.settle)
    accepted = sum(requests.sent[name] for name in ("accepted", *world.SPREAD))
    if states != {"pending": accepted, "done": requests.sent["applied"]}:
        raise RuntimeError(f"Sent {requests.sent}, found {states}")
    return figures


def make_sides(clients: dict[str, dict[str, str]]) -> dict[str, load.Side]:
    """The kinds of requests by name."""
    keys = {name: load.key_of(made["secret"]) for name, made in clients.items()}
    return {
        "yardstick": load.Side(YARDSTICK, "bench", b"k" * 32, 200),
        **{
            name: load.Side(MESSAGES, name, keys[name], 202)
            for name in ("accepted", *world.SPREAD)
        },
        "applied": load.Side(MESSAGES, "applied", keys["applied"], 200),
        "refused": load.Side(MESSAGES, "refused", b"wrong" * 8, 401),
    }


class Requests:
    """Creates requests, each about a new provider, and counts them."""

    def __init__(self, sides: dict[str, load.Side], database: str):
        self.sides = sides
        self.database = database
        self.number = 0
        self.sent = dict.fromkeys(sides, 0)

    def one(self, kind: str) -> load.Request:
        """The next request of a kind."""
        self.number += 1
        self.sent[kind] += 1
        side = self.sides[kind]
        return load.prepare(side, self.number, world.BODY_BYTES, self.database)

    def make(self, kind: str, count: int) -> list[load.Request]:
        """The next requests of a kind."""
        return [self.one(kind) for _number in range(count)]


def measure_verification(bench: Bench, database: str) -> dict[str, float]:
    """Microseconds per signature over 2 KB."""
    found = bench.in_odoo(database, world.time_verification, repeats=1000)
    return {f"verify_{name}_us": round(value, 1) for name, value in found.items()}


def measure_rates(
    server: Server, requests: Requests, rounds: int, size: int, connections: int
) -> dict[str, float]:
    """Rates and times of the three kinds, in turns."""
    say(f"    {rounds} rounds of {size} requests of each kind")
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    spent = dict.fromkeys(KINDS, 0.0)
    for number in range(rounds):
        turn = number % len(KINDS)
        for kind in (*KINDS[turn:], *KINDS[:turn]):
            made = requests.make(kind, size)
            family = [*server.pids(), *backends(server)]
            before = processor_time(family)
            seconds, each = load.flood(server.url, made, connections)
            spent[kind] += processor_time(family) - before
            rates[kind].append(size / seconds)
            times[kind] += each
    figures = {}
    for kind in KINDS:
        figures[f"{kind}_rate"] = round(statistics.median(rates[kind]), 1)
        for share in (50, 99):
            value = percentile(times[kind], share / 100)
            figures[f"{kind}_p{share}_ms"] = round(1000 * value, 2)
        figures[f"{kind}_cpu_ms"] = round(1000 * spent[kind] / (rounds * size), 2)
    for kind in KINDS[1:]:
        ratio = spent["yardstick"] / spent[kind]
        figures[f"{kind}_vs_yardstick_cpu"] = round(ratio, 3)
        pairs = zip(rates[kind], rates["yardstick"], strict=True)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        figures[f"{kind}_vs_yardstick_without_dbfilter"] = round(ratio, 3)
        worse = percentile(times[kind], 0.99) / percentile(times["yardstick"], 0.99)
        figures[f"{kind}_p99_vs_yardstick"] = round(worse, 3)
    return figures


def backends(server: Server) -> list[int]:
    """Process ids of the PostgreSQL backends that serve this Odoo."""
    found = server.cluster.psql(
        "SELECT pid FROM pg_stat_activity"
        f" WHERE datname = '{server.database}' AND pid <> pg_backend_pid()",
        database=server.database,
    )
    return [int(pid) for pid in found.split()]


def processor_time(pids: list[int]) -> float:
    """Seconds of processor that these processes have used; ended ones count nothing."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
            numbers = fields.rpartition(")")[2].split()
            ticks += int(numbers[11]) + int(numbers[12])  # user, system
    return ticks / os.sysconf("SC_CLK_TCK")


def measure_statements(server: Server, requests: Requests) -> dict[str, float]:
    """Statements per request as Odoo counts them, commit and rollback not included."""
    figures = {}
    for kind in KINDS:
        seen = len(server.log_text())
        load.flood(server.url, requests.make(kind, 40), 1)
        path = requests.sides[kind].path
        counts = [
            int(count)
            for logged, count in _LOGGED.findall(server.log_text()[seen:])
            if logged == path
        ]
        figures[f"{kind}_statements"] = round(statistics.median(counts), 1)
    return figures


def measure_hot_rows(
    server: Server, requests: Requests, rounds: int, size: int, connections: int
) -> dict[str, float]:
    """Compare messages of one client with messages of four clients, alternately."""
    ratios = []
    for number in range(rounds):
        spent = {}
        for which in ("one", "four")[:: 1 if number % 2 else -1]:
            names = world.SPREAD if which == "four" else world.SPREAD[:1]
            made = [requests.one(names[at % len(names)]) for at in range(size)]
            spent[which], _times = load.flood(server.url, made, connections)
        ratios.append(spent["four"] / spent["one"])
    return {"one_client_vs_four": round(statistics.median(ratios), 3)}


def measure_refused(
    server: Server, requests: Requests, size: int, connections: int
) -> dict[str, float]:
    """Measure the cost of refusing a request with an invalid signature."""
    made = requests.make("refused", size)
    family = [*server.pids(), *backends(server)]
    before = processor_time(family)
    load.flood(server.url, made, connections)
    spent = processor_time(family) - before
    return {"refused_cpu_ms": round(1000 * spent / size, 2)}


def measure_bystander(
    server: Server, requests: Requests, rounds: int
) -> dict[str, float]:
    """Measure a client with and without 20 refused requests per second of another one."""
    say(f"    a bystander, {rounds} rounds with and without refused requests")
    times: dict[str, list[float]] = {"alone": [], "beside": []}
    for number in range(2 * rounds):
        which = ("alone", "beside", "beside", "alone")[number % 4]
        times[which] += bystander(server, requests, which == "beside")
    p95 = {which: percentile(found, 0.95) for which, found in times.items()}
    return {
        "bystander_p95_ms": round(1000 * p95["alone"], 2),
        "bystander_p95_beside_refused_ms": round(1000 * p95["beside"], 2),
        "bystander_p95_worsening": round(p95["beside"] / p95["alone"] - 1, 3),
    }


def bystander(server: Server, requests: Requests, refused: bool) -> list[float]:
    """Send ten messages per second for a moment, optionally beside refused requests."""
    seconds = BYSTANDER_SECONDS
    with ThreadPoolExecutor(1) as pool:
        other = None
        if refused:
            other = pool.submit(
                load.pace,
                server.url,
                lambda _n: requests.one("refused"),
                20,
                seconds + 0.2,
            )
        found = load.pace(server.url, lambda _n: requests.one("accepted"), 10, seconds)
        if other:
            other.result()
    return found


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies."""
    return sorted(values)[int(share * (len(values) - 1))]
