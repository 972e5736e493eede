"""What the kill tests need: a publisher that never rests, and ways to kill."""

import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

from interop_setup import odoo_config, paths
from interop_setup.errors import SetupError
from interop_setup.process import tied
from interop_setup.server import HTTP_WORKER, check_port
from sessions import locked, somebody_waits

WORK = 4  # seconds at most without a kill
MOMENT = 120  # seconds within which the engine works again, so that it can be hit
HERE = Path(__file__).resolve().parent


class Publisher:
    """Publishes all the time, from a process of its own, and notes what came of it."""

    def __init__(self, server, pause=0.25, size=4):
        self.pause, self.size = pause, size
        self.committed, self.unknown, self.rolled_back = {}, set(), set()
        self._stop = threading.Event()
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
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        number = 0
        while not self._stop.is_set():
            number += 1
            self.publish(number % 4 == 0)
            self._stop.wait(self.pause)

    def publish(self, roll_back=False):
        """One transaction, committed or rolled back."""
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

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._stop.set()
        self._thread.join(60)
        self._process.stdin.close()
        self._process.wait(30)


class Killer:
    """Ways to kill, each at a named moment of a delivery, or at any."""

    def __init__(self, server, receiver, send, seed):
        self.server, self.receiver, self.send = server, receiver, send
        self.random = random.Random(seed)
        self.missed, self.downs = 0, []
        self.moments = []  # when something was killed
        self.ways = {
            "worker at a random moment": self.worker,
            "worker before sending": self.before_sending,
            "worker after sending": self.after_sending,
            "worker before the result is written": self.before_the_result,
            "all of Odoo": self.odoo,
            "PostgreSQL": self.postgresql,
        }

    def kill(self, way):
        """Kill in one of the ways, with everything running before.

        Half of the ways strike at the first thing that a pump does. Without a while in
        which it is let work, hardly any run would ever get beyond that.
        """
        with self.down():
            self.revive()
        time.sleep(self.random.uniform(0, WORK))
        self.ways[way]()

    @contextmanager
    def down(self):
        """Note for how long there was nothing that could deliver."""
        start = time.time()
        yield
        self.downs.append((start, time.time()))

    def waited(self, since, until):
        """Seconds between two moments in which Odoo and PostgreSQL were running."""
        lost = sum(
            max(0.0, min(until, end) - max(since, start)) for start, end in self.downs
        )
        return until - since - lost

    def last_before(self, since, until):
        """The moment of the last kill between two moments, ``since`` without any."""
        return max([since, *(at for at in self.moments if since < at < until)])

    def workers(self):
        """``kill -9`` every HTTP worker: whichever runs the pump."""
        self.moments.append(time.time())
        for pid in self.server.worker_pids(HTTP_WORKER):
            self.server.kill_worker(HTTP_WORKER, pid)

    def worker(self):
        """One of them, whatever it is doing."""
        time.sleep(self.random.uniform(0, 1))
        pids = self.server.worker_pids(HTTP_WORKER)
        if pids:
            self.moments.append(time.time())
            self.server.kill_worker(HTTP_WORKER, self.random.choice(pids))

    def before_sending(self):
        """Claimed and committed, not sent yet: reading the endpoint is held up."""
        self._while_locked("interop_endpoint_header", "ACCESS EXCLUSIVE")

    def before_the_result(self):
        """Answered, not recorded yet: writing the try is held up."""
        self._while_locked("interop_attempt", "EXCLUSIVE")

    def after_sending(self):
        """The receiver has the request, and nobody has its answer."""
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
        """The whole of Odoo at one moment; whoever watches it starts it again."""
        time.sleep(self.random.uniform(0, 1))
        with self.down():
            self.moments.append(time.time())
            self.server.kill()
            self.revive()

    def postgresql(self):
        """The database server, with fsync on; Odoo has to find back by itself."""
        time.sleep(self.random.uniform(0, 1))
        with self.down():
            self.moments.append(time.time())
            self.server.cluster.kill()
            self.server.cluster.start()
            self.revive()

    def revive(self):
        """Start Odoo again as whoever watches it would; without database it may end."""
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
