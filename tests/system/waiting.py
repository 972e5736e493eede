"""Waiting for what other processes do."""

import time


def wait_for(condition, seconds=60):
    """Wait until the condition holds, and answer whether it did."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
