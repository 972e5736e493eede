"""Run several programs concurrently, and end them when this process is ended.

System tests mostly wait, for the start of Odoo or for the end of a lease. Each has separate
ports and databases. Two at a time need little more than half of the time.
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

    :param name: name for the output
    :param command: the program and its arguments
    :param environment: all of its environment
    :param shown: print its output immediately; otherwise it is stored in ``output``
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
        """Start the program in a separate session, so that it gets Ctrl-C only once."""
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
        """Wait for the clean-up until the deadline, then kill the program."""
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
    """Let programs that start in this block handle Ctrl-C, even if this process ignores it.

    Programs that a shell starts in the background ignore Ctrl-C, and so do their children.
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
    """Run programs in this order, ``jobs`` at a time, and wait until all have ended.

    Call it from the main thread: a program is interrupted when the thread that started it
    ends, also if this process is killed.

    :param jobs: maximum number of concurrent programs
    :param report: function that is called with each program at its end
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
    """Interrupt the running programs and wait for them; a second Ctrl-C kills them."""
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
