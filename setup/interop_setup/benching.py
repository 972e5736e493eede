"""``./setup/bench NAME``: runs one bench; its last line is one JSON object."""

import argparse
import importlib
import json
import math
import os
import platform
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from . import (
    databases,
    gates,
    keyfile,
    manifests,
    odoo_config,
    odoo_source,
    paths,
    templates,
    venv,
)
from .bootstrap import bootstrap
from .errors import SetupError
from .odoo_command import KEY_FILE
from .other_engine import OtherEngine
from .postgres import Cluster
from .process import run
from .progress import say, step
from .server import Server

FOLDER = Path(__file__).parent / "bench"
YARDSTICKS = FOLDER / "addons"  # addons that only benches use


class Bench:
    """Gives a bench databases, servers, the ORM of Odoo, and its options.

    :param cluster: the running PostgreSQL cluster
    :param options: ``--name=value`` arguments of the command line
    """

    def __init__(self, cluster: Cluster, options: dict[str, str]):
        self.cluster = cluster
        self.options = options
        self.measured_on: dict[str, object] = {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "odoo": odoo_source.version_of(odoo_source.current()),
            "postgresql": cluster.version(),
            "fsync": cluster.psql("SHOW fsync") == "on",
        }
        self._databases: list[str] = []
        self._servers: list[Server] = []
        self._yardsticks: set[str] = set()
        self._others: dict[str, OtherEngine] = {}
        self._libraries: dict[str, Path] = {}
        self._used: set[str] = set()

    def option(self, name: str, default: float | str) -> int | float | str:
        """Return the value of an option in the type of its default.

        The value is stored in the result.

        :raises SetupError: the value has another type
        """
        self._used.add(name)
        text = self.options.get(name)
        try:
            value = default if text is None else type(default)(text)
        except ValueError as error:
            raise SetupError(
                f"--{name}={text} is not a {type(default).__name__}.",
                f"Enter a value such as --{name}={default}.",
            ) from error
        self.measured_on[name] = value
        return value

    def unused_options(self) -> list[str]:
        """Return the options that the bench did not read; they are probably misspelled."""
        return sorted(set(self.options) - self._used)

    def database(
        self, addons: list[str] | None = None, engine: OtherEngine | None = None
    ) -> str:
        """A throw-away database from the template, dropped at the end.

        :param engine: whose addons it has; the present ones by default
        """
        folder = engine.addons if engine else paths.ADDONS
        template = templates.suite_template(self.cluster, addons or [], folder)
        name = self._new_name()
        if engine:
            self._others[name] = engine
        return databases.clone(self.cluster, template, name)

    def empty_database(self) -> str:
        """A throw-away database without Odoo, dropped at the end."""
        name = self._new_name()
        self.cluster.psql(f"CREATE DATABASE {databases.quoted(name)}")
        return name

    def _new_name(self) -> str:
        """Name of a database that is dropped at the end."""
        name = databases.throw_away_name("bench")
        self._databases.append(name)
        return name

    def _addons_path(self, database: str) -> str:
        """Value of ``addons_path`` for a database."""
        engine = self._others.get(database)
        found = odoo_config.addons_path(engine.addons if engine else paths.ADDONS)
        folders = [self._libraries[database]] if database in self._libraries else []
        more = [folder / "odoo" / "addons" for folder in folders]
        more += [YARDSTICKS] if database in self._yardsticks else []
        return ",".join([found, *map(str, more)])

    def _environment(self, database: str, config: Path) -> dict[str, str]:
        """The environment for Odoo on a database."""
        environment = odoo_config.environment(config)
        if database in self._libraries:
            environment["PYTHONPATH"] = str(self._libraries[database])
        return environment

    def server(self, database: str, **values: object) -> Server:
        """Start an Odoo on that database, which is stopped at the end."""
        values.setdefault("name", f"bench-{uuid.uuid4().hex[:10]}")
        # The server has to decrypt the data that in_odoo() encrypts.
        values.setdefault("key_file", keyfile.ensure(KEY_FILE))
        options = {"addons_path": self._addons_path(database)}
        if database in self._others:
            names = manifests.names(self._others[database].addons)
            options["server_wide_modules"] = odoo_config.server_wide_modules(names)
        values["options"] = {**options, **values.get("options", {})}
        server = Server(cluster=self.cluster, database=database, **values)
        self._servers.append(server)
        return server.start()

    def in_odoo(
        self, database: str, function: Callable[..., object], **values: object
    ) -> object:
        """Call ``function(env, **values)`` in a process of Odoo, as superuser.

        :param function: a top-level function of a bench module
        :param values: arguments that JSON can represent
        :return: the result of the function, through JSON
        :raises SetupError: the function failed
        """
        result = paths.RUN / f"{database}-{uuid.uuid4().hex[:8]}.json"
        config = self._config(database)
        call = {
            "database": database,
            "module": function.__module__,
            "function": function.__qualname__,
            "values": values,
            "result": str(result),
        }
        try:
            code = subprocess.run(
                [str(paths.VENV_PYTHON), "-m", "interop_setup.odoo_call"],
                input=json.dumps(call),
                text=True,
                cwd=paths.ROOT,
                env=self._environment(database, config),
                check=False,
            ).returncode
            if code:
                raise SetupError(
                    f"{call['function']} failed in Odoo (exit code {code}).",
                    "See the lines above.",
                )
            return json.loads(result.read_text("utf-8"))
        finally:
            result.unlink(missing_ok=True)
            config.unlink(missing_ok=True)

    def install_yardstick(
        self, database: str, addon: str, libraries: Path | None = None
    ) -> None:
        """Install an addon that only benches use, from ``bench/addons``.

        :param libraries: a folder in which pip has installed what the addon needs, addons
            of others included
        """
        self._yardsticks.add(database)
        if libraries:
            self._libraries[database] = libraries
        config = self._config(database)
        try:
            run(
                [
                    *(paths.VENV_PYTHON, paths.ODOO_SCRIPT, "-d", database),
                    *("-i", addon, "--stop-after-init"),
                ],
                what=f"Installing {addon}",
                remedy="See the lines above.",
                log="bench",
                env=self._environment(database, config),
            )
        finally:
            config.unlink(missing_ok=True)

    def _config(self, database: str) -> Path:
        """The configuration for :meth:`in_odoo`."""
        config = paths.RUN / f"{database}-{uuid.uuid4().hex[:8]}.conf"
        options = odoo_config.base_options(self.cluster)
        options["addons_path"] = self._addons_path(database)
        odoo_config.write(
            config,
            {
                "options": {**options, "db_name": database, "log_level": "warn"},
                "queue_job": {"channels": "root:0"},
                "interop": {
                    "key_file": str(keyfile.ensure(KEY_FILE)),
                    "environment": "test",
                },
            },
        )
        return config

    def close(self) -> None:
        """Stop the servers and drop the databases."""
        for server in self._servers:
            server.stop()
        for name in self._databases:
            databases.drop(self.cluster, name)


