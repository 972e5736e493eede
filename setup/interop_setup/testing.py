"""``./setup/test``: run pure tests, Odoo tests and system tests, and add up the results."""

import argparse
import json
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import (
    databases,
    keyfile,
    manifests,
    odoo_config,
    paths,
    postgres,
    side_by_side,
    templates,
)
from .bootstrap import bootstrap
from .errors import SetupError
from .files import remove_tree
from .odoo_command import KEY_FILE
from .postgres import PORT, ROLE, Cluster
from .process import clean_environment
from .progress import duration, say, step
from .side_by_side import Program

SUITES = ("pure", "odoo", "system")
# Environment variables of pytest_totals.py: the file of the totals, and the long tests.
TOTALS = "INTEROP_TOTALS"
LONG = "INTEROP_LONG"
TESTS_FAILED = 1
NOTHING_COLLECTED = 5
OUTSIDE_ODOO = ("-p", "no:odoo", "--import-mode=importlib")
# The longest system tests start first, so that none runs alone at the end.
LONGEST = (
    *("test_kills.py", "test_small_installs.py", "test_upgrade.py", "test_stall.py"),
    *("test_demo.py", "test_inbound_workers.py", "test_openapi_partners.py"),
    *("test_inbound.py", "test_outbound.py", "test_operations.py"),
    *("test_inbound_nonces.py", "test_server_processes.py"),
)
# System tests mostly wait, so one more than the number of processors may run.
WAITING = 1
COUNTED = {
    "passed": ("passed", "xpassed"),
    "failed": ("failed", "error"),
    "skipped": ("skipped", "xfailed"),
}


@dataclass
class Result:
    """The result of one suite."""

    suite: str
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    broken: bool = False  # pytest itself failed, so the counts say too little
    failed_in: list[str] = field(default_factory=list)  # files, where that is known

    def add(self, part: "Result") -> None:
        """Add the result of a part."""
        for name in COUNTED:
            more = part.failed if name == "failed" else part.counts.get(name, 0)
            self.counts[name] = self.counts.get(name, 0) + more
        self.broken |= part.broken

    @property
    def failed(self) -> int:
        """The number of failed tests; at least one if pytest itself failed."""
        return self.counts.get("failed", 0) or int(self.broken)


@dataclass
class Request:
    """The parsed command line."""

    suites: list[str]
    addons: list[str]
    paths: list[Path]
    extra: list[str]
    jobs: int
    long: bool
    keep: bool

    @property
    def processes(self) -> int:
        """The number of processes: one for a selection or with options of pytest."""
        return 1 if self.paths or self.extra else max(1, self.jobs)

    def paths_of(self, suite: str) -> list[Path]:
        """The files and folders of one suite to run."""
        if self.paths:
            return [path for path in self.paths if suite_of(path) == suite]
        if suite == "odoo":
            names = self.addons or manifests.names()
            folders = [paths.ADDONS / name / "tests" for name in names]
            return [path for path in folders if path.is_dir()]
        folder = paths.TESTS / suite
        return [folder] if folder.is_dir() else []


def suite_of(path: Path) -> str:
    """Return the suite of a test file or folder.

    :raises SetupError: the path belongs to no suite
    """
    plain = Path(str(path).partition("::")[0]).resolve()
    if plain.is_relative_to(paths.ADDONS):
        return "odoo"
    for suite in ("pure", "system"):
        if plain.is_relative_to(paths.TESTS / suite):
            return suite
    raise SetupError(
        f"{path} is not in tests/pure, tests/system or an addon.",
        "Name a test file or folder of one of these.",
    )


def parse(arguments: list[str]) -> Request:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="setup/test",
        description="Run the set-up, then the tests. Unknown options are passed to pytest.",
    )
    parser.add_argument("paths", nargs="*", type=Path, help="only these tests")
    parser.add_argument("--only", action="append", choices=SUITES)
    parser.add_argument("--addons", default="", help="only these, comma-separated")
    parser.add_argument("--long", action="store_true", help="also run long tests")
    parser.add_argument("--keep", action="store_true", help="keep the test database")
    parser.add_argument(
        "--jobs",
        type=int,
        default=min(2, os.cpu_count() or 1),
        help="number of processes; a selection always uses one",
    )
    parser.add_argument("-k", metavar="EXPR", help="pytest's selection by name")
    options, extra = parser.parse_known_intermixed_args(arguments)
    if options.k:
        extra += ["-k", options.k]
    suites = options.only or list(SUITES)
    if options.paths:
        suites = [name for name in SUITES if name in set(map(suite_of, options.paths))]
    return Request(
        suites=suites,
        addons=[name for name in options.addons.split(",") if name],
        paths=options.paths,
        extra=extra,
        jobs=options.jobs,
        long=options.long,
        keep=options.keep,
    )


