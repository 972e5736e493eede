"""Runs programs side by side, a few at a time, and ends them when it is ended itself.

The whole-system tests mostly wait, for Odoo to start or for a lease to end, and each
has its own ports and databases: two at a time take little more than half the time.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO

from . import paths
from .process import tied

LOOK = 0.1  # seconds between two looks at what runs
CLEAN_UP = 60  # seconds that a program has to clean up when it is interrupted


@dataclass
class Program:
    """One program to run.

    :param name: what people call it
    :param command: the program and its arguments
    :param environment: all of its environment
    :param shown: print its output as it comes; else it is kept in ``output``
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    shown: bool = False
    code: int | None = field(default=None, init=False)
    output: str = field(default="", init=False)
    seconds: float = field(default=0.0, init=False)
    _process: subprocess.Popen | None = field(default=None, init=False)
    _stream: IO[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Start it, in a session of its own: Ctrl-C reaches it through us, once."""
        self._started = time.monotonic()
        if not self.shown:  # closed when the program has ended
            self._stream = tempfile.TemporaryFile()  # noqa: SIM115
        with _interruptible():
            self._process = subprocess.Popen(
                tied(self.command, "INT"),
                cwd=paths.ROOT,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=self._stream,
                stderr=self._stream and subprocess.STDOUT,
                start_new_session=True,
            )

    def ended(self) -> bool:
        """Whether it has ended; then code, output and seconds are there."""
        if self._process.poll() is None:
            return False
        self.code = self._process.returncode
        self.seconds = time.monotonic() - self._started
        if self._stream:
            self._stream.seek(0)
            self.output = self._stream.read().decode("utf-8", "replace")
            self._stream.close()
        return True

    def interrupt(self) -> None:
        """Interrupt it, as Ctrl-C does."""
        self._signal(signal.SIGINT)

    def wait_or_kill(self, deadline: float) -> None:
        """Let it clean up until the deadline; kill it then."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: int) -> None:
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let what is started in here hear of Ctrl-C, even if we ignore it.

    A shell has what it starts in the background ignore it, and what that starts in turn.
    """
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_all(
    programs: Sequence[Program], jobs: int, report: Callable[[Program], None]
) -> None:
    """Run programs in this order, some at a time; none is left when this returns.

    Call it from the main thread: a program is interrupted when the thread ends that
    has started it, also when this process is killed.

    :param jobs: how many at a time
    :param report: called with each program when it has ended
    """
    waiting, running = list(programs), []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                program = waiting.pop(0)
                program.start()
                running.append(program)
            for program in [program for program in running if program.ended()]:
                running.remove(program)
                report(program)
            time.sleep(LOOK)
    except BaseException:
        _end(running)
        raise


def _end(running: Sequence[Program]) -> None:
    """Interrupt what runs and wait until it is gone; a second Ctrl-C kills it."""
    for program in running:
        program.interrupt()
    deadline = time.monotonic() + CLEAN_UP
    try:
        for program in running:
            program.wait_or_kill(deadline)
    except KeyboardInterrupt:
        for program in running:
            program.wait_or_kill(0)
        raise
