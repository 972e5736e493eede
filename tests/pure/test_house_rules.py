"""Rules of the house that a machine can check: sizes, leftovers, manifests."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 400
MODEL_LINES = 700  # a model is one class in one file
FUNCTION_LINES = 40  # without its docstring
LEFTOVERS = re.compile(r"\b(TO" + "DO|FIX" + "ME|X{3})\\b|Not" + "ImplementedError")
MANIFEST = {
    "version": re.compile(r"19\.0\.\d+\.\d+\.\d+"),
    "license": re.compile("LGPL-3"),
    "author": re.compile("Interop contributors"),
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


def taken_over(text: str) -> list[str]:
    """What is assigned to parts of something imported: patches of others' code."""
    tree = ast.parse(text)
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            owner = node
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "setattr":
            owner = node.args[0]
        else:
            continue
        while isinstance(owner, ast.Attribute):
            owner = owner.value
        if isinstance(owner, ast.Name) and owner.id in imported:
            found.append(ast.unparse(node))
    return found


def test_nothing_of_others_is_patched():
    found = {
        str(path.relative_to(ROOT)): taken
        for path in sources()
        if path.is_relative_to(ROOT / "addons")
        and (taken := taken_over(path.read_text("utf-8")))
    }
    assert not found


def test_no_addon_inherits_the_base_of_all_models():
    found = [
        str(path.relative_to(ROOT))
        for path in sources()
        if re.search(r"""_inherit\s*=\s*\[?\s*["']base["']""", path.read_text("utf-8"))
    ]
    assert not found


def test_functions_and_files_are_short():
    found = {}
    for path in sources():
        text = path.read_text("utf-8")
        faults = long_functions(text)
        most = MODEL_LINES if "models" in path.parts else FILE_LINES
        if text.count("\n") > most:
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
    if "website" in manifest:
        faults.append("website: there is no address of ours")
    belongs = ["static/description/icon.png", "pyproject.toml", "readme/DESCRIPTION.*"]
    faults += [name for name in belongs if not list(path.parent.glob(name))]
    assert not faults


def test_the_rule_on_functions_counts():
    body = "    x = 1\n" * FUNCTION_LINES
    assert long_functions(f"def f():\n{body}") == [f"f: {FUNCTION_LINES + 1} lines"]
    documented = f'def f():\n    """Doc.\n\n    More.\n    """\n{body[10:]}'
    assert not long_functions(documented)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("http.root = mine", ["http.root"]),
        ("http.Request.serve = mine", ["http.Request.serve"]),
        ("setattr(http.root, 'x', 1)", ["setattr(http.root, 'x', 1)"]),
        ("http.a, b = 1, 2", ["http.a"]),
        ("self.x = http.root", []),
        ("own = http.root\nown.x = 1", []),
    ],
)
def test_the_rule_on_patches_sees(line, found):
    assert taken_over(f"from odoo import http\n{line}") == found


# === PLANS === #


def texts(text: str) -> list[tuple[int, str]]:
    """Line and value of each text in a source; what is put into it is left out."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append((node.lineno, node.value))
        elif isinstance(node, ast.JoinedStr):
            parts = [
                part.value if isinstance(part, ast.Constant) else " ? "
                for part in node.values
            ]
            found.append((node.lineno, "".join(parts)))
    return found


def depends_on_statistics(sql: str) -> bool:
    """Whether a statement compares with ``IN`` a query that is limited or skips locks.

    PostgreSQL may run that query again for each outer row; then its limit says nothing.
    ``= ANY(ARRAY(SELECT …))`` runs it once, whatever the statistics say.
    """
    for match in re.finditer(r"\bIN\s*\(\s*(?=SELECT\b|WITH\b)", sql, re.IGNORECASE):
        depth, end = 1, match.end()
        while end < len(sql) and depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        if re.search(
            r"\b(LIMIT|SKIP\s+LOCKED)\b", sql[match.end() : end], re.IGNORECASE
        ):
            return True
    return False


def test_no_plan_depends_on_statistics():
    """Case 17: one such statement stopped the engine for minutes."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        for number, sql in texts(path.read_text("utf-8"))
        if depends_on_statistics(sql)
    ]
    assert not found


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("DELETE FROM a WHERE id IN (SELECT id FROM a LIMIT 5)", True),
        ("x in (\n SELECT id FROM a ORDER BY f(id) FOR UPDATE SKIP  LOCKED)", True),
        ("id = ANY(ARRAY(SELECT id FROM a LIMIT 5 FOR UPDATE SKIP LOCKED))", False),
        ("id IN (SELECT id FROM a) ORDER BY id LIMIT 5", False),
        ("state IN ('a', 'b') LIMIT 5", False),
    ],
)
def test_the_rule_on_plans_sees(sql, found):
    assert depends_on_statistics(sql) is found


# === TABLE OBJECTS === #


def table_objects() -> dict[tuple[str, str], list[str]]:
    """Files of each index and constraint, by model and name."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(ROOT.glob("addons/*/models/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            values = {
                target.id: item.value
                for item in node.body
                if isinstance(item, ast.Assign)
                for target in item.targets
                if isinstance(target, ast.Name)
            }
            named = values.get("_name", values.get("_inherit"))
            if not isinstance(named, ast.Constant):
                continue
            for name, value in values.items():
                kind = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
                if kind in ("models.Index", "models.UniqueIndex", "models.Constraint"):
                    found.setdefault((named.value, name), []).append(str(path))
    return found


def test_no_index_or_constraint_replaces_another():
    """Odoo keeps them by model and name: the second one of a name takes the first away."""
    found = table_objects()
    assert ("interop.message", "_test_idx") in found
    assert not {key: paths for key, paths in found.items() if len(paths) > 1}