def known() -> list[str]:
    """Names of the benches."""
    return sorted(
        path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_")
    )


def parse(arguments: list[str]) -> tuple[str, dict[str, str]]:
    """Return the name of the bench and its options.

    :raises SetupError: no such bench, or an option is neither ``--name=value`` nor
        ``--name value``
    """
    parser = argparse.ArgumentParser(
        prog="setup/bench",
        description="Run a bench; the last line is one JSON object. Known: "
        + ", ".join(known()),
    )
    parser.add_argument("name", metavar="NAME")
    options, rest = parser.parse_known_args(arguments)
    if options.name not in known():
        raise SetupError(
            f"There is no bench {options.name}.", f"Known: {', '.join(known())}."
        )
    values, waiting = {}, list(rest)
    while waiting:
        text = waiting.pop(0)
        name, equals, value = text.removeprefix("--").partition("=")
        if not equals and waiting and not waiting[0].startswith("--"):
            equals, value = "=", waiting.pop(0)
        if not (text.startswith("--") and name and equals):
            raise SetupError(
                f"The option {text} is malformed.",
                "Write options such as --rows=1000.",
            )
        values[name.replace("-", "_")] = value
    return options.name, values


def check_figures(figures: object) -> dict[str, int | float]:
    """Check that figures are finite numbers by name, and return them.

    :raises SetupError: a figure is not a finite number
    """
    plain = isinstance(figures, dict) and all(
        isinstance(name, str)
        and isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        for name, value in figures.items()
    )
    if not plain or not figures:
        raise SetupError(
            f"The bench's figures are not plain numbers: {figures!r}",
            "Change its run() to return a dict of numbers.",
        )
    return figures


def main(arguments: list[str]) -> int:
    """Run one bench and print its figures."""
    name, options = parse(arguments)
    cluster = bootstrap(tests=False)
    venv.enter("bench", arguments)
    bench = Bench(cluster, options)
    try:
        with step(f"Bench {name}"):
            module = importlib.import_module(f"interop_setup.bench.{name}")
            figures = check_figures(module.run(bench))
            limits = getattr(module, "GATES", {})
            gates.tell(limits, figures)
    finally:
        bench.close()
    for option in bench.unused_options():
        say(f"warning: the bench {name} has no option --{option}")
    sys.stdout.flush()
    result = {
        "name": name,
        "figures": figures,
        "gates": gates.judged(limits, figures),
        "measured_on": bench.measured_on,
    }
    print(json.dumps(result), flush=True)
    return 0
