"""File helpers that never leave incomplete files."""

import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import paths
from .errors import SetupError
from .progress import say


def write_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file atomically: write a temporary file, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def has_marker(marker: Path, value: str) -> bool:
    """Whether the marker was written for exactly this value."""
    try:
        return marker.read_text(encoding="utf-8").strip() == value
    except (FileNotFoundError, NotADirectoryError):
        return False


def remove_tree(path: Path) -> None:
    """Remove a folder that may be missing; links are not followed."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


@contextmanager
def built_folder(target: Path) -> Iterator[Path]:
    """Provide a temporary folder that becomes ``target`` if the block succeeds.

    An existing target is replaced. Folders of interrupted runs are removed. A program of an
    interrupted run may still write to its folder, so each temporary folder has a new name.
    """
    for left_over in target.parent.glob(f"{target.name}.part-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    temporary = target.with_name(f"{target.name}.part-{uuid.uuid4().hex[:8]}")
    temporary.mkdir(parents=True)
    try:
        yield temporary
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    remove_tree(target)
    temporary.rename(target)


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Allow one process at a time in the block; others print that they wait."""
    paths.ensure_var()
    with open(paths.LOCKS / name, "w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            say(f"    waiting for another run of the set-up (var/lock/{name})")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def check_disk(path: Path, gigabytes: float, what: str) -> None:
    """Check the free disk space.

    :raises SetupError: less than ``gigabytes`` are free on the disk of ``path``
    """
    existing = path
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free / 1e9
    if free < gigabytes:
        raise SetupError(
            f"Not enough disk space for {what}: {free:.1f} GB free, "
            f"{gigabytes:.1f} GB needed under {existing}.",
            "Free some space, or move the project to a larger disk.",
        )
