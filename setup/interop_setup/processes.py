"""Looks at processes in /proc: who lives, who is whose child, who works where."""

import os
import signal
from pathlib import Path

PROC = Path("/proc")


def _stat(pid: int) -> list[str]:
    """State, parent and what follows of a process; empty when it is gone."""
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
    """A process's command line, or the title it gave itself."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode("utf-8", "replace")


def descendants(pid: int) -> list[int]:
    """Process ids of everything below a process, parents before children."""
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
        except OSError:  # gone, a zombie, or not ours to look at
            continue
        if here and alive(int(entry.name)):
            found.append(int(entry.name))
    return found


def kill_now(pid: int) -> None:
    """SIGKILL to a process that may be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
