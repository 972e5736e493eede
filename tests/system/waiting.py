"""Waiting for a condition that another process makes true."""

import time


def wait_for(condition, seconds=120):
    """Wait until the condition is true, and return whether it is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
