"""The generator of Python clients that partners use, in a separate environment.

It needs other versions of some packages than Odoo.
"""

import sys
from pathlib import Path

from . import paths
from .files import has_marker, remove_tree, write_text
from .process import clean_environment, run
from .progress import step

PACKAGE = "openapi-python-client==0.29.1"
MARKER = paths.CLIENT_GENERATOR / ".interop-complete"


def ensure() -> Path:
    """Install the generator and return the folder with its programs.

    :raises SetupError: the generator cannot be fetched
    """
    programs = paths.CLIENT_GENERATOR / "bin"
    wanted = f"{PACKAGE} {sys.version_info[0]}.{sys.version_info[1]}"
    if has_marker(MARKER, wanted):
        return programs
    with step(f"Installing {PACKAGE}"):
        remove_tree(paths.CLIENT_GENERATOR)
        run(
            [sys.executable, "-m", "venv", paths.CLIENT_GENERATOR],
            what="Creating the virtual environment of the client generator",
            remedy="Install Python's venv module (Debian: python3-venv).",
        )
        options = ("--disable-pip-version-check", "--no-input", "--quiet")
        run(
            [programs / "python", "-m", "pip", "install", *options, PACKAGE],
            what=f"pip install {PACKAGE}",
            remedy="Check the network, then run the same command again.",
            env=clean_environment(PIP_NO_INPUT="1"),
        )
        write_text(MARKER, wanted)
    return programs
