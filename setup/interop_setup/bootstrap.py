"""The whole set-up in order; a part that is done is skipped."""

import argparse
import ctypes.util
import time

from . import apt, browser, node, npm, odoo_source, paths, postgres, venv
from .files import lock
from .postgres import Cluster
from .progress import duration, say, step


def bootstrap(*, tests: bool = True) -> Cluster:
    """Run the set-up and return the running PostgreSQL cluster.

    :param tests: also install the browser and examples, for tests and the demo
    """
    venv.check_python()
    paths.ensure_var()
    with lock("bootstrap"):
        odoo = odoo_source.ensure()
        if ctypes.util.find_library("magic") is None:
            apt.install(["libmagic1"], "libmagic, which python-magic loads,")
        venv.ensure(odoo)
        cluster = postgres.ensure()
        if tests:
            npm.ensure()
            browser.ensure()
    return cluster


def main(arguments: list[str]) -> int:
    """``./setup/bootstrap``."""
    parser = argparse.ArgumentParser(
        prog="setup/bootstrap",
        description="Fetch and prepare all programs and packages of the project in var/.",
    )
    parser.add_argument(
        "--stop", action="store_true", help="stop the embedded PostgreSQL and end"
    )
    options = parser.parse_args(arguments)
    if options.stop:
        return _stop()
    start = time.monotonic()
    cluster = bootstrap()
    say(f"Odoo:        {odoo_source.current()}")
    say(f"Python:      {paths.VENV_PYTHON}")
    say(f"PostgreSQL:  {cluster.version()}, socket in {cluster.socket}")
    say(f"Browser:     {browser.find()}")
    say(f"Node:        {node.folder()}")
    say(f"Ready after {duration(time.monotonic() - start)}.")
    return 0


def _stop() -> int:
    """Stop the embedded PostgreSQL."""
    with step("Stopping PostgreSQL"):
        postgres.main_cluster().stop()
    return 0
