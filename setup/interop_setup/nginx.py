"""Run nginx with the shipped configuration on the loopback address, for tests.

The program is the nginx of the machine, or Debian's package, unpacked in the project folder.
"""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from . import apt, paths
from .errors import SetupError
from .files import write_text
from .process import clean_environment, is_root, stop, tied
from .server import free_port

SHIPPED = paths.SETUP / "nginx" / "interop.conf"
FOLDER = paths.VAR / "nginx"
PACKAGE = "nginx"


def find() -> Path | None:
    """Return the path of the program, or None."""
    unpacked = FOLDER / "usr" / "sbin" / "nginx"
    if unpacked.exists():
        return unpacked
    for place in (shutil.which("nginx"), "/usr/sbin/nginx"):
        if place and Path(place).exists():
            return Path(place)
    return None


def ensure() -> Path:
    """Return the path of the program; fetch it if it is missing.

    :raises SetupError: the program cannot be fetched
    """
    found = find()
    if found:
        return found
    if not apt.available():
        raise SetupError("This machine has neither nginx nor apt.", "Install nginx.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not apt.fetch([PACKAGE], apt.OWN_SUITE, FOLDER):
        apt.refresh(apt.OWN_SUITE)
        apt.fetch([PACKAGE], apt.OWN_SUITE, FOLDER)
    for archive in FOLDER.glob("nginx_*.deb"):
        apt.unpack(archive, FOLDER)
        archive.unlink()
    found = find()
    if not found:
        raise SetupError(f"Debian's package {PACKAGE} has no nginx.", "Install nginx.")
    return found


class Proxy:
    """The shipped configuration with other names, ports and rates.

    :param folder: folder for its files and logs
    :param replacements: texts of the shipped file and their replacements
    """

    def __init__(self, folder: Path, replacements: dict[str, str]):
        self.folder = folder
        self.port = free_port()
        self.plain_port = free_port()
        self.replacements = {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "/var/log/nginx/interop.log": str(folder / "interop.log"),
            "/var/log/nginx/interop-error.log": str(folder / "interop-error.log"),
            **replacements,
        }
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        """The address over TLS."""
        return f"https://127.0.0.1:{self.port}"

    def log_text(self) -> str:
        """Return the log of the routes below /interop."""
        return (self.folder / "interop.log").read_text("utf-8", "replace")

    def start(self) -> "Proxy":
        """Start nginx and wait until it listens.

        :raises SetupError: nginx ended, or a text to replace is not in the file
        """
        text = SHIPPED.read_text("utf-8")
        for old, new in self.replacements.items():
            if old not in text:
                raise SetupError(f"{SHIPPED.name} has no {old!r}.", "Correct the test.")
            text = text.replace(old, new)
        write_text(self.folder / "interop.conf", text)
        write_text(self.folder / "nginx.conf", self._main())
        command = [
            *(ensure(), "-p", self.folder, "-c", self.folder / "nginx.conf"),
            *("-e", self.folder / "error.log"),
        ]
        self.process = subprocess.Popen(
            tied([str(part) for part in command]), env=clean_environment()
        )
        self._wait()
        return self

    def _main(self) -> str:
        """Return the main configuration, which uses only files in the folder."""
        temporary = "\n".join(
            f"    {kind}_temp_path {self.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = (
            "user root;\n" if is_root() else ""
        )  # workers have to write to the folder
        return (
            f"{user}daemon off;\npid {self.folder}/pid;\nerror_log {self.folder}/error.log;\n"
            f"events {{}}\nhttp {{\n{temporary}\n"
            f"    access_log off;\n    include {self.folder}/interop.conf;\n}}\n"
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            if self.process.poll() is not None:
                log = (self.folder / "error.log").read_text("utf-8", "replace")
                raise SetupError(f"nginx ended:\n{log}", "Correct interop.conf.")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise SetupError("nginx does not listen.", "See above.") from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop nginx."""
        if self.process:
            stop(self.process)
