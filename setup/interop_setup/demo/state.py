"""Where a running demo is found: its address and database, in a small file."""

import json

from .. import paths
from ..files import write_text

FOLDER = paths.RUN / "demo"
STATE = FOLDER / "demo.json"


def announce(url: str, database: str) -> None:
    """Write down where the demo is."""
    write_text(STATE, json.dumps({"url": url, "database": database}) + "\n")


def withdraw() -> None:
    """Say that it is over."""
    STATE.unlink(missing_ok=True)
