"""The programs of the other side, each in a separate process."""

import json
import subprocess
import time
from pathlib import Path

from .. import paths
from ..errors import SetupError
from ..process import clean_environment, stop

PARTNER = "interop_setup.demo.partner"
RECEIVER = "interop_setup.demo.receiver"
READY = "listening"  # the receiver prints this when it listens


class Child:
    """One program of the demo; it reads its orders from standard input.

    :param module: the module to run
    :param orders: the orders as JSON, including secrets
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
        """Return the next line of its output; empty at the end."""
        return self.process.stdout.readline().strip()

    def finish(self) -> str:
        """Wait for its end and return the rest of its output.

        :raises SetupError: the program failed
        """
        output = self.process.stdout.read()
        if self.process.wait():
            raise SetupError(f"{self.module} failed.", f"See {self.log}.")
        return output

    def stop(self) -> None:
        """End the program."""
        stop(self.process, 5)
        self.process.stdout.close()


class Receiver:
    """The process of the receiver, which can be stopped and started again.

    :param folder: folder for its file
    """

    def __init__(self, port: int, folder: Path):
        self.port = port
        self.log = folder / "received.jsonl"
        self.errors = folder / "receiver.log"
        self.child: Child | None = None
        self.log.unlink(missing_ok=True)

    def start(self, secret: str, lose_answers: int = 0) -> None:
        """Start the receiver and wait until it listens.

        :raises SetupError: the receiver ended
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
        """Stop the receiver: from now on connections are refused."""
        if self.child:
            self.child.stop()
            self.child = None

    def received(self) -> list[dict]:
        """Return all deliveries that the receiver has written so far."""
        if not self.log.exists():
            return []
        lines = self.log.read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]


def run_partner(orders: dict, log: Path) -> dict:
    """Run the program of the partner and return its report."""
    child = Child(PARTNER, orders, log)
    try:
        return json.loads(child.finish())
    finally:
        child.stop()


def wait_until(condition, what: str, seconds: float = 60) -> None:
    """Wait until the condition is true.

    :raises SetupError: the condition was not true in time
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SetupError(
                f"The demo has waited {seconds:.0f} s for: {what}.",
                "See the log of Odoo in var/run/demo/odoo.log.",
            )
        time.sleep(0.25)