def main(arguments: list[str]) -> int:
    """Run the requested tests; the last line is the total."""
    request = parse(arguments)
    start = time.monotonic()
    was_running = _running()
    cluster = bootstrap()
    databases.drop_orphans(cluster)
    results = []
    try:
        for suite in SUITES:
            targets = request.paths_of(suite) if suite in request.suites else []
            if targets:
                results.append(_run_suite(suite, targets, request, cluster))
    finally:
        _stop_if_ours(cluster, was_running)
    return _summary(results, time.monotonic() - start)


def _running() -> bool:
    """Return whether the embedded PostgreSQL is running."""
    return bool(postgres.find_binaries()) and postgres.main_cluster().running()


def _stop_if_ours(cluster: Cluster, was_running: bool) -> None:
    """Stop PostgreSQL if this run started it and no other process uses it."""
    if not was_running and cluster.running() and not cluster.clients():
        cluster.stop()


def _run_suite(
    suite: str, targets: list[Path], request: Request, cluster: Cluster
) -> Result:
    """Run one suite and return its result."""
    runner = {"pure": _pure, "odoo": _odoo, "system": _system}[suite]
    say(f"\n=== {suite} tests ===")
    return runner(targets, request, cluster)


def _pure(targets: list[Path], request: Request, _cluster: Cluster) -> Result:
    """Plain pytest: no Odoo, no database. The template is built beside it."""
    arguments = [*OUTSIDE_ODOO, *_divided(request.processes), *map(str, targets)]
    beside = [templates.builder()] if {"odoo", "system"} & {*request.suites} else []
    with step("pytest, pure"):
        return _run_shown("pure", arguments, request, {}, beside)


def _divided(processes: int) -> list[str]:
    """Arguments that let pytest-xdist divide the files among processes."""
    return ["-n", str(processes), "--dist", "loadfile"] if processes > 1 else []


