"""Node.js with npm: of the machine if it is new enough, else of the environment.

The lock file contains Node.js, because linters need a newer version than some Debian
releases have.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import paths
from .errors import SetupError
from .process import clean_environment
from .progress import say

MINIMUM = (20, 19)
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version such as ``v20.19.1``; empty if there are none."""
    match = re.match(r"v(\d+)\.(\d+)\.(\d+)", text.strip())
    return tuple(map(int, match.groups())) if match else ()


def folder() -> Path:
    """Return the folder of ``node`` and ``npm``.

    :raises SetupError: Node.js is missing or too old
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= MINIMUM:
        return Path(node).parent
    own = paths.VENV / "bin"
    if (own / "npm").exists():
        return own
    wanted = ".".join(map(str, MINIMUM))
    raise SetupError(
        f"Node.js {wanted} or newer with npm is missing.",
        "Run ./setup/bootstrap, which installs Node.js.",
    )


def _version(program: str) -> tuple[int, ...]:
    """The version of a node program."""
    done = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=False
    )
    return parse_version(done.stdout)


def environment() -> dict[str, str]:
    """The environment for a child that uses node or npm."""
    extra = {"PATH": f"{folder()}{os.pathsep}{os.environ['PATH']}"}
    if SYSTEM_CERTIFICATES.exists() and "NODE_EXTRA_CA_CERTS" not in os.environ:
        extra["NODE_EXTRA_CA_CERTS"] = str(SYSTEM_CERTIFICATES)
    return clean_environment(**extra)


def main(_arguments: list[str]) -> int:
    """``./setup/launch node``: print the folder of the node and npm to use."""
    say(str(folder()))
    return 0
