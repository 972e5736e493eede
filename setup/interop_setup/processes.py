"""Read processes from /proc: state, children and working directories."""

import os
import signal
from pathlib import Path

PROC = Path("/proc")


def _stat(pid: int) -> list[str]:
    """Return state, parent and further fields of a process; empty if it has ended."""
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def alive(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in ("Z", "X")


def title(pid: int) -> str:
    """Return the command line of a process, or its title."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode("utf-8", "replace")


def descendants(pid: int) -> list[int]:
    """Return the process ids of all descendants, parents before children."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    parents = [pid]
    while parents:
        below = children.get(parents.pop(0), [])
        found += below
        parents += below
    return found


def working_in(folder: Path) -> list[int]:
    """Live processes whose working directory is this folder."""
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            here = os.readlink(entry / "cwd") == str(folder)
        except OSError:  # ended, a zombie, or not readable
            continue
        if here and alive(int(entry.name)):
            found.append(int(entry.name))
    return found


def kill_now(pid: int) -> None:
    """Send SIGKILL to a process that may have ended."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
