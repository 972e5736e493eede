"""The demo of the README: every figure is as expected from its input."""

import subprocess

import pytest
from interop_setup import paths
from interop_setup.process import clean_environment

SECONDS = 600  # less than one minute on an idle machine


def test_every_figure_of_the_demo_agrees(cluster):
    """``./setup/demo --once`` ends with exit code 0, and leaves nothing running."""
    done = subprocess.run(
        [paths.SETUP / "demo", "--once"],
        check=False,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if "Another demo is running" in done.stderr:
        pytest.skip("somebody looks at a demo in this folder")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "figures agree" in done.stdout
    assert "✗" not in done.stdout
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'interop_demo'"
    assert cluster.psql(query).strip() == "0"
