"""Template databases, named by a hash of their sources.

There are two layers. *plain* has only modules of Odoo. Templates with further modules are
built on top of the usual one. *suite* adds the addons of this project and is built again
when their sources change. A template gets its name when it is complete, so an incomplete
template is never used.
"""

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import databases, keyfile, manifests, odoo_config, odoo_source, paths, postgres
from .databases import literal, quoted
from .errors import SetupError
from .files import lock
from .odoo_command import KEY_FILE
from .postgres import Cluster
from .process import clean_environment, run
from .progress import say, step
from .side_by_side import Program
from .venv import lock_hash

PLAIN_MODULES = ("account", "base", "base_setup", "mail", "queue_job", "web")
RECIPE = "2"
PLAIN = "tpl_plain_"
SUITE = "tpl_suite_"
PART = "_part"
KEEP = {PLAIN: 5, SUITE: 8}


def builder() -> Program:
    """Return a program that builds the template; a failure is shown by the next suite."""
    command = [sys.executable, str(Path(__file__).parent), "template"]
    return Program("template", command, clean_environment())


def main(_arguments: list[str]) -> int:
    """Build the template with all addons; PostgreSQL is running."""
    suite_template(postgres.main_cluster(), [])
    return 0


def _key(*parts: str) -> str:
    """A short hash of these texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def plain_name(modules: list[str]) -> str:
    """Name of the template with these modules of Odoo."""
    odoo = odoo_source.current()
    version = odoo_source.version_of(odoo) or ""
    return PLAIN + _key(RECIPE, lock_hash(), str(odoo), version, *modules)


def suite_name(plain: str, addons: list[str], folder: Path | None = None) -> str:
    """Return the name of the template with these addons and their current sources."""
    return SUITE + _key(plain, *addons, manifests.digest(addons, folder))


def plain_template(cluster: Cluster, modules: list[str]) -> str:
    """Return the template with these modules of Odoo; build it if it is missing.

    Further modules are installed on top of the template with the usual modules.
    """
    usual = sorted(PLAIN_MODULES)
    more = sorted(set(modules).difference(usual))
    below = plain_template(cluster, []) if more else ""
    name = plain_name(sorted([*usual, *more]))
    with _building(cluster, name) as part:
        if part:
            with step(
                f"Building the template database with {', '.join(more or usual)}"
            ):
                if below:
                    databases.clone(cluster, below, part)
                _install(cluster, part, more or usual)
    return name


def suite_template(
    cluster: Cluster, wanted: list[str], folder: Path | None = None
) -> str:
    """Return the template with these addons and their dependencies; build it if missing.

    :param wanted: names of addons of this project; empty for all
    :param folder: the folder with these addons
    :raises SetupError: an addon cannot be installed
    """
    addons, modules = manifests.closure(wanted or manifests.names(folder), folder)
    plain = plain_template(cluster, modules)
    if not addons:
        return plain
    name = suite_name(plain, addons, folder)
    with _building(cluster, name) as part:
        if part:
            with step(f"Building the template database with {', '.join(addons)}"):
                databases.clone(cluster, plain, part)
                _install(cluster, part, addons, folder, strict=True)
    return name


@contextmanager
def _building(cluster: Cluster, name: str) -> Iterator[str | None]:
    """Hold the lock of the templates; give a temporary name if the template is missing.

    A complete template gets its name at the end. A failed template is dropped.
    """
    part = f"{name}{PART}"
    with lock("templates"):
        if databases.exists(cluster, name):
            yield None
        else:
            _drop_unfinished(cluster)
            try:
                yield part
                databases.rename(cluster, part, name)
            except BaseException:
                databases.drop(cluster, part)
                raise
        _touch(cluster, name)
        _collect(cluster, PLAIN if name.startswith(PLAIN) else SUITE)


def _drop_unfinished(cluster: Cluster) -> None:
    """Drop databases of interrupted builds; the lock excludes a running build."""
    for name in cluster.databases():
        if name.startswith((PLAIN, SUITE)) and name.endswith(PART):
            databases.drop(cluster, name)


def _install(
    cluster: Cluster,
    name: str,
    modules: list[str],
    folder: Path | None = None,
    *,
    strict: bool = False,
) -> None:
    """Install modules into a database; Odoo creates the database if it is missing.

    :param folder: the folder with the addons of this project
    :param strict: treat an ERROR line in the log as a failure, because Odoo only logs, for
        example, a unique index that it cannot build
    """
    keyfile.ensure(KEY_FILE)
    config = paths.RUN / f"{name}.conf"
    odoo_config.write(config, _sections(cluster, folder))
    try:
        run(
            [
                *(paths.VENV_PYTHON, paths.ODOO_SCRIPT, "-d", name),
                *("-i", ",".join(modules), "--stop-after-init", "--no-http"),
                "--log-level=warn",
            ],
            what=f"Installing {', '.join(modules)}",
            remedy="See the lines above.",
            log="templates",
            env=odoo_config.environment(config),
            forbidden=" ERROR " if strict else None,
        )
    finally:
        config.unlink(missing_ok=True)
    _check_installed(cluster, name, modules)


def _sections(cluster: Cluster, folder: Path | None) -> dict[str, dict[str, str]]:
    """The configuration for installing: no workers, no jobs."""
    options = odoo_config.base_options(cluster)
    return {
        "options": {**options, "addons_path": odoo_config.addons_path(folder)},
        "queue_job": {"channels": "root:0"},
        "interop": {"key_file": str(KEY_FILE), "environment": "test"},
    }


def _check_installed(cluster: Cluster, name: str, modules: list[str]) -> None:
    """Check that all modules are installed; Odoo only logs a missing module."""
    rows = cluster.psql(
        "SELECT name FROM ir_module_module WHERE state = 'installed'", database=name
    )
    missing = sorted(set(modules) - set(rows.split()))
    if missing:
        raise SetupError(
            f"Odoo did not install {', '.join(missing)}.",
            "Look for a missing dependency in var/log/templates.log.",
        )


def _touch(cluster: Cluster, name: str) -> None:
    """Store the time of the last use of a template."""
    now = literal(f"{time.time():.0f}")
    cluster.psql(f"COMMENT ON DATABASE {quoted(name)} IS {now}")


def _collect(cluster: Cluster, prefix: str) -> None:
    """Drop the least recently used templates."""
    rows = cluster.psql(
        "SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '0') "
        f"FROM pg_database WHERE starts_with(datname, {literal(prefix)}) "
        f"AND right(datname, {len(PART)}) <> {literal(PART)}"
    )
    used = sorted(
        (line.split("\t") for line in rows.splitlines()),
        key=lambda row: int(row[1]),
        reverse=True,
    )
    for name, _when in used[KEEP[prefix] :]:
        say(f"    dropping the old template {name}")
        databases.drop(cluster, name)
