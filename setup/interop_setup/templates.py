"""Template databases, named after a hash of what they were built from.

Two layers: *plain* has Odoo's own modules only and lasts long (with more modules than
the usual ones, it is made on top of the one with these); *suite* adds our addons on top
of it and is made anew when their sources change. A template gets
its name when it is complete, so a half-built one is never used.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import databases, keyfile, manifests, odoo_config, odoo_source, paths
from .databases import literal, quoted
from .errors import SetupError
from .files import lock
from .odoo_command import KEY_FILE
from .postgres import Cluster
from .process import run
from .progress import say, step
from .venv import lock_hash

PLAIN_MODULES = ("account", "base", "base_setup", "mail", "queue_job", "web")
RECIPE = "2"
PLAIN = "tpl_plain_"
SUITE = "tpl_suite_"
PART = "_part"
KEEP = {PLAIN: 5, SUITE: 8}


def _key(*parts: str) -> str:
    """A short hash of these texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def plain_name(modules: list[str]) -> str:
    """Name of the template with these modules of Odoo."""
    odoo = odoo_source.current()
    version = odoo_source.version_of(odoo) or ""
    return PLAIN + _key(RECIPE, lock_hash(), str(odoo), version, *modules)


def suite_name(plain: str, addons: list[str], folder: Path = paths.ADDONS) -> str:
    """Name of the template with these addons, for the sources as they are now."""
    return SUITE + _key(plain, *addons, manifests.digest(addons, folder))


def plain_template(cluster: Cluster, modules: list[str]) -> str:
    """The template with these modules of Odoo, built when missing.

    What is more than the usual modules comes on top of the template with these.
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
    cluster: Cluster, wanted: list[str], folder: Path = paths.ADDONS
) -> str:
    """The template with our addons (and what they need), built when missing.

    :param wanted: names of our addons; empty for all
    :param folder: where our addons lie
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
    """Hold the lock of the templates; give a name to build under if it is missing.

    What was built gets its own name at the end; what failed is dropped.
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
    """Drop what an interrupted build left; the lock says that nobody builds now."""
    for name in cluster.databases():
        if name.startswith((PLAIN, SUITE)) and name.endswith(PART):
            databases.drop(cluster, name)


def _install(
    cluster: Cluster,
    name: str,
    modules: list[str],
    folder: Path = paths.ADDONS,
    *,
    strict: bool = False,
) -> None:
    """Install modules into a database, which Odoo makes when it is missing.

    :param folder: where our addons lie
    :param strict: an ERROR line in Odoo's log is a failure, too: that is all that
        Odoo says of, for example, a unique index it could not build
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


def _sections(cluster: Cluster, folder: Path) -> dict[str, dict[str, str]]:
    """The configuration for installing: no workers, no jobs."""
    options = odoo_config.base_options(cluster)
    return {
        "options": {**options, "addons_path": odoo_config.addons_path(folder)},
        "queue_job": {"channels": "root:0"},
        "interop": {"key_file": str(KEY_FILE), "environment": "test"},
    }


def _check_installed(cluster: Cluster, name: str, modules: list[str]) -> None:
    """Odoo only warns of a module it cannot find: look whether all are there."""
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
    """Note when a template was last used."""
    now = literal(f"{time.time():.0f}")
    cluster.psql(f"COMMENT ON DATABASE {quoted(name)} IS {now}")


def _collect(cluster: Cluster, prefix: str) -> None:
    """Drop the templates that were not used for longest."""
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
