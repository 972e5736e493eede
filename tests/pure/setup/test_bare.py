"""The set-up runs on a bare Python: before anything is installed."""

import subprocess
import sys

from interop_setup import paths

FOLDER = paths.SETUP / "interop_setup"
# These run in the virtual environment only: as pytest's plugin, and inside Odoo.
INSIDE = {"pytest_filestore", "pytest_totals", "odoo_call"}
MODULES = sorted({path.stem for path in FOLDER.glob("*.py")} - INSIDE)


def test_imports_without_site_packages():
    script = (
        "import sys, importlib\n"
        f"sys.path.insert(0, {str(paths.SETUP)!r})\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(f'interop_setup.{name}')\n"
    )
    modules = [name for name in MODULES if not name.startswith("_")]
    assert "testing" in modules
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, *modules],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
