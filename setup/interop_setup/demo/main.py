"""``./setup/demo``: the set-up, a day of the suite on real input, and a table."""

import argparse
import errno
import fcntl
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from .. import databases, manifests, paths, postgres, templates
from ..bootstrap import bootstrap
from ..errors import SetupError
from ..postgres import Cluster
from ..progress import duration, say, step
from ..server import Server, check_port, free_port
from . import cast, catalogue, state
from .children import Receiver
from .day import Day
from .front import FrontDoor

DATABASE = "interop_demo"


def main(arguments: list[str]) -> int:
    """Run the demo; return 0 only if every figure is as expected."""
    parser = argparse.ArgumentParser(
        prog="setup/demo",
        description="Run the set-up, play a day of the suite against a real Odoo, compare "
        "the results with the expected figures, and keep Odoo running until Ctrl-C.",
    )
    parser.add_argument(
        "--once", action="store_true", help="stop everything after the table"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port for the browser; default: a free port"
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    start = time.monotonic()
    was_running = bool(postgres.find_binaries()) and postgres.main_cluster().running()
    with ExitStack() as stack:
        stack.enter_context(_alone())
        cluster = bootstrap()
        stack.callback(_stop_cluster, cluster, was_running)
        if options.port:
            check_port(options.port)
        server = _start_odoo(stack, cluster)
        agreed = _play(stack, server)
        say(f"  Finished after {duration(time.monotonic() - start)}.")
        if not options.once:
            _stay(stack, server, options.port)
        say("==> Stopping all processes of the demo …")
    return 0 if agreed else 1


def _interrupt(_signal: int, _frame: object) -> None:
    """Raise the exception of Ctrl-C, so that everything is cleaned up."""
    raise KeyboardInterrupt


@contextmanager
def _alone() -> Iterator[None]:
    """Allow one demo at a time, because it has one database and one folder.

    :raises SetupError: another demo is running
    """
    paths.ensure_var()
    state.FOLDER.mkdir(parents=True, exist_ok=True)
    with open(paths.LOCKS / "demo", "w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            raise SetupError(
                "Another demo is running.", "Use it, or end it with Ctrl-C."
            ) from error
        try:
            yield
        finally:
            state.withdraw()


def _stop_cluster(cluster: Cluster, was_running: bool) -> None:
    """Stop PostgreSQL if this run started it and no other process uses it."""
    if not was_running and cluster.running() and not cluster.clients():
        cluster.stop()


def _start_odoo(stack: ExitStack, cluster: Cluster) -> Server:
    """Create a database from the template and start Odoo with workers."""
    wanted = [name for name in manifests.names() if not name.startswith("test_")]
    template = templates.suite_template(cluster, wanted)
    with step("Starting Odoo with two workers and the queue_job runner"):
        databases.clone(cluster, template, DATABASE)
        server = Server("demo", cluster, DATABASE)
        server.log.unlink(missing_ok=True)
        stack.callback(server.stop)
        server.start()
    return server


def _play(stack: ExitStack, server: Server) -> bool:
    """Set up the demo, play the day, print the table; return whether all agree."""
    dead = stack.enter_context(_refusing_port())
    receiver = Receiver(free_port(), state.FOLDER)
    stack.callback(receiver.stop)
    people = cast.assemble(server.url, DATABASE, (receiver.port, dead))
    governed = catalogue.set_up(people, receiver.port, dead)
    report = Day(people, governed, receiver, state.FOLDER).play()
    return report.show()


@contextmanager
def _refusing_port() -> Iterator[int]:
    """Provide a port that refuses every connection: bound, but without a listener."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def _stay(stack: ExitStack, server: Server, port: int) -> None:
    """Print the address, and serve until Ctrl-C.

    :param port: port for the browser; 0 for a free port
    :raises SetupError: Odoo ended unexpectedly
    """
    front = FrontDoor(server.port, server.gevent_port, port)
    stack.callback(front.close)
    state.announce(front.url, DATABASE)
    say(f"\n  Odoo is running: {front.url}/odoo\n")
    say(f"  {'login':16}{'password':16}role")
    for role in cast.ROLES:
        say(f"  {role.login:16}{role.login:16}{role.shown}")
    say(f"  {'admin':16}{cast.ADMIN_PASSWORD:16}Administrator of Odoo")
    say(
        "\n  Start with Healthcare Integration > Messages. The clearing house is running: "
        "post another\n  invoice as user, and Odoo delivers it. Ctrl-C stops everything."
    )
    try:
        while server.running():
            time.sleep(1)
    except KeyboardInterrupt:
        say("")
        return
    raise SetupError("Odoo ended unexpectedly.", f"See {server.log}.")
