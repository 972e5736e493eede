"""Write odoo.conf files, and return the environment of Odoo processes."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from . import manifests, odoo_source, paths
from .files import write_text
from .postgres import PORT, ROLE, Cluster
from .process import clean_environment

SERVER_WIDE = ("base", "rpc", "web", "queue_job")
OURS = ("interop_rest",)


def addons_path(ours: Path | None = None) -> str:
    """Value of Odoo's ``addons_path``.

    :param ours: where our addons lie; ``addons/`` of this project if not given
    """
    ours = ours or paths.ADDONS
    folders = odoo_source.addons_paths(odoo_source.current())
    if manifests.names(ours):
        folders.append(ours)
    return ",".join(map(str, folders))


def server_wide_modules(addons: Iterable[str]) -> str:
    """Value of ``server_wide_modules``.

    :param addons: addons of this project in use; ``interop_rest`` is loaded server-wide
    """
    return ",".join([*SERVER_WIDE, *(name for name in OURS if name in addons)])


def base_options(cluster: Cluster, addons: Iterable[str] = ()) -> dict[str, str]:
    """Return the options of every Odoo of this project.

    :param addons: addons of this project in use
    """
    return {
        "addons_path": addons_path(),
        "data_dir": str(paths.DATA),
        "db_host": str(cluster.socket),
        "db_port": str(PORT),
        "db_user": ROLE,
        "db_maxconn": "32",
        "http_interface": "127.0.0.1",
        "server_wide_modules": server_wide_modules(addons),
        "list_db": "False",
        "admin_passwd": "",
    }


def write(path: Path, sections: Mapping[str, Mapping[str, str]]) -> None:
    """Write an odoo.conf, readable by its owner only."""
    lines: list[str] = []
    for section, options in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in options.items()]
        lines.append("")
    write_text(path, "\n".join(lines), 0o600)


def environment(config: Path) -> dict[str, str]:
    """The environment for a child that runs Odoo with this configuration."""
    return clean_environment(ODOO_RC=str(config), PYTHONUNBUFFERED="1")
