"""The rule of the house: an addon's ``tools`` are pure.

They import the standard library, the Python dependencies that the addon's manifest
declares, and their siblings by relative import; never Odoo. They do not read the
clock: time comes in as an argument.
"""

import ast
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ADDONS = Path(__file__).resolve().parents[2] / "addons"
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
}
DYNAMIC = {"__import__", "import_module"}


def normalized(distribution: str) -> str:
    """A distribution's name without extras and version, in its one spelling."""
    name = re.split(r"[\[<>=!~; ]", distribution, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def declared_modules(addon: Path) -> set[str]:
    """Top-level modules of the Python dependencies in the addon's manifest."""
    manifest = ast.literal_eval((addon / "__manifest__.py").read_text("utf-8"))
    names = manifest.get("external_dependencies", {}).get("python", [])
    wanted = {normalized(name) for name in names}
    return {
        module
        for module, distributions in packages_distributions().items()
        if wanted.intersection(map(normalized, distributions))
    }


def tail(node: ast.expr) -> str:
    """The last part of a dotted name: ``now`` of ``datetime.now``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def violations(text: str, depth: int, allowed: set[str]) -> list[str]:
    """What in this source breaks the rule.

    :param depth: how many folders below ``tools`` the module lies
    :param allowed: third-party top-level modules it may import
    """
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            modules = []
            if node.level > depth + 1:
                found.append(f"line {node.lineno}: relative import leaves tools")
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            modules = []
        for module in modules:
            top = module.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in allowed:
                found.append(f"line {node.lineno}: imports {module}")
        if isinstance(node, ast.Call):
            found += call_violations(node)
    return found


def call_violations(node: ast.Call) -> list[str]:
    """Calls that import by name or read the wall clock."""
    name = tail(node.func)
    if name in DYNAMIC:
        return [f"line {node.lineno}: imports by name with {name}()"]
    owner = tail(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    if (owner, name) in CLOCKS:
        return [f"line {node.lineno}: reads the clock with {owner}.{name}()"]
    return []


def tool_files() -> list[Path]:
    """Every Python file of every addon's tools."""
    addons = (path.parent for path in ADDONS.glob("*/__manifest__.py"))
    return sorted(file for addon in addons for file in addon.glob("tools/**/*.py"))


@pytest.mark.parametrize(
    "path", tool_files(), ids=lambda path: str(path.relative_to(ADDONS))
)
def test_tools_are_pure(path):
    """Each file keeps the rule."""
    addon = ADDONS / path.relative_to(ADDONS).parts[0]
    depth = len(path.relative_to(addon / "tools").parts) - 1
    assert not violations(path.read_text("utf-8"), depth, declared_modules(addon))


@pytest.mark.parametrize(
    "text",
    [
        "import odoo",
        "from odoo.tools import sql",
        "from odoo import models",
        "import requests",
        "from ..models import x",
        "from .. import const",
        "import importlib\nimportlib.import_module('odoo')",
        "__import__('odoo')",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.utcnow()",
        "import time\ntime.time()",
        "def f():\n    import odoo",
    ],
)
def test_rule_catches(text):
    """The rule itself finds what it is there to find."""
    assert violations(text, 0, {"cryptography"})


@pytest.mark.parametrize(
    "text",
    [
        "import hmac, hashlib",
        "from . import envelope",
        "from .envelope import parse",
        "from cryptography.hazmat.primitives import hashes",
        "from datetime import datetime\ndatetime.fromtimestamp(0)",
    ],
)
def test_rule_allows(text):
    """What pure code needs is allowed."""
    assert not violations(text, 0, {"cryptography"})
