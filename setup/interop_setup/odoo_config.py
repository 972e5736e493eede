"""Writes odoo.conf files and says how Odoo is started."""

from collections.abc import Mapping
from pathlib import Path

from . import manifests, odoo_source, paths
from .files import write_text
from .postgres import PORT, ROLE, Cluster
from .process import clean_environment

SERVER_WIDE = ("base", "rpc", "web", "queue_job")


def addons_path() -> str:
    """Value of Odoo's ``addons_path``."""
    folders = odoo_source.addons_paths(odoo_source.current())
    if manifests.names():
        folders.append(paths.ADDONS)
    return ",".join(map(str, folders))


def server_wide_modules() -> str:
    """Value of ``server_wide_modules``: with ours that must load with no database."""
    ours = [name for name in ("interop_rest",) if name in manifests.names()]
    return ",".join([*SERVER_WIDE, *ours])


def base_options(cluster: Cluster) -> dict[str, str]:
    """The options every Odoo of this project shares."""
    return {
        "addons_path": addons_path(),
        "data_dir": str(paths.DATA),
        "db_host": str(cluster.socket),
        "db_port": str(PORT),
        "db_user": ROLE,
        "db_maxconn": "32",
        "http_interface": "127.0.0.1",
        "server_wide_modules": server_wide_modules(),
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
