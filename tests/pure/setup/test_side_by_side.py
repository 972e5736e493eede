"""Programs side by side: how many at a time, and that none is left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest
from interop_setup import side_by_side
from interop_setup.process import clean_environment
from interop_setup.processes import alive
from interop_setup.side_by_side import Program, run_all

# Writes its process id, and at Ctrl-C a line for each time it was interrupted.
PATIENT = """
import os, sys, time
with open(sys.argv[1], "a", buffering=1) as log:
    print(os.getpid(), file=log)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        time.sleep(0.5)  # cleaning up takes a while
        print("cleaned up", file=log)
"""
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
with open(sys.argv[1], "a", buffering=1) as log:
    print(os.getpid(), file=log)
    time.sleep(60)
"""
STARTER = """
import signal, sys
from interop_setup.side_by_side import Program, run_all

signal.signal(signal.SIGINT, {handler})
run_all([Program("x", [sys.executable, "-c", *sys.argv[1:]], {{}})], 1, print)
"""
HEARD, IGNORED = "signal.default_int_handler", "signal.SIG_IGN"  # by the starter


def program(script, *arguments):
    """A Python program."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return Program("test", command, clean_environment())


def lines(path):
    """The lines of a file that may not be there yet."""
    return path.read_text().splitlines() if path.exists() else []


def wait_for(condition, seconds=20):
    """Wait until the condition holds, and answer whether it did."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_two_at_a_time_in_order(tmp_path):
    """The third begins when one of the first two has ended, and not before."""
    wait = (
        "import pathlib, sys, time\n"
        "here, *others = map(pathlib.Path, sys.argv[1:])\n"
        "here.touch()\n"
        "while not all(other.exists() for other in others): time.sleep(0.01)\n"
        "print('seen', *(other.name for other in others))\n"
    )
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    programs = [
        program(wait, one, two, three),  # ends when all three have begun
        program(
            f"import os; assert not os.path.exists({str(three)!r})\n{wait}", two, one
        ),
        program(wait, three, two),
    ]
    ended = []
    run_all(programs, 2, ended.append)
    assert ended[0] is programs[1]
    assert [item.code for item in programs] == [0, 0, 0]
    assert [item.output for item in programs] == [
        "seen two three\n",
        "seen one\n",
        "seen two\n",
    ]
    assert all(item.seconds > 0 for item in programs)


def test_errors_are_in_the_output():
    (failed,) = programs = [program("import sys; sys.exit('went wrong')")]
    run_all(programs, 1, lambda _program: None)
    assert (failed.code, failed.output) == (1, "went wrong\n")


def interrupt_when(monkeypatch, condition):
    """Have Ctrl-C pressed as soon as the condition holds."""

    def look(_seconds):
        if condition():
            raise KeyboardInterrupt

    class Time:
        monotonic, sleep = staticmethod(time.monotonic), staticmethod(look)

    monkeypatch.setattr(side_by_side, "time", Time)


def test_an_interruption_lets_all_clean_up(monkeypatch, tmp_path):
    """Each is interrupted once and waited for; what waited never begins."""
    logs = [tmp_path / name for name in ("one", "two", "three")]
    interrupt_when(monkeypatch, lambda: all(map(lines, logs[:2])))
    with pytest.raises(KeyboardInterrupt):
        run_all([program(PATIENT, log) for log in logs], 2, print)
    for log in logs[:2]:
        pid, *rest = lines(log)
        assert rest == ["cleaned up"]
        assert not alive(int(pid))
    assert not logs[2].exists()


def test_what_does_not_end_is_killed(monkeypatch, tmp_path):
    log = tmp_path / "log"
    monkeypatch.setattr(side_by_side, "CLEAN_UP", 0.2)
    interrupt_when(monkeypatch, lambda: lines(log))
    with pytest.raises(KeyboardInterrupt):
        run_all([program(STUBBORN, log)], 1, print)
    assert not alive(int(lines(log)[0]))


@pytest.mark.parametrize(
    ("number", "handler"),
    [
        (signal.SIGINT, HEARD),
        (signal.SIGTERM, HEARD),
        (signal.SIGKILL, HEARD),
        (signal.SIGTERM, IGNORED),  # as when a shell starts it in the background
        (signal.SIGKILL, IGNORED),
    ],
)
def test_nothing_outlives_who_started_it(tmp_path, number, handler):
    """However the starter ends, what it runs is interrupted and cleans up."""
    log = tmp_path / "log"
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER.format(handler=handler), PATIENT, str(log)],
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_for(lambda: lines(log))
        os.kill(starter.pid, number)
        starter.wait(20)
    finally:
        starter.kill()
        starter.wait()
    assert wait_for(lambda: lines(log)[1:] == ["cleaned up"])
    assert wait_for(lambda: not alive(int(lines(log)[0])))
