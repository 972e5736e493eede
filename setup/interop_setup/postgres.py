"""PostgreSQL clusters inside the project folder, run by an unprivileged user.

They listen on a unix socket only. ``fsync`` is off by default, which is fast for development
and tests. Tests that kill PostgreSQL switch it on.
"""

import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import apt, paths
from .errors import SetupError
from .files import check_disk, has_marker, remove_tree, write_text
from .process import clean_environment, is_root, run, user_arguments
from .processes import kill_now, working_in
from .progress import say, step

ROLE = "interop"
PORT = 5432  # only a part of the socket's name: no TCP port is opened
UNPRIVILEGED = ("postgres", "nobody")
ELSEWHERE = Path("/var/tmp")
MARKER = ".interop-complete"
RECIPE = "1"
SOCKET_LIMIT = 100  # the kernel's limit for a socket's path is 107 bytes
CHECKS_CLIENTS = 14  # first version that notices in time that a client is gone
SETTINGS = """\
# Written by setup/ at each start.
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 300
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
wal_level = minimal
max_wal_senders = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# A serialization failure would print the whole statement, content included.
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
fsync = {switch}
synchronous_commit = {switch}
full_page_writes = {switch}
"""


def find_binaries() -> Path | None:
    """The newest PostgreSQL's program folder, or the one INTEROP_PG_BIN names."""
    given = os.environ.get("INTEROP_PG_BIN", "").strip()
    if given:
        if not (Path(given) / "initdb").exists():
            raise SetupError(
                f"INTEROP_PG_BIN={given} has no initdb.",
                "Set it to the folder with the server programs of PostgreSQL.",
            )
        return Path(given)
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda path: float(path.parent.name))
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


def ensure_binaries() -> Path:
    """PostgreSQL's program folder, installed from Debian when missing and root."""
    found = find_binaries()
    if not found:
        apt.install(["postgresql"], "PostgreSQL")
        found = find_binaries()
    if not found:
        raise SetupError(
            "The server programs of PostgreSQL (initdb, pg_ctl) are missing.",
            "Install PostgreSQL 13 or newer, or set INTEROP_PG_BIN to their folder.",
        )
    return found


def server_user() -> str | None:
    """Return the unprivileged user that runs the servers; None if this is not root."""
    if not is_root():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)


