"""Store address and database of a running demo in a small file."""

import json

from .. import paths
from ..files import write_text

FOLDER = paths.RUN / "demo"
STATE = FOLDER / "demo.json"


def announce(url: str, database: str) -> None:
    """Write address and database of the demo."""
    write_text(STATE, json.dumps({"url": url, "database": database}) + "\n")


def withdraw() -> None:
    """Remove the file of the demo."""
    STATE.unlink(missing_ok=True)
