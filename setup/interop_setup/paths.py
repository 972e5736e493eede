"""Paths of the project. Nothing is written outside the project folder."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDONS = ROOT / "addons"
TESTS = ROOT / "tests"
SETUP = ROOT / "setup"
LOCK_FILE = SETUP / "requirements.lock"

VAR = ROOT / "var"
APT = VAR / "apt"
ODOO = VAR / "odoo"
VENV = VAR / "venv"
PG = VAR / "pg"
NPM = VAR / "npm"
NPM_PARTNER = VAR / "npm-partner"
CLIENT_GENERATOR = VAR / "client-generator"
LOG = VAR / "log"
RUN = VAR / "run"
DATA = VAR / "data"
LOCKS = VAR / "lock"

VENV_PYTHON = VENV / "bin" / "python"
ODOO_SCRIPT = VENV / "bin" / "odoo"
FILESTORE = DATA / "filestore"


def ensure_var() -> None:
    """Create the folders that hold generated files."""
    for folder in (VAR, LOG, RUN, DATA, LOCKS):
        folder.mkdir(parents=True, exist_ok=True)


def shown(path: Path) -> str:
    """A path as shown to people: relative when it lies in the project."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
