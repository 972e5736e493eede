"""The virtual environment that runs Odoo and the tests, in ``var/venv``."""

import hashlib
import os
import sys
from pathlib import Path

from . import apt, paths
from .errors import SetupError
from .files import check_disk, has_marker, remove_tree, write_text
from .process import clean_environment, is_root, run
from .progress import step

MARKER = paths.VENV / ".interop-complete"
BASE_MARKER = paths.VENV / ".interop-base"
MINIMUM = (3, 11)
ODOO_SCRIPT = """#!{python}
# Odoo's own command line. Started as a script, because with workers Odoo starts
# sys.argv[0] again for its evented process, which `python -m odoo` does not survive.
import sys

import odoo.cli

if __name__ == "__main__":
    sys.exit(odoo.cli.main())
"""


def check_python() -> None:
    """Check the version of Python.

    :raises SetupError: Python is too old for Odoo 19
    """
    if sys.version_info < MINIMUM:
        have = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(
            f"Python {have} is too old.",
            "Use Python 3.11 or newer: set INTEROP_PYTHON to its path.",
        )


def lock_hash() -> str:
    """Return a short hash of the lock file."""
    return hashlib.sha256(paths.LOCK_FILE.read_bytes()).hexdigest()[:16]


def _base_key() -> str:
    """Return version of Python and path; the environment is unusable if they change."""
    return f"{sys.version_info[0]}.{sys.version_info[1]} {sys.base_prefix} {paths.VENV}"


def ensure(odoo_folder: Path) -> None:
    """Create or update ``var/venv``, and make Odoo importable in it."""
    if not has_marker(BASE_MARKER, _base_key()) or not paths.VENV_PYTHON.exists():
        check_disk(paths.VAR, 2, "the virtual environment")
        _create()
    if not has_marker(MARKER, lock_hash()):
        with step("Installing the Python packages of setup/requirements.lock"):
            _install()
        write_text(MARKER, lock_hash())
    _link_odoo(odoo_folder)


def _create() -> None:
    """Create a new environment; files of an interrupted run are removed."""
    with step(f"Creating the virtual environment with {sys.executable}"):
        remove_tree(paths.VENV)
        _require_ensurepip()
        run(
            [sys.executable, "-m", "venv", paths.VENV],
            what="Creating the virtual environment",
            remedy="Install Python's venv module (Debian: python3-venv).",
        )
        write_text(BASE_MARKER, _base_key())


def _require_ensurepip() -> None:
    """Install python3-venv if it is missing; without it, Debian's venv has no pip."""
    try:
        import ensurepip  # noqa: F401  (only to check that it exists)
    except ImportError:
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        apt.install([name if is_root() else "python3-venv"], "Python's venv module")


def _install() -> None:
    """Install exactly the packages of the lock file, which includes all dependencies."""
    base = [
        paths.VENV_PYTHON,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
    ]
    run(
        [*base, "--no-deps", "--prefer-binary", "-r", paths.LOCK_FILE],
        what="Installing the Python packages",
        remedy="Check the network, then run the same command again.",
        env=clean_environment(PIP_NO_INPUT="1"),
    )


def _link_odoo(odoo_folder: Path) -> None:
    """Add Odoo and this package to the path, and the script of Odoo to bin."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    link = paths.VENV / "lib" / version / "site-packages" / "interop_odoo.pth"
    lines = f"{odoo_folder}\n{paths.SETUP}\n"
    if not has_marker(link, lines.strip()):
        write_text(link, lines)
    script = ODOO_SCRIPT.format(python=paths.VENV_PYTHON)
    if not has_marker(paths.ODOO_SCRIPT, script.strip()):
        write_text(paths.ODOO_SCRIPT, script, 0o755)


def enter(command: str, arguments: list[str]) -> None:
    """Continue in the Python of the virtual environment, which has third-party packages.

    The function returns if this process already uses it. Otherwise it replaces this process,
    with the same command line.
    """
    if Path(sys.prefix) == paths.VENV:
        return
    os.chdir(paths.ROOT)
    package = str(paths.SETUP / "interop_setup")
    os.execve(
        paths.VENV_PYTHON,
        [str(paths.VENV_PYTHON), package, command, *arguments],
        clean_environment(),
    )