def _odoo(targets: list[Path], request: Request, cluster: Cluster) -> Result:
    """Odoo's own test cases on a copy of the template database."""
    # All addons, because tests of content addons use a transport.
    addons = manifests.names()
    template = templates.suite_template(cluster, addons)
    name = databases.throw_away_name("test")
    databases.clone(cluster, template, name)
    config = _write_config(cluster, name, addons)
    jobs = request.jobs if not request.paths else 1
    command = [
        f"--odoo-config={config}",
        f"--odoo-database={name}",
        "--odoo-http",
        *("-p", "interop_setup.pytest_filestore"),
        *_divided(jobs),
        *map(str, targets),
    ]
    programs = cluster.program("createdb").parent
    environment = {
        "PGHOST": str(cluster.socket),
        "PGPORT": str(PORT),
        "PGUSER": ROLE,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    try:
        return _pytest("odoo", command, request, environment)
    finally:
        config.unlink(missing_ok=True)
        if request.keep:
            say(f"    kept the database {name}")
        else:
            databases.drop(cluster, name)


def _write_config(cluster: Cluster, name: str, addons: list[str]) -> Path:
    """The configuration of the Odoo that the tests run in."""
    keyfile.ensure(KEY_FILE)
    config = paths.RUN / f"{name}.conf"
    options = odoo_config.base_options(cluster, addons)
    odoo_config.write(
        config,
        {
            "options": {**options, "max_cron_threads": "0"},
            "queue_job": {"channels": "root:0"},
            "interop": {"key_file": str(KEY_FILE), "environment": "test"},
        },
    )
    return config


def _system(targets: list[Path], request: Request, cluster: Cluster) -> Result:
    """Whole-system tests: they start real servers on copies of the template."""
    template = templates.suite_template(cluster, manifests.names())
    environment = {"INTEROP_TEMPLATE": template}
    if request.processes > 1:
        return _system_side_by_side(targets, request, environment)
    return _pytest("system", [*OUTSIDE_ODOO, *map(str, targets)], request, environment)


def _system_side_by_side(
    targets: list[Path], request: Request, environment: dict[str, str]
) -> Result:
    """Run files concurrently, the longest first; then run timing tests alone."""
    whole, start = Result("system"), time.monotonic()
    beside = [
        _program(
            paths.shown(path),
            [*OUTSIDE_ODOO, "-q", "--no-header", "-m", "not alone", str(path)],
            request,
            environment,
        )
        for path in longest_first(targets)
    ]

    def report(program: Program) -> None:
        result = _result("system", program)
        whole.add(result)
        if result.failed:
            whole.failed_in.append(program.name)
        if program.code != NOTHING_COLLECTED:
            say(f"\n{program.name} ({_counted(result)} in {duration(result.seconds)})")
            say(program.output.strip("\n"))

    lanes = request.processes + WAITING
    with step(f"pytest, system, {lanes} files at a time"):
        side_by_side.run_all(beside, lanes, report)
    alone = [*OUTSIDE_ODOO, "-m", "alone", *map(str, targets)]
    with step("pytest, system, tests that run alone"):
        whole.add(_run_shown("system", alone, request, environment))
    whole.seconds = time.monotonic() - start
    return whole


def longest_first(folders: list[Path]) -> list[Path]:
    """Return the test files of these folders in the order of their start."""
    files = {path for folder in folders for path in folder.glob("test_*.py")}
    first = [path for name in LONGEST for path in sorted(files) if path.name == name]
    return first + sorted(files.difference(first))


def _pytest(
    suite: str, arguments: list[str], request: Request, environment: dict[str, str]
) -> Result:
    """Run one pytest with live output."""
    with step(f"pytest, {suite}"):
        return _run_shown(suite, arguments, request, environment)


def _run_shown(
    suite: str,
    arguments: list[str],
    request: Request,
    environment: dict[str, str],
    beside: Sequence[Program] = (),
) -> Result:
    """Run pytest with live output and return the result.

    :param beside: programs that run at the same time
    """
    program = _program(suite, arguments, request, environment, shown=True)
    programs = [program, *beside]
    side_by_side.run_all(programs, len(programs), lambda _program: None)
    return _result(suite, program)


def _program(
    name: str,
    arguments: list[str],
    request: Request,
    environment: dict[str, str],
    *,
    shown: bool = False,
) -> Program:
    """Return a run of pytest that writes its totals."""
    totals = paths.RUN / f"totals-{os.getpid()}-{uuid.uuid4().hex[:8]}.json"
    child_environment = clean_environment(
        **{TOTALS: str(totals), "PYTHONUNBUFFERED": "1", **environment}
    )
    if request.long:
        child_environment[LONG] = "1"
    command = [
        str(paths.VENV_PYTHON),
        *("-m", "pytest", "-c", str(paths.TESTS / "pytest.ini")),
        f"--rootdir={paths.ROOT}",
        *("-o", f"cache_dir={paths.VAR / 'pytest_cache'}"),
        *arguments,
        *request.extra,
    ]
    return Program(name, command, child_environment, shown)


def _result(suite: str, program: Program) -> Result:
    """Read the totals; a crash is a failure, an empty selection is not."""
    result, code = Result(suite, program.seconds), program.code
    totals = Path(program.environment[TOTALS])
    try:
        raw = json.loads(totals.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        raw = {}
    remove_tree(totals)
    for name, kinds in COUNTED.items():
        result.counts[name] = sum(raw.get(kind, 0) for kind in kinds)
    explained = code == TESTS_FAILED and result.counts["failed"] > 0
    result.broken = code not in (0, NOTHING_COLLECTED) and not explained
    return result


def _summary(results: list[Result], seconds: float) -> int:
    """Print one line per suite and the total; return 0 if all tests passed."""
    say("\n=== summary ===")
    for result in results:
        note = ", pytest failed" if result.broken else ""
        say(f"{result.suite:7} {_counted(result)} in {duration(result.seconds)}{note}")
        for name in result.failed_in:
            say(f"        failed, see above: {name}")
    total = Result("total")
    for result in results:
        total.add(result)
    say(f"{_counted(total)} in {duration(seconds)}")
    return 1 if total.failed else 0


def _counted(result: Result) -> str:
    """``12 passed, 0 failed, 1 skipped``."""
    counts = result.counts
    return (
        f"{counts.get('passed', 0)} passed, {result.failed} failed, "
        f"{counts.get('skipped', 0)} skipped"
    )
