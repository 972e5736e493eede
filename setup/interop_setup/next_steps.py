"""The next steps that the screen of a failed message shows, for the page of failures.

They are those of ``message_guidance.py``, so that page and screen never differ.
"""

import ast
from types import SimpleNamespace

from . import paths

GUIDANCE = paths.ADDONS / "interop_base" / "models" / "log" / "message_guidance.py"
FUNCTIONS = {"next_steps", "next_step_of"}


def _functions() -> dict:
    """The functions of the guidance, without the imports of Odoo."""
    tree = ast.parse(GUIDANCE.read_text("utf-8"))
    tree.body = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS
    ]
    found: dict = {}
    exec(compile(tree, str(GUIDANCE), "exec"), found)  # noqa: S102  # our own source
    return found


def next_steps(kinds: dict[str, str]) -> dict[str, dict[str, str]]:
    """The text of each direction (``out``, ``in``) by error class.

    :param kinds: ``technical`` or ``business`` by error class
    """
    found, env = _functions(), SimpleNamespace(_=lambda text: text)
    steps = found["next_steps"](env)
    return {
        name: {
            direction: found["next_step_of"](
                SimpleNamespace(
                    _fields=(),
                    env=env,
                    direction=direction,
                    error_kind=kind,
                    error_class=name,
                ),
                steps,
            )
            for direction in ("out", "in")
        }
        for name, kind in kinds.items()
    }


def sentence(texts: dict[str, str]) -> str:
    """One text of both directions."""
    if texts["out"] == texts["in"]:
        return texts["out"]
    return f"Outbound: {texts['out']} Inbound: {texts['in']}"
