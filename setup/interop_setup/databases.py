"""Makes and drops databases together with their filestores."""

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
    """Drop a database, disconnecting whoever uses it, and its filestore."""
    cluster.psql(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
    remove_tree(filestore(name))


def clone(cluster: Cluster, template: str, name: str) -> str:
    """Make a database as a copy of another that nobody is connected to.

    The filestore is copied with hard links: Odoo never changes a file in place.
    """
    drop(cluster, name)
    cluster.psql(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(template)}")
    # With wal_level = minimal a copy that was made just before a crash can come back with
    # sequences behind their rows.
    cluster.psql("CHECKPOINT", role="postgres")
    source = filestore(template)
    if source.exists():
        shutil.copytree(source, filestore(name), copy_function=os.link)
    return name


def rename(cluster: Cluster, old: str, new: str) -> None:
    """Rename a database that nobody is connected to, filestore first.

    The database's name changes last: it is what others look for.
    """
    if filestore(old).exists():
        remove_tree(filestore(new))
        filestore(old).rename(filestore(new))
    cluster.psql(f"ALTER DATABASE {quoted(old)} RENAME TO {quoted(new)}")


def throw_away_name(prefix: str) -> str:
    """A fresh name for a database that this process will drop again."""
    return f"{prefix}_p{os.getpid()}_{uuid.uuid4().hex[:8]}"


def owner_of(name: str) -> int | None:
    """The process that made a throw-away database; ``None`` for any other name."""
    match = re.match(r"[a-z]+_p(\d+)_[0-9a-f]{8}(-gw\d+)?$", name)
    return int(match[1]) if match else None


def drop_orphans(cluster: Cluster) -> None:
    """Drop the throw-away databases of processes that were killed."""
    for name in cluster.databases():
        owner = owner_of(name)
        if owner is not None and not alive(owner):
            drop(cluster, name)
