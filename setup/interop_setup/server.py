"""Real Odoo servers for whole-system tests, the demo and the benches.

A :class:`Server` is one Odoo with odoo.conf, log and free loopback ports in
``var/run/<name>``. It can be stopped and restarted. The whole server or a single worker can
be killed (``kill -9``). Only processes of this server are ended.
"""

import atexit
import fcntl
import random
import socket
import subprocess
import time
import urllib.error
import urllib.request
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from . import keyfile, manifests, odoo_config, paths
from .errors import SetupError
from .postgres import Cluster
from .process import clean_environment, stop, tied
from .processes import alive, descendants, kill_now, title

HTTP_WORKER = "WorkerHTTP"
CRON_WORKER = "WorkerCron"
JOB_RUNNER = "WorkerJobRunner"
PORTS = range(20000, 32000)  # below the ephemeral ports of the kernel
_lock_files: list[IO[str]] = []  # locks in this file reserve ports for this process
_given: set[int] = set()
_started: "weakref.WeakSet[Server]" = weakref.WeakSet()


def free_port() -> int:
    """Reserve a free loopback port until this process ends.

    Odoo listens on the port seconds later, and again after a restart. Therefore the port is
    not an ephemeral port of the kernel, and no other process of this project gets it.

    :raises SetupError: no port is free
    """
    paths.ensure_var()
    if not _lock_files:
        _lock_files.append(open(paths.LOCKS / "ports", "a", encoding="utf-8"))  # noqa: SIM115
    for port in random.sample(PORTS, len(PORTS)):
        try:
            # Each port has one byte of the file. The locks end with the process.
            fcntl.lockf(_lock_files[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            check_port(port)
        except (OSError, SetupError):
            continue
        if port not in _given:
            _given.add(port)
            return port
    raise SetupError("No port is free.", "Stop programs that listen on 127.0.0.1.")


def check_port(port: int) -> None:
    """Check that a port is free.

    :raises SetupError: a program listens on the port
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SetupError(
                f"Port {port} on 127.0.0.1 is taken.",
                "Stop the program that uses it (see ss -ltnp 'sport = "
                f":{port}'), or choose another port.",
            ) from error


@dataclass(eq=False)
class Server:
    """One Odoo with workers and the queue_job runner.

    :param name: name of its folder in ``var/run``
    :param cluster: the PostgreSQL cluster
    :param database: the database of the server
    :param workers: number of HTTP workers; 0 is the threaded mode of Odoo
    :param port: HTTP port; 0 for a free port
    :param channels: channels of queue_job
    :param key_file: ``[interop] key_file``; ``None`` creates a file, an empty text omits the
        option
    :param environment: ``[interop] environment``
    :param options: further values of ``[options]``
    :param sections: further sections, such as ``{"interop": {…}}``; they are merged
    :param env: further environment variables of the process
    :param outlive: keep the server running when this process ends; otherwise it is stopped
        then, also if this process is killed or the thread that started it ends
    """

    name: str
    cluster: Cluster
    database: str
    workers: int = 2
    port: int = 0
    channels: str = "root:1"
    key_file: Path | str | None = None
    environment: str = "test"
    cron_threads: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    outlive: bool = False
    process: subprocess.Popen | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Choose the ports once, so that they stay the same after a restart."""
        if self.port:
            check_port(self.port)
        else:
            self.port = free_port()
        self.gevent_port = free_port()
        if self.key_file is None:
            self.key_file = keyfile.ensure(self.folder / "interop.keys")

    # -- paths -------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The folder with its configuration and log."""
        return paths.RUN / self.name

    @property
    def config(self) -> Path:
        """Its odoo.conf."""
        return self.folder / "odoo.conf"

    @property
    def log(self) -> Path:
        """Its log, appended to over restarts."""
        return self.folder / "odoo.log"

    @property
    def url(self) -> str:
        """The address of the server, without a final slash."""
        return f"http://127.0.0.1:{self.port}"

    # -- life cycle --------------------------------------------------------

    def start(self, *, timeout: float = 120, wait: bool = True) -> "Server":
        """Start the server and wait until it is healthy.

        :raises SetupError: the server ended, or was not healthy in time
        """
        if self.running():
            return self
        self._write_config()
        command = [str(paths.VENV_PYTHON), str(paths.ODOO_SCRIPT)]
        with open(self.log, "ab") as stream:
            self.process = subprocess.Popen(
                command if self.outlive else tied(command, "TERM"),
                cwd=paths.ROOT,
                env=clean_environment(
                    ODOO_RC=str(self.config), PYTHONUNBUFFERED="1", **self.env
                ),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if not self.outlive:
            _started.add(self)
        if wait:
            self.wait_healthy(timeout)
        return self

    def _write_config(self) -> None:
        """Write its odoo.conf."""
        sections = {
            "options": {
                **odoo_config.base_options(self.cluster, manifests.names()),
                "db_name": self.database,
                "dbfilter": f"^{self.database}$",
                "http_port": str(self.port),
                "gevent_port": str(self.gevent_port),
                "workers": str(self.workers),
                "max_cron_threads": str(self.cron_threads),
                **self.options,
            },
            "queue_job": {"channels": self.channels},
            "interop": {"environment": self.environment},
        }
        if self.key_file:
            sections["interop"]["key_file"] = str(self.key_file)
        for name, values in self.sections.items():
            sections[name] = {**sections.get(name, {}), **values}
        odoo_config.write(self.config, sections)

    def wait_healthy(self, timeout: float = 120) -> None:
        """Wait until the server answers and has loaded the database.

        :raises SetupError: the server ended, or was not healthy in time
        """
        deadline = time.monotonic() + timeout
        while True:
            if self.process is None or self.process.poll() is not None:
                raise self._error("Odoo ended while starting")
            if self._answers("/web/health") and self._answers("/web/login"):
                return
            if time.monotonic() > deadline:
                raise self._error(f"Odoo was not healthy after {timeout:.0f} s")
            time.sleep(0.2)

    def _answers(self, path: str) -> bool:
        """Whether a GET of this path is answered with success."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def _error(self, what: str) -> SetupError:
        """An error with the log's last lines."""
        try:
            lines = self.log.read_text("utf-8", "replace").splitlines()[-20:]
        except FileNotFoundError:
            lines = []
        shown = "\n    ".join([f"{what} ({self.name}):", *lines])
        return SetupError(shown, f"See {self.log}.")

    def stop(self, timeout: float = 30) -> None:
        """Stop the server with SIGTERM, and kill remaining processes."""
        if self.process is None:
            return
        family = self.pids()
        stop(self.process, timeout)
        self._kill_all(family)

    def kill(self) -> None:
        """Kill the server with all its workers (``kill -9``)."""
        if self.process is None:
            return
        self._kill_all(self.pids())

    def _kill_all(self, family: list[int]) -> None:
        """Kill these processes of the server and wait until they have ended."""
        for pid in family:
            kill_now(pid)
        if self.process is not None:
            self.process.wait()
        deadline = time.monotonic() + 20
        while any(map(alive, family)) and time.monotonic() < deadline:
            time.sleep(0.02)

    def restart(self, *, timeout: float = 120) -> "Server":
        """Stop the server if it is running, and start it on the same ports."""
        self.stop()
        return self.start(timeout=timeout)

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    # -- its processes -----------------------------------------------------

    def running(self) -> bool:
        """Whether its main process lives."""
        return self.process is not None and self.process.poll() is None

    def pids(self) -> list[int]:
        """Its main process and everything below, main process first."""
        if self.process is None:
            return []
        family = descendants(self.process.pid)
        return [self.process.pid, *family] if self.running() else family

    def worker_pids(self, kind: str = HTTP_WORKER) -> list[int]:
        """Process ids of its workers of one kind (workers > 0)."""
        if self.process is None:
            return []
        return [
            pid for pid in descendants(self.process.pid) if f" {kind} " in title(pid)
        ]

    def kill_worker(self, kind: str = HTTP_WORKER, pid: int | None = None) -> int:
        """Kill one worker (``kill -9``) and return its process id.

        :param pid: process id of the worker; ``None`` for the first of its kind
        :raises SetupError: there is no such worker
        """
        found = self.worker_pids(kind)
        if pid is None and found:
            pid = found[0]
        if pid is None or pid not in self.pids():
            raise SetupError(
                f"{self.name} has no such {kind}.", "Start it with workers > 0."
            )
        kill_now(pid)
        return pid

    # -- talking to it -----------------------------------------------------

    def log_text(self) -> str:
        """Everything it has logged."""
        return self.log.read_text("utf-8", "replace")


@atexit.register
def _stop_all() -> None:
    """Stop all servers when this process ends."""
    for server in list(_started):
        if server.running():
            server.stop(timeout=10)
