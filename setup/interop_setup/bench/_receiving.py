"""The receiving process as a bench sees it, and what it has received."""

import contextlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator

from .. import paths
from ..process import clean_environment, stop, tied

SILENCE = 90  # seconds without a delivery after which nothing more is expected


class Receiver:
    """The receiving process, and what it has seen."""

    def __enter__(self) -> "Receiver":
        self.process = subprocess.Popen(
            tied([paths.VENV_PYTHON, "-m", "interop_setup.bench._receiver"]),
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        return self

    def __exit__(self, *_error: object) -> None:
        stop(self.process)

    @property
    def hook(self) -> str:
        """The address that takes deliveries."""
        return self.url + "/hook"

    def get(self, target: str) -> object:
        """What the receiver answers to a GET."""
        with urllib.request.urlopen(self.url + target, timeout=60) as answer:
            return json.load(answer)

    def reset(self, delay: float = 0.0, record: bool = False) -> None:
        """Forget everything and answer after ``delay`` seconds from now on."""
        self.get(f"/reset?delay={delay}&record={int(record)}")

    def count(self) -> int:
        """How many deliveries have come."""
        return self.get("/stats")["count"]

    def wait(self, count: int, seconds: float = 300) -> dict[str, float]:
        """Wait for so many deliveries; answer count, first, last and rate.

        :raises TimeoutError: nothing came for too long
        """
        seen, since = -1, time.monotonic()
        while True:
            stats = self.get("/stats")
            if stats["count"] >= count:
                took = max(1e-6, stats["last"] - stats["first"])
                return {**stats, "rate": (stats["count"] - 1) / took}
            if stats["count"] != seen:
                seen, since = stats["count"], time.monotonic()
            if time.monotonic() - since > min(seconds, SILENCE):
                raise TimeoutError(f"{stats['count']} of {count} deliveries came")
            time.sleep(0.2)


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """An address that takes connections and never answers."""
    import socket

    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
