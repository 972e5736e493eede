"""The programs on the other side, each a process of its own."""

import json
import subprocess
import time
from pathlib import Path

from .. import paths
from ..errors import SetupError
from ..process import clean_environment, stop

PARTNER = "interop_setup.demo.partner"
RECEIVER = "interop_setup.demo.receiver"
READY = "listening"  # what the receiver prints when it listens


class Child:
    """One program of the demo, given its orders on standard input.

    :param module: the module to run
    :param orders: what it reads as JSON; secrets go this way and no other
    :param log: file for its error stream
    """

    def __init__(self, module: str, orders: dict, log: Path):
        self.module = module
        self.log = log
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(
                [str(paths.VENV_PYTHON), "-m", module],
                cwd=paths.ROOT,
                env=clean_environment(PYTHONUNBUFFERED="1"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self.process.stdin.write(json.dumps(orders))
        self.process.stdin.close()

    def line(self) -> str:
        """The next line it prints; empty at its end."""
        return self.process.stdout.readline().strip()

    def finish(self) -> str:
        """Wait for its end and answer the rest of what it printed.

        :raises SetupError: it failed
        """
        output = self.process.stdout.read()
        if self.process.wait():
            raise SetupError(f"{self.module} failed.", f"See {self.log}.")
        return output

    def stop(self) -> None:
        """End it."""
        stop(self.process, 5)
        self.process.stdout.close()


class Receiver:
    """The receiver's process, which can be taken down and brought back.

    :param folder: where its file is written
    """

    def __init__(self, port: int, folder: Path):
        self.port = port
        self.log = folder / "received.jsonl"
        self.errors = folder / "receiver.log"
        self.child: Child | None = None
        self.log.unlink(missing_ok=True)

    def start(self, secret: str, lose_answers: int = 0) -> None:
        """Start it and wait until it listens.

        :raises SetupError: it ended
        """
        orders = {
            "port": self.port,
            "secret": secret,
            "log": str(self.log),
            "lose_answers": lose_answers,
        }
        self.child = Child(RECEIVER, orders, self.errors)
        if self.child.line() != READY:
            raise SetupError("The receiver did not start.", f"See {self.errors}.")

    def stop(self) -> None:
        """Take it down: from now on connections are refused."""
        if self.child:
            self.child.stop()
            self.child = None

    def received(self) -> list[dict]:
        """Everything it has written down so far."""
        if not self.log.exists():
            return []
        lines = self.log.read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]


def run_partner(orders: dict, log: Path) -> dict:
    """Run the partner's program to its end and answer its report."""
    child = Child(PARTNER, orders, log)
    try:
        return json.loads(child.finish())
    finally:
        child.stop()


def wait_until(condition, what: str, seconds: float = 60) -> None:
    """Ask again and again until the condition holds.

    :raises SetupError: it did not in time
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SetupError(
                f"After {seconds:.0f} s still waiting for: {what}.",
                "Odoo's log in var/run/demo/odoo.log tells what happened instead.",
            )
        time.sleep(0.25)
