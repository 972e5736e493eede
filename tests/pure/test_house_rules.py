"""Rules of the house that a machine can check: sizes, leftovers, manifests."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 400
FUNCTION_LINES = 45  # without its docstring
LEFTOVERS = re.compile(r"\b(TO" + "DO|FIX" + "ME|X{3})\\b|Not" + "ImplementedError")
MANIFEST = {
    "version": re.compile(r"19\.0\.\d+\.\d+\.\d+"),
    "license": re.compile("LGPL-3"),
    "author": re.compile("Interop contributors"),
    "website": re.compile("https://github.com/interop/interop"),
    "name": re.compile(".+"),
    "summary": re.compile(".+"),
}


def sources() -> list[Path]:
    """Python sources of the addons and of the set-up, tests left out."""
    found = [*ROOT.glob("addons/**/*.py"), *ROOT.glob("setup/**/*.py")]
    return sorted(path for path in found if "tests" not in path.parts)


def tracked() -> list[Path]:
    """Text files that git tracks."""
    names = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "grep", "-Il", ""],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [path for name in names if (path := ROOT / name).is_file()]


def long_functions(text: str) -> list[str]:
    """Functions that are too long, docstrings not counted."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = node.end_lineno - node.lineno + 1
        if ast.get_docstring(node) is not None:
            lines -= node.body[0].end_lineno - node.body[0].lineno + 1
        if lines > FUNCTION_LINES:
            found.append(f"{node.name}: {lines} lines")
    return found


def test_functions_and_files_are_short():
    found = {}
    for path in sources():
        text = path.read_text("utf-8")
        faults = long_functions(text)
        if text.count("\n") > FILE_LINES:
            faults.append(f"{text.count(chr(10))} lines in the file")
        if faults:
            found[str(path.relative_to(ROOT))] = faults
    assert not found


def test_no_leftovers():
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.suffix in (".py", ".xml", ".js", ".md", ".csv", ".sh", ".scss")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if LEFTOVERS.search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    "path",
    sorted(ROOT.glob("addons/*/__manifest__.py")),
    ids=lambda path: path.parent.name,
)
def test_manifest_and_what_belongs_to_an_addon(path):
    manifest = ast.literal_eval(path.read_text("utf-8"))
    faults = [
        key
        for key, pattern in MANIFEST.items()
        if not pattern.fullmatch(str(manifest.get(key, "")))
    ]
    belongs = ["static/description/icon.png", "pyproject.toml", "readme/DESCRIPTION.*"]
    faults += [name for name in belongs if not list(path.parent.glob(name))]
    assert not faults


def test_the_rule_on_functions_counts():
    body = "    x = 1\n" * FUNCTION_LINES
    assert long_functions(f"def f():\n{body}") == [f"f: {FUNCTION_LINES + 1} lines"]
    documented = f'def f():\n    """Doc.\n\n    More.\n    """\n{body[10:]}'
    assert not long_functions(documented)
