"""The set-up runs on a bare Python: before anything is installed."""

import subprocess
import sys

import pytest
from interop_setup import paths

FOLDER = paths.SETUP / "interop_setup"
# These run in the virtual environment only: as pytest's plugin, and inside Odoo.
INSIDE = {"pytest_totals", "odoo_call"}
MODULES = sorted({path.stem for path in FOLDER.glob("*.py")} - INSIDE)


@pytest.mark.parametrize("module", [name for name in MODULES if name[0] != "_"])
def test_imports_without_site_packages(module):
    script = (
        "import sys, importlib\n"
        f"sys.path.insert(0, {str(paths.SETUP)!r})\n"
        f"importlib.import_module('interop_setup.{module}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
