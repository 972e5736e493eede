"""Call functions of modules in this folder inside Odoo, in a separate process.

Starting Odoo takes two seconds of processor time, and tests call it often. So each server
and database has one process. The first call starts it. Every call is a separate
transaction.
"""

import atexit
import json
import os
import subprocess
import threading
from pathlib import Path

from interop_setup import odoo_config, paths
from interop_setup.process import stop, tied

HERE = Path(__file__).resolve().parent
_callers: dict[tuple, "Caller"] = {}
_lock = threading.Lock()


class Caller:
    """One Odoo process that calls functions of modules in this folder."""

    def __init__(self, config, database):
        environment = odoo_config.environment(config)
        python_path = os.pathsep.join(
            filter(None, [str(HERE), environment.get("PYTHONPATH")])
        )
        self._process = subprocess.Popen(
            tied([paths.VENV_PYTHON, HERE / "inside_worker.py", database]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=paths.ROOT,
            env={**environment, "PYTHONPATH": python_path},
        )

    def running(self):
        """Return whether the process is running; it ends with the thread that started it."""
        return self._process.poll() is None

    def call(self, module, function, values):
        """Call the function and return its result through JSON.

        :raises RuntimeError: the function failed; the message is the traceback
        """
        asked = {"module": module, "function": function, "values": values}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"Odoo ended within {module}.{function}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{module}.{function} failed:\n{answer['error']}")
        return answer["returned"]

    def end(self):
        """End the process."""
        self._process.stdin.close()
        stop(self._process)
        self._process.stdout.close()


def in_odoo(server, function, module, **values):
    """Call a function of a module in this folder in a separate Odoo process.

    :raises RuntimeError: the function failed
    """
    key = (server.config, server.database)
    with _lock:
        caller = _callers.get(key)
        if caller is None or not caller.running():
            caller = _callers[key] = Caller(*key)
        return caller.call(module, function, values)


def end(server):
    """End the processes of the databases of a server."""
    with _lock:
        for key in [key for key in _callers if key[0] == server.config]:
            _callers.pop(key).end()


@atexit.register
def _end_all():
    """End all processes after the tests."""
    for caller in _callers.values():
        caller.end()
