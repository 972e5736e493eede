"""The number of random examples of a test: fewer in a normal run than with ``--long``."""

import os

from .testing import LONG

FEWER = 5
ENOUGH = 100


def examples(number: int) -> int:
    """Return how many examples to try; ``number`` is that of a long run."""
    if os.environ.get(LONG):
        return number
    return max(min(number, ENOUGH), number // FEWER)