def may_enter(folder: Path, user: str) -> bool:
    """Return whether ``user`` may enter ``folder``, or its first existing parent."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    done = subprocess.run(["test", "-x", there], check=False, **user_arguments(user))
    return done.returncode == 0


def place_for(folder: Path) -> Path:
    """Return the folder of a cluster.

    It is ``folder``, unless this is root and the unprivileged user of the server may not
    enter it, for example in the home of root.
    """
    user = server_user()
    if user is None or may_enter(folder.parent, user):
        return folder
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return ELSEWHERE / f"interop-pg-{digest}"


@dataclass
class Cluster:
    """One embedded PostgreSQL cluster.

    :param folder: folder of all its files (see :func:`place_for`)
    :param fsync: whether commits survive a crash of the machine; slower
    :param settings: further lines of its configuration
    """

    folder: Path
    fsync: bool = False
    settings: str = ""

    def __post_init__(self) -> None:
        """Select a folder that the user of the server may enter."""
        self.wanted = self.folder
        self.folder = place_for(self.folder)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        """The folder of the unix socket, for ``db_host``."""
        inside = self.folder / "socket"
        if len(str(inside)) <= SOCKET_LIMIT - len("/.s.PGSQL.5432.lock"):
            return inside
        digest = hashlib.sha256(str(inside).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"interop-pg-{digest}"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    def program(self, name: str) -> Path:
        """Path of one of PostgreSQL's programs."""
        return ensure_binaries() / name

    # -- life cycle --------------------------------------------------------

    def create(self) -> None:
        """Create the cluster unless it exists; an incomplete one is created again."""
        if has_marker(self.folder / MARKER, RECIPE) and self._ours():
            return
        check_disk(self.folder, 1, "the PostgreSQL cluster")
        with step(f"Creating a PostgreSQL cluster in {paths.shown(self.folder)}"):
            if self.folder != self.wanted:
                say(f"    the user {server_user()} may not enter {self.wanted}")
            self.kill()
            remove_tree(self.folder)
            self._make_folder(self.folder)
            self._initdb()
            self.start()
            self._create_role()
            write_text(self.folder / MARKER, RECIPE)

    def _ours(self) -> bool:
        """Return whether this user or the user of the server owns the folder."""
        user = server_user()
        owners = {os.geteuid(), pwd.getpwnam(user).pw_uid if user else os.geteuid()}
        return self.folder.stat().st_uid in owners

    def _make_folder(self, folder: Path) -> None:
        """Create a folder that only the user of the server (and root) may enter."""
        folder.mkdir(parents=True, exist_ok=True)
        user = server_user()
        if user:
            shutil.chown(folder, user)
        folder.chmod(stat.S_IRWXU)

    def _initdb(self) -> None:
        """Run initdb; local connections need no password, because the folder is private."""
        run(
            [
                self.program("initdb"),
                f"--pgdata={self.data}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                *([] if self.fsync else ["--no-sync"]),
            ],
            what="initdb",
            remedy="See the lines above; then run the same command again.",
            user=server_user(),
            cwd=self.folder,
            env=clean_environment(LC_ALL="C.UTF-8"),
        )

    def _create_role(self) -> None:
        """Create the role of Odoo, which may create databases and is no superuser."""
        self.psql(
            f"CREATE ROLE {ROLE} LOGIN CREATEDB", database="postgres", role="postgres"
        )

    def start(self) -> bool:
        """Start the server and wait until it answers; return ``False`` if it was running."""
        if self.running():
            return False
        self._make_folder(self.socket)
        self._write_settings()
        self._remove_stale_lock()
        run(
            [
                self.program("pg_ctl"),
                *("start", "-w", "-t", "60", "-s"),
                *("-D", self.data, "-l", self.log),
            ],
            what="Starting PostgreSQL",
            remedy=f"See {self.log}. If the cluster is damaged (possible after a crash "
            f"without fsync), remove {self.folder} and run the command again.",
            user=server_user(),
            cwd=self.folder,
            env=clean_environment(LC_ALL="C.UTF-8"),
        )
        return True

    def _remove_stale_lock(self) -> None:
        """Remove the lock files of a server that ended.

        PostgreSQL removes them itself, except in a container without an init process, where
        ended processes stay listed.
        """
        if not working_in(self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            (self.socket / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _write_settings(self) -> None:
        """Write the settings and include them at the end of postgresql.conf."""
        own = self.data / "interop.conf"
        switch = "on" if self.fsync else "off"
        text = SETTINGS.format(port=PORT, socket=self.socket, switch=switch)
        if self._major() >= CHECKS_CLIENTS:
            # The session of a killed worker ends during its statement.
            text += "client_connection_check_interval = 1s\n"
        write_text(own, text + self.settings)
        main = self.data / "postgresql.conf"
        include = "include = 'interop.conf'\n"
        if include not in main.read_text("utf-8"):
            write_text(main, main.read_text("utf-8") + include, 0o600)
        user = server_user()
        for path in (own, main):
            if user:
                shutil.chown(path, user)

    def _major(self) -> int:
        """The server's major version, such as 15."""
        found = re.search(r"\d+", (self.data / "PG_VERSION").read_text("utf-8"))
        return int(found[0])

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: ``smart``, ``fast`` or ``immediate``."""
        if not self.running():
            return
        run(
            [
                self.program("pg_ctl"),
                *("stop", "-w", "-t", "60", "-s", "-m", mode),
                *("-D", self.data),
            ],
            what="Stopping PostgreSQL",
            remedy=f"See {self.log}.",
            user=server_user(),
            cwd=self.folder,
        )

    def kill(self) -> None:
        """End every process of the server with SIGKILL (``kill -9``).

        :raises SetupError: a process does not end
        """
        deadline = time.monotonic() + 20
        while family := working_in(self.data):
            if time.monotonic() > deadline:
                raise SetupError("PostgreSQL did not end.", f"See {self.log}.")
            for pid in family:
                kill_now(pid)
            time.sleep(0.02)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def destroy(self) -> None:
        """Stop the server and remove a temporary cluster."""
        self.stop("immediate")
        remove_tree(self.folder)
        remove_tree(self.socket)

    # -- state -------------------------------------------------------------

    def pid(self) -> int | None:
        """The server's process id when it is alive."""
        try:
            lines = (self.data / "postmaster.pid").read_text("utf-8").splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
            return None
        try:
            name = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return None
        return pid if str(self.data).encode() in name else None

    def running(self) -> bool:
        """Whether the server is up and answers."""
        if self.pid() is None:
            return False
        done = subprocess.run(
            [
                self.program("pg_isready"),
                *("-q", "-h", self.socket, "-p", str(PORT), "-U", ROLE),
                *("-d", "postgres"),
            ],
            check=False,
            env=clean_environment(),
        )
        return done.returncode == 0

    # -- databases ---------------------------------------------------------

    def psql(self, sql: str, *, database: str = "postgres", role: str = ROLE) -> str:
        """Run SQL and return its rows, tab separated, one per line."""
        output = run(
            [
                self.program("psql"),
                *("-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"),
                *("-h", self.socket, "-p", str(PORT), "-U", role, "-d", database),
            ],
            what="psql",
            remedy=f"See the lines above and {self.log}.",
            input_text=sql,
        )
        return output.strip("\n")

    def databases(self) -> list[str]:
        """Return the names of the databases of the role of Odoo."""
        rows = self.psql(
            "SELECT datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba "
            f"WHERE r.rolname = '{ROLE}' ORDER BY 1"
        )
        return rows.split()

    def clients(self) -> int:
        """How many other client connections there are."""
        rows = self.psql(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = "
            "'client backend' AND pid <> pg_backend_pid()"
        )
        return int(rows)

    def version(self) -> str:
        """The server's version, as in ``15.18``."""
        return self.psql("SHOW server_version").split()[0]


def main_cluster() -> Cluster:
    """The project's own cluster in ``var/pg``; INTEROP_FSYNC=1 switches fsync on."""
    return Cluster(paths.PG, fsync=os.environ.get("INTEROP_FSYNC", "") in ("1", "on"))


def ensure() -> Cluster:
    """The project's cluster, created and running."""
    ensure_binaries()
    cluster = main_cluster()
    cluster.create()
    if cluster.start():
        say(f"    PostgreSQL {cluster.version()} runs in {paths.shown(cluster.folder)}")
    return cluster
