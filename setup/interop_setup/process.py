"""Run other programs without output, and show their last lines if they fail."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import paths
from .errors import SetupError

TAIL_LINES = 30
# Environment variables that child processes must not inherit.
UNWANTED = (
    "ODOO_RC",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
)


def is_root() -> bool:
    """Whether this process runs as root."""
    return os.geteuid() == 0


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment for a child: without this package's Python settings."""
    environment = {
        key: value for key, value in os.environ.items() if key not in UNWANTED
    }
    environment.update(extra)
    return environment


def tied(command: Sequence[str | Path], end_with: str = "KILL") -> list[str]:
    """Return a command that ends when the thread that starts it ends.

    So an installer does not continue in the background after a ``kill -9``.

    :param end_with: the signal that ends the command
    """
    tie = shutil.which("setpriv")
    prefix = [tie, "--pdeathsig", end_with, "--"] if tie else []
    return [*prefix, *map(str, command)]


def user_arguments(user: str | None) -> dict[str, object]:
    """Arguments of :class:`subprocess.Popen` to run as ``user`` (needs root)."""
    if not user or not is_root():
        return {}
    entry = pwd.getpwnam(user)
    groups = os.getgrouplist(user, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}


def run(
    command: Sequence[str | Path],
    *,
    what: str,
    remedy: str,
    log: str = "setup",
    user: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input_text: str | None = None,
    forbidden: str | None = None,
) -> str:
    """Run a command and return its standard output.

    The output is also written to ``var/log/<log>.log``.

    :param what: the purpose of the command, as in "<what> failed"
    :param remedy: the next step if it fails
    :param forbidden: a text that its output must not contain
    :raises SetupError: the program is missing, its exit code is not 0, or it printed the
        forbidden text
    """
    paths.ensure_var()
    stdin = {"input": input_text} if input_text is not None else {}
    if not stdin:
        stdin = {"stdin": subprocess.DEVNULL}
    environment = dict(env) if env is not None else clean_environment()
    if not shutil.which(command[0], path=environment.get("PATH")):
        raise SetupError(f"{what} failed: {command[0]} is missing.", remedy)
    done = subprocess.run(
        tied(command),
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        cwd=cwd or paths.ROOT,
        env=environment,
        **stdin,
        **user_arguments(user),
    )
    output = done.stdout + done.stderr
    log_path = paths.LOG / f"{log}.log"
    with open(log_path, "a", encoding="utf-8") as stream:
        stream.write(f"$ {' '.join(map(str, command))}\n{output}")
        stream.write(f"[exit {done.returncode}]\n")
    if done.returncode:
        raise _failure(f"{what} failed", done.returncode, output, remedy, log_path)
    if forbidden and forbidden in output:
        raise _failure(f"{what} reported errors", 0, output, remedy, log_path)
    return done.stdout


def _failure(
    what: str, code: int, output: str, remedy: str, log_path: Path
) -> SetupError:
    """The error for a program that failed, with its last lines."""
    lines = output.strip().splitlines()[-TAIL_LINES:]
    return SetupError(
        "\n    ".join([f"{what} (exit code {code}):", *lines]),
        f"{remedy} The whole output is in {paths.shown(log_path)}.",
    )


def stop(child: subprocess.Popen, timeout: float = 20) -> None:
    """End a child process with SIGTERM, and with SIGKILL after the timeout."""
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
