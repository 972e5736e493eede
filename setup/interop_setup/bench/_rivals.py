"""What a site could use instead of this engine, measured beside it.

Each sends requests of about the same size to the same receiver: a bare loop of aiohttp, a
job of queue_job per delivery, a job of procrastinate per delivery, an exchange record of
OCA's EDI framework per delivery, and the webhook that Odoo's own automation rules send.
"""

import subprocess
import venv as python_venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import paths, postgres
from ..benching import Bench
from ..errors import SetupError
from ..files import has_marker, lock, remove_tree, write_text
from ..process import clean_environment, run, tied
from ..progress import say, step, warn
from . import _outbound_world as world
from ._receiving import Receiver

SLOW = 0.1  # seconds, the receiver that takes its time
DELAYS = {"0ms": 0.0, "100ms": SLOW}
CONCURRENCY = 64
FOLDER = Path(__file__).parent
PROCRASTINATE = paths.VAR / "procrastinate"
EDI = paths.VAR / "edi"


def measure_client(receiver: Receiver, count: int) -> dict[str, float]:
    """The bare client loop, best of three at 0 ms, one run at 100 ms."""
    say(f"    bare HTTP client: {count} requests")
    figures = {}
    for name, delay, rounds, part in (("0ms", 0.0, 3, 1), ("100ms", SLOW, 1, 4)):
        rates = []
        for _round in range(rounds):
            receiver.reset(delay)
            arguments = [receiver.hook, str(count // part), str(CONCURRENCY)]
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
    for name, delay in DELAYS.items():
        receiver.reset(delay)
        bench.in_odoo(database, world.enqueue, url=receiver.hook, count=count)
        figures[f"job_per_delivery_rate_{name}"] = round(
            receiver.wait(count)["rate"], 1
        )
    server.stop()
    return figures


# -- procrastinate -----------------------------------------------------------------


def measure_procrastinate(
    bench: Bench, receiver: Receiver, count: int
) -> dict[str, float]:
    """One job of procrastinate per delivery, one worker, 64 at a time."""
    python = _procrastinate_python()
    say(f"    procrastinate: {count} jobs")
    cluster, figures = bench.cluster, {}
    target = f"host={cluster.socket} user={postgres.ROLE} dbname="
    for name, delay in DELAYS.items():
        database = bench.empty_database()
        receiver.reset(delay)
        run(
            [
                *(python, FOLDER / "_procrastinate.py"),
                *(target + database, receiver.hook, str(count), str(CONCURRENCY)),
            ],
            what="The worker of procrastinate",
            remedy="See the lines above.",
            log="bench",
            env=clean_environment(),
        )
        figures[f"procrastinate_rate_{name}"] = round(receiver.wait(count)["rate"], 1)
    return figures


def _procrastinate_python() -> Path:
    """Python of an environment of its own, made when it is missing or out of date."""
    python = PROCRASTINATE / "bin" / "python"
    with _installing(PROCRASTINATE, "procrastinate") as missing:
        if missing:
            python_venv.create(PROCRASTINATE, with_pip=True)
            _install(python, "procrastinate")
    return python


@contextmanager
def _installing(folder: Path, name: str) -> Iterator[bool]:
    """Tell whether what a lock file of the benches says has to be installed."""
    wanted = (FOLDER / f"{name}.lock").read_text("utf-8").strip()
    marker = folder / ".interop-complete"
    with lock(name):
        if has_marker(marker, wanted):
            yield False
            return
        with step(f"Installing {name} into {paths.shown(folder)}"):
            remove_tree(folder)
            yield True
        write_text(marker, wanted)


def _install(python: Path, name: str, *options: object) -> None:
    """Install what a lock file of the benches says; it is complete, hence --no-deps."""
    run(
        [
            *(python, "-m", "pip", "install", "--disable-pip-version-check"),
            *("--no-input", "--quiet", "--no-deps", *options),
            *("-r", FOLDER / f"{name}.lock"),
        ],
        what=f"Installing {name}",
        remedy=f"Check the network, or leave it out: --{name}=0.",
        env=clean_environment(PIP_NO_INPUT="1"),
    )


# -- OCA's EDI framework -----------------------------------------------------------


def measure_edi(bench: Bench, receiver: Receiver, count: int) -> dict[str, float]:
    """One exchange record of OCA's EDI framework per delivery, as its cron does them.

    It is left out where it cannot be installed.
    """
    say(f"    OCA's EDI framework: {count} exchange records")
    database = bench.database(["interop_webhook"])
    receiver.reset()
    try:
        with _installing(EDI, "edi") as missing:
            if missing:
                _install(paths.VENV_PYTHON, "edi", "--target", EDI)
        bench.install_yardstick(database, "bench_edi", EDI)
        bench.in_odoo(database, world.exchange_by_edi, url=receiver.hook, count=count)
    except SetupError as error:
        warn(f"OCA's EDI framework is left out. {error}")
        return {}
    sent = receiver.count()
    if sent < count:
        warn(f"OCA's EDI framework is left out: it sent {sent} of {count}.")
        return {}
    return {"edi_rate_0ms": round(receiver.wait(count)["rate"], 1)}


# -- Odoo's own webhook ------------------------------------------------------------


def measure_core_webhook(
    bench: Bench, receiver: Receiver, count: int
) -> dict[str, float]:
    """What the user waits for: Odoo's webhook action, and a publication of ours."""
    say(f"    webhook action of an automation rule: {count} records")
    database = bench.database(["interop_webhook"])
    bench.install_yardstick(database, "base_automation")
    bench.in_odoo(database, world.set_up, url=receiver.hook)
    figures: dict[str, float] = {}
    for name, delay in DELAYS.items():
        receiver.reset(delay)
        seconds = bench.in_odoo(
            database, world.time_core_webhook, url=receiver.hook, count=count
        )
        # A rule may send more than one webhook about a record.
        sent, records = receiver.count(), count * (world.CORE_ROUNDS + 1)
        if sent < records:
            raise AssertionError(f"{sent} webhooks for {records} records")
        figures[f"core_webhooks_per_record_{name}"] = round(sent / records, 2)
        figures |= user_rates(seconds, count, name)
    return figures


def user_rates(seconds: dict[str, float], count: int, name: str) -> dict[str, float]:
    """Records per second of the time that a user waits for their deliveries.

    :param seconds: of the same work and its commit: ``plain``, ``core`` and ``ours``
    :param name: of the receiver's delay
    """
    least = 1e-4 * seconds["plain"]  # less than that cannot be measured
    core = count / max(least, seconds["core"] - seconds["plain"])
    ours = count / max(least, seconds["ours"] - seconds["plain"])
    suffix = "" if name == "0ms" else f"_{name}"
    return {
        f"core_webhook_rate_{name}": round(core, 1),
        f"publish_rate_{name}": round(ours, 1),
        f"rate_vs_core_webhook{suffix}": round(ours / core, 2),
    }
