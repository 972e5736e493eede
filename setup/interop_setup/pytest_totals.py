"""A pytest plugin that writes the totals of a run and registers the markers."""

import json
import os
from pathlib import Path

import pytest

from .testing import LONG, TOTALS

KINDS = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def pytest_configure(config):
    """Register the markers that ``./setup/test`` uses."""
    config.addinivalue_line("markers", "long: takes minutes; run by --long only")
    config.addinivalue_line("markers", "alone: measures time; nothing runs beside it")


def pytest_collection_modifyitems(items):
    """Skip the long tests, unless they were requested."""
    if os.environ.get(LONG):
        return
    skip = pytest.mark.skip(reason="long: run by ./setup/test --long")
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(skip)


def pytest_terminal_summary(terminalreporter):
    """Write the totals to the file in INTEROP_TOTALS."""
    target = os.environ.get(TOTALS)
    if not target:
        return
    stats = terminalreporter.stats
    totals = {kind: len(stats.get(kind, ())) for kind in KINDS}
    Path(target).write_text(json.dumps(totals), encoding="utf-8")
