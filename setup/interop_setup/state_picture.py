"""The picture of a message's states, from the table of moves.

Each state is a line from top to bottom, each move an arrow from the states that it starts
from to the state that it leads to.
"""

import ast
from dataclasses import dataclass

from . import paths, svg
from .errors import SetupError

BASE = paths.ADDONS / "interop_base"
MOVES = BASE / "models" / "log" / "message_moves.py"
# States of a move whose target comes with each row: what a worker may report.
REPORTED = ("pending", "done", "dead")
LABELS = {
    "CLAIMED": "A worker claims the message",
    "RECLAIMED": "The lease of a dead worker expired",
    "RESULT": "A worker reports the result of an attempt",
    "DONE": "It is done without an attempt over the network",
    "SKIPPED": "Nothing has to be done, with the reason",
    "SUPERSEDED": "A newer message replaces a failed one",
    "CANCELLED": "A user cancels the message",
    "CLOSED": "A user closes failed messages",
    "DEAD": "It failed, and no retry is possible",
    "PARKED": "A person has to decide",
    "RETRIED": "A user retries it, or the decision was made",
    "RETRIED_OLD": "A user sends older content on purpose",
    "REPLAYED": "A replay sends it again",
    "CONFIRMED": "The receiver confirms it later",
    "REJECTED": "The receiver refuses it later",
}
ROW, HEAD, FIRST, COLUMN, MARGIN = 30, 56, 330, 96, 16


@dataclass
class Move:
    """One move: where it starts, and where it may lead to."""

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]

    @property
    def label(self) -> str:
        """What happens, in words."""
        return LABELS.get(self.name, self.name.replace("_", " ").capitalize())


def states() -> dict[str, str]:
    """Label of each state."""
    return dict(_constants()["MESSAGE_STATES"])


def _constants() -> dict:
    """The constants of the ground that can be read without running it."""
    found = {}
    for node in ast.parse((BASE / "const.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def moves() -> list[Move]:
    """The moves of the table, in its order.

    :raises SetupError: a move names a state that does not exist
    """
    constants, known = _constants(), set(states())
    found: dict[str, Move] = {}
    for node in ast.parse(MOVES.read_text("utf-8")).body:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        name, call = node.targets[0].id, node.value
        function = ast.unparse(call.func)
        given = {item.arg: item.value for item in call.keywords}
        if function == "Move":
            given = dict(zip(("state", "allowed"), call.args, strict=False)) | given
            targets, sources = REPORTED, ()
        elif function.endswith("._replace") and function[:-9] in found:
            targets, sources = (
                found[function[:-9]].targets,
                found[function[:-9]].sources,
            )
        else:
            continue
        if isinstance(given.get("state"), ast.Constant):
            targets = (given["state"].value,)
        if "allowed" in given:
            sources = _values(given["allowed"], constants)
        found[name] = Move(name, sources, targets)
        if unknown := {*sources, *targets} - known:
            raise SetupError(f"{name} names {unknown}.", f"Look at {MOVES}.")
    return list(found.values())


def _values(node: ast.AST, constants: dict) -> tuple[str, ...]:
    """A tuple of states, those of named constants filled in."""
    if isinstance(node, ast.Attribute):
        return tuple(constants[node.attr])
    found: list[str] = []
    for item in node.elts:
        value = item.value
        found += [value] if isinstance(value, str) else _values(value, constants)
    return tuple(found)


def state_picture(found: list[Move], labels: dict[str, str]) -> str:
    """States as columns, moves as rows: a dot where a move starts, a tip where it ends."""
    columns = {
        name: FIRST + index * COLUMN + COLUMN // 2 for index, name in enumerate(labels)
    }
    width = FIRST + len(labels) * COLUMN + MARGIN
    height = HEAD + len(found) * ROW + MARGIN
    parts = [
        svg.box(MARGIN // 2, HEAD + index * ROW, width - MARGIN, ROW, "band")
        for index in range(0, len(found), 2)
    ]
    for name, left in columns.items():
        parts.append(svg.text(left, 24, name, "head", anchor="middle"))
        parts.append(svg.text(left, 40, labels[name], "note", anchor="middle"))
        parts.append(
            f'<line class="life" x1="{left}" y1="{HEAD}" x2="{left}" y2="{height - 8}"/>'
        )
    order = list(LABELS)
    found = sorted(
        found, key=lambda move: order.index(move.name) if move.name in order else 99
    )
    for index, move in enumerate(found):
        line = HEAD + index * ROW + ROW // 2
        parts.append(svg.text(MARGIN, line + 4, move.label))
        for target in move.targets:
            parts += [
                svg.arrow((columns[source], line), (columns[target], line))
                for source in move.sources
                if source != target
            ]
        parts += [
            f'<circle cx="{columns[source]}" cy="{line}" r="4"/>'
            for source in move.sources
        ]
    return svg.page(
        width, height, "States of a message and the moves between them", parts
    )
