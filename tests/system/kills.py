"""Helpers of the kill tests: a continuous publisher, and kills at selected moments."""

import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

from interop_setup import odoo_config, paths
from interop_setup.errors import SetupError
from interop_setup.process import tied
from interop_setup.server import HTTP_WORKER, check_port
from sessions import locked, somebody_waits

WORK = 4  # maximum seconds without a kill
MOMENT = 120  # seconds until the engine works again and can be killed
HERE = Path(__file__).resolve().parent


class Background:
    """Does something in a thread, ``_run``, until the block ends."""

    def __init__(self):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._stop.set()
        self._thread.join(60)


class Publisher(Background):
    """Publishes continuously from a separate process, and stores the outcomes."""

    def __init__(self, server, pause=0.25, size=4):
        super().__init__()
        self.pause, self.size = pause, size
        self.committed, self.unknown, self.rolled_back = {}, set(), set()
        environment = odoo_config.environment(server.config)
        self._process = subprocess.Popen(
            tied([paths.VENV_PYTHON, HERE / "kill_publisher.py", server.database]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=paths.ROOT,
            env={**environment, "PYTHONPATH": f"{HERE}{os.pathsep}{sys.path[0]}"},
        )
        if self._process.stdout.readline().strip() != "ready":
            raise RuntimeError("the publisher did not start")

    def _run(self):
        number = 0
        while not self._stop.is_set():
            number += 1
            self.publish(number % 4 == 0)
            self._stop.wait(self.pause)

    def publish(self, roll_back=False):
        """Run one transaction, committed or rolled back."""
        names = [f"N{uuid.uuid4().hex[:12]}" for _index in range(self.size)]
        asked = json.dumps({"names": names, "roll_back": roll_back})
        self._process.stdin.write(asked + "\n")
        self._process.stdin.flush()
        outcome = json.loads(self._process.stdout.readline())["outcome"]
        if outcome == "committed":
            self.committed |= dict.fromkeys(names, time.time())
        elif outcome == "rolled back":
            self.rolled_back |= set(names)
        else:
            self.unknown |= set(names)
        return names

    def __exit__(self, *error):
        super().__exit__(*error)
        self._process.stdin.close()
        self._process.wait(30)


class OtherJobs(Background):
    """Wakes the runner of queue_job all the time, like the other jobs of a site.

    The runner looks for the jobs of killed workers when it wakes up: with other jobs within
    about ten seconds, otherwise once per minute.
    """

    PAUSE = 2  # seconds

    def __init__(self, server):
        super().__init__()
        self.server = server

    def _run(self):
        while not self._stop.wait(self.PAUSE):
            with suppress(SetupError):  # PostgreSQL is down
                self.server.cluster.psql(
                    "NOTIFY queue_job, 'other'", database=self.server.database
                )


class Killer:
    """Kills processes at a selected moment of a delivery, or at a random moment."""

    def __init__(self, server, receiver, send, seed):
        self.server, self.receiver, self.send = server, receiver, send
        self.random = random.Random(seed)
        self.missed, self.downs = 0, []
        self.moments = []  # times of the kills
        self.ways = {
            "worker at a random moment": self.worker,
            "worker before sending": self.before_sending,
            "worker after sending": self.after_sending,
            "worker before the result is written": self.before_the_result,
            "all of Odoo": self.odoo,
            "PostgreSQL": self.postgresql,
        }

    def kill(self, way):
        """Kill in one of the ways, after everything is running.

        Half of the ways kill at the first step of a pump. Without a pause between kills,
        hardly any run would reach a later step.
        """
        with self.down():
            self.revive()
        time.sleep(self.random.uniform(0, WORK))
        self.ways[way]()

    @contextmanager
    def down(self):
        """Store the time without a process that could deliver."""
        start = time.time()
        yield
        self.downs.append((start, time.time()))

    def waited(self, since, until):
        """Return the seconds between two times in which Odoo and PostgreSQL were running."""
        lost = sum(
            max(0.0, min(until, end) - max(since, start)) for start, end in self.downs
        )
        return until - since - lost

    def last_before(self, since, until):
        """Return the time of the last kill between two times, ``since`` if there is none."""
        return max([since, *(at for at in self.moments if since < at < until)])

    def workers(self):
        """Kill every HTTP worker (``kill -9``), including the one with the pump."""
        self.moments.append(time.time())
        for pid in self.server.worker_pids(HTTP_WORKER):
            self.server.kill_worker(HTTP_WORKER, pid)

    def worker(self):
        """Kill one worker at any moment."""
        time.sleep(self.random.uniform(0, 1))
        pids = self.server.worker_pids(HTTP_WORKER)
        if pids:
            self.moments.append(time.time())
            self.server.kill_worker(HTTP_WORKER, self.random.choice(pids))

    def before_sending(self):
        """Kill after the claim and before the request: the endpoint is locked."""
        self._while_locked("interop_endpoint_header", "ACCESS EXCLUSIVE")

    def before_the_result(self):
        """Kill after the answer and before its record: the attempt table is locked."""
        self._while_locked("interop_attempt", "EXCLUSIVE")

    def after_sending(self):
        """Kill while the receiver has the request and has not answered."""
        happened = threading.Event()

        def answer(connection, _received):
            if happened.is_set():
                self.send(connection)
                return True
            happened.set()
            self.workers()
            return False

        self.receiver.answer = answer
        self.missed += not happened.wait(MOMENT)
        self.receiver.answer = 200

    def odoo(self):
        """Kill all of Odoo at once; a supervisor starts it again."""
        time.sleep(self.random.uniform(0, 1))
        with self.down():
            self.moments.append(time.time())
            self.server.kill()
            self.revive()

    def postgresql(self):
        """Kill PostgreSQL with fsync; Odoo has to reconnect."""
        time.sleep(self.random.uniform(0, 1))
        with self.down():
            self.moments.append(time.time())
            self.server.cluster.kill()
            self.server.cluster.start()
            self.revive()

    def revive(self):
        """Start Odoo again like a supervisor; without a database it may end."""
        deadline = time.monotonic() + 90
        while True:
            try:
                if not self.server.running():
                    check_port(self.server.port)
                self.server.start()
                self.server.wait_healthy(60)
            except SetupError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def _while_locked(self, table, mode):
        """Kill while a worker of Odoo waits for this table."""
        with locked(self.server, table, mode):
            deadline = time.monotonic() + MOMENT
            while not somebody_waits(self.server, table):
                if time.monotonic() > deadline:
                    self.missed += 1
                    break
                time.sleep(0.1)
            self.workers()
