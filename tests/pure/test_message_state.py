"""A message's state is written in one function, whatever the way there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATE_FILE = "addons/interop_base/models/log/interop_message.py"
STATE_FUNCTION = "_move"
# SQL that changes messages: other columns are free, the state is not.
UPDATE = re.compile(
    r"""\bUPDATE\s+(?:ONLY\s+)?"?interop_message"?(?:\s+(?:AS\s+)?\w+)?\s+SET\b(.*?)
        (?:\bWHERE\b|\bFROM\b|\bRETURNING\b|$)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
STATE = re.compile(r'(?:^|[\s,("])"?state"?\s*=|\(\s*[^)]*\bstate\b[^)]*\)\s*=')


def sources() -> list[Path]:
    """Python of the addons; tests play workers and time behind the engine's back, and
    migrations run before there is an engine."""
    out = {"tests", "migrations"}
    found = (ROOT / "addons").glob("**/*.py")
    return sorted(path for path in found if not out & set(path.parts))


def text_of(node: ast.expr) -> str:
    """What a literal says; what is put into it counts as something."""
    if isinstance(node, ast.JoinedStr):
        parts = (
            part.value if isinstance(part, ast.Constant) else " ? "
            for part in node.values
        )
        return "".join(map(str, parts))
    return node.value if isinstance(getattr(node, "value", None), str) else ""


def sets_state(sql: str) -> bool:
    """Whether a statement sets the state of messages."""
    return any(STATE.search(match.group(1)) for match in UPDATE.finditer(sql))


def states_in(node: ast.Call) -> bool:
    """Whether a call writes ``state`` by a dict: ``x.write({"state": …})``."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name not in ("write", "update", "_write", "_transition"):
        return False
    return any(
        isinstance(argument, ast.Dict)
        and any(
            isinstance(key, ast.Constant) and key.value == "state"
            for key in argument.keys
        )
        for argument in node.args
    )


def functions_that_set_it(text: str) -> list[str]:
    """Names of the functions with a statement that sets the state of messages, ``""``
    for one outside of any function."""
    found = []

    def visit(node, inside):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = node.name
        if isinstance(node, ast.JoinedStr | ast.Constant) and sets_state(text_of(node)):
            found.append(inside)
            return
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(text), "")
    return found


def models_of(node: ast.ClassDef) -> set[str]:
    """The model that a class defines or extends."""
    return {
        item.value.value
        for item in node.body
        if isinstance(item, ast.Assign)
        and isinstance(item.value, ast.Constant)
        and ast.unparse(item.targets[0]) in ("_name", "_inherit")
    }


def test_the_state_is_set_in_one_function():
    found = {
        str(path.relative_to(ROOT)): names
        for path in sources()
        if (names := functions_that_set_it(path.read_text("utf-8")))
    }
    assert found == {STATE_FILE: [STATE_FUNCTION]}


def test_no_class_of_messages_writes_it_by_the_orm_or_by_the_mixin():
    found = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            if "interop.message" not in models_of(node):
                continue
            found += [
                f"{path.relative_to(ROOT)}:{call.lineno}"
                for call in ast.walk(node)
                if isinstance(call, ast.Call)
                and (
                    states_in(call)
                    or getattr(call.func, "attr", "") in ("_set_state", "_transition")
                )
            ]
    assert not found


def test_the_hook_is_called_in_that_function_only():
    found = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef) or node.name == "_after_move":
                continue
            calls = [
                call
                for call in ast.walk(node)
                if isinstance(call, ast.Call)
                and getattr(call.func, "attr", "") == "_after_move"
            ]
            if calls:
                found[str(path.relative_to(ROOT))] = (node.name, len(calls))
    assert found == {STATE_FILE: (STATE_FUNCTION, 1)}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE interop_message SET state = 'dead' WHERE id = 1", True),
        ("UPDATE interop_message m SET a = 1, state = %s FROM v WHERE true", True),
        ('UPDATE "interop_message" AS m\n SET "state" = v.state FROM v', True),
        ("UPDATE interop_message SET (a, state) = (1, 'dead') WHERE id = 1", True),
        ("UPDATE interop_message SET lane = 'x' WHERE state = 'dead'", False),
        ("UPDATE interop_message SET answer_state_of = 1 WHERE id = 1", False),
        ("UPDATE interop_event SET state = 'new' WHERE id = 1", False),
        ("SELECT 1 FROM interop_message WHERE state = 'dead'", False),
    ],
)
def test_the_rule_sees_statements(sql, found):
    assert sets_state(sql) is found


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("self.write({'state': 'dead'})", True),
        ("self.sudo().write({**x, 'state': y})", True),
        ("self._transition({'state': 'dead'})", True),
        ("self.write({'lane': 'x'})", False),
    ],
)
def test_the_rule_sees_writes(call, found):
    assert states_in(ast.parse(call).body[0].value) is found
