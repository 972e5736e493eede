"""Rules about what a worker keeps in memory (``ormcache``): it is the same for every
caller, and it is forgotten after a change, not before."""

import ast
from pathlib import Path

import pytest

ADDONS = Path(__file__).resolve().parents[2] / "addons"
SEARCHES = {"search", "search_fetch", "search_count", "_read_group"}


def sources() -> list[Path]:
    """Python sources of all addons, tests and migrations left out."""
    return [
        path
        for path in sorted(ADDONS.rglob("*.py"))
        if not {"tests", "migrations"} & set(path.relative_to(ADDONS).parts)
    ]


def functions(text: str) -> list[ast.FunctionDef]:
    """All functions of a source."""
    return [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)
    ]


def calls(function: ast.FunctionDef) -> list[tuple[str, int]]:
    """Name and line of each call."""
    return [
        (node.func.attr, node.lineno)
        if isinstance(node.func, ast.Attribute)
        else (getattr(node.func, "id", ""), node.lineno)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
    ]


def searching_in_a_context(text: str) -> list[str]:
    """Functions that remember what they searched for in the context of the caller.

    ``active_test`` of a list or an import would be remembered for everybody.
    """
    return [
        function.name
        for function in functions(text)
        if any("ormcache" in ast.unparse(item) for item in function.decorator_list)
        and SEARCHES & (names := {name for name, _line in calls(function)})
        and "with_context" not in names
    ]


def forgetting_too_early(text: str) -> list[str]:
    """Functions that clear the cache before ``super()`` makes the change.

    Whatever reads within ``super()`` would remember the old values for good.
    """
    found = []
    for function in functions(text):
        changes = [line for name, line in calls(function) if name == "super"]
        clears = [line for name, line in calls(function) if name == "clear_cache"]
        if changes and clears and min(clears) < max(changes):
            found.append(function.name)
    return found


@pytest.mark.parametrize("rule", [searching_in_a_context, forgetting_too_early])
def test_what_is_remembered(rule):
    """No addon breaks these rules."""
    found = {
        str(path.relative_to(ADDONS)): names
        for path in sources()
        if (names := rule(path.read_text("utf-8")))
    }
    assert not found


def test_the_rules_see():
    """Each rule finds what it is about, and nothing else."""
    searching = "@ormcache()\ndef a(self): return self.sudo(){}.search([])"
    assert searching_in_a_context(searching.format("")) == ["a"]
    assert not searching_in_a_context(
        searching.format(".with_context(active_test=True)")
    )
    early = "def write(self, vals):\n    {}\n    {}"
    parts = ("self.env.registry.clear_cache()", "result = super().write(vals)")
    assert forgetting_too_early(early.format(*parts)) == ["write"]
    assert not forgetting_too_early(early.format(*reversed(parts)))
