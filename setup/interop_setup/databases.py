"""Create and drop databases together with their filestores."""

import os
import re
import shutil
import uuid
from pathlib import Path

from . import paths
from .files import remove_tree
from .postgres import Cluster
from .processes import alive


def filestore(name: str) -> Path:
    """Folder of a database's attachments."""
    return paths.FILESTORE / name


def quoted(name: str) -> str:
    """A database name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def exists(cluster: Cluster, name: str) -> bool:
    """Whether the database is there."""
    return name in cluster.databases()


def drop(cluster: Cluster, name: str) -> None:
    """Drop a database and its filestore; open connections are terminated."""
    cluster.psql(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
    remove_tree(filestore(name))


def clone(cluster: Cluster, template: str, name: str) -> str:
    """Create a database as a copy of a template without connections.

    The filestore is copied with hard links, because Odoo does not change files in place.
    """
    drop(cluster, name)
    cluster.psql(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(template)}")
    # With wal_level = minimal, a crash directly after the copy can reset sequences to values
    # that rows already have.
    cluster.psql("CHECKPOINT", role="postgres")
    source = filestore(template)
    if source.exists():
        shutil.copytree(source, filestore(name), copy_function=os.link)
    return name


def rename(cluster: Cluster, old: str, new: str) -> None:
    """Rename a database without connections and its filestore.

    The name of the database changes last, because other processes look for it.
    """
    if filestore(old).exists():
        remove_tree(filestore(new))
        filestore(old).rename(filestore(new))
    cluster.psql(f"ALTER DATABASE {quoted(old)} RENAME TO {quoted(new)}")


def throw_away_name(prefix: str) -> str:
    """Return a new name for a database that this process drops again."""
    return f"{prefix}_p{os.getpid()}_{uuid.uuid4().hex[:8]}"


def owner_of(name: str) -> int | None:
    """Return the process that created a temporary database; ``None`` for other names."""
    match = re.match(r"[a-z]+_p(\d+)_[0-9a-f]{8}(-gw\d+)?$", name)
    return int(match[1]) if match else None


def drop_orphans(cluster: Cluster) -> None:
    """Drop the temporary databases of processes that were killed."""
    for name in cluster.databases():
        owner = owner_of(name)
        if owner is not None and not alive(owner):
            drop(cluster, name)
