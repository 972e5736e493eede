"""The picture of the data model, from the fields of the main models.

The columns of ``LAYOUT`` say which models are shown and where. What a model refers to comes
from its fields. An arrow leads to a model of the next column; a reference further away
is written in the box.
"""

import ast
from dataclasses import dataclass, field

from . import paths, svg

LAYOUT = (
    ("system", "contract", "retry.policy"),
    ("interface", "endpoint", "client", "mapping", "ownership", "namespace"),
    (
        "replay",
        "message",
        "event",
        "secret",
        "identity.case",
        "identifier",
        "provenance",
    ),
    ("queue", "attempt", "payload", "audit.event"),
)
PREFIX = "interop."
KINDS = {"fields.Many2one": "", "fields.Many2many": " (several)"}
WIDTH, GAP_X, GAP_Y, MARGIN, ROW, HEAD = 216, 96, 20, 16, 15, 40


@dataclass
class Model:
    """A model: its name in words, and what it refers to by field."""

    label: str = ""
    parents: list[str] = field(default_factory=list)
    references: dict[str, tuple[str, str]] = field(default_factory=dict)


def _assigned(node: ast.ClassDef) -> dict[str, ast.AST]:
    return {
        target.id: item.value
        for item in node.body
        if isinstance(item, ast.Assign)
        for target in item.targets
        if isinstance(target, ast.Name)
    }


def _strings(node: ast.AST | None) -> list[str]:
    nodes = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    return [item.value for item in nodes if isinstance(item, ast.Constant)]


def _reference(node: ast.AST) -> tuple[str, str] | None:
    """Model and kind of a stored field that refers to records."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func) not in KINDS:
        return None
    given = {item.arg: item.value for item in node.keywords}
    computed = ("compute" in given or "related" in given) and "store" not in given
    names = _strings(node.args[0] if node.args else given.get("comodel_name"))
    if computed or not names:
        return None
    return names[0], KINDS[ast.unparse(node.func)]


def models() -> dict[str, Model]:
    """The models of the addons, with the references that they inherit from mixins."""
    found: dict[str, Model] = {}
    for path in sorted(paths.ADDONS.glob("interop*/models/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            values = _assigned(node)
            parents = _strings(values.get("_inherit"))
            name = (_strings(values.get("_name")) or parents[:1] or [""])[0]
            model = found.setdefault(name, Model())
            model.label = (_strings(values.get("_description")) or [model.label])[0]
            model.parents += [one for one in parents if one != name]
            for key, value in values.items():
                if reference := _reference(value):
                    model.references[key] = reference
    return found


def references(found: dict[str, Model], name: str) -> dict[str, tuple[str, str]]:
    """What a model refers to by field, mixins included."""
    model = found.get(name, Model())
    inherited: dict[str, tuple[str, str]] = {}
    for parent in model.parents:
        inherited |= references(found, parent)
    return inherited | model.references


def data_picture(found: dict[str, Model]) -> str:
    """The models of the layout that exist, with arrows between neighbors."""
    columns = [
        [PREFIX + one for one in column if PREFIX + one in found] for column in LAYOUT
    ]
    shown = {name: number for number, column in enumerate(columns) for name in column}
    rows = {
        name: [
            (key, target, kind)
            for key, (target, kind) in references(found, name).items()
            if target in shown
        ]
        for name in shown
    }
    places, height = _places(columns, rows)
    width = 2 * MARGIN + len(columns) * (WIDTH + GAP_X) - GAP_X
    parts = [
        _line(places, name, index, target)
        for name, fields in rows.items()
        for index, (_key, target, _kind) in enumerate(fields)
        if abs(shown[name] - shown[target]) == 1
    ]
    for name in shown:
        parts += _card(places[name], name, found[name].label, rows[name])
    return svg.page(width, height, "The main tables and what they refer to", parts)


def _places(columns: list, rows: dict) -> tuple[dict, int]:
    """Left, top and height of each box, and the height of the picture."""
    heights = {name: HEAD + len(fields) * ROW + 8 for name, fields in rows.items()}
    totals = [sum(heights[name] + GAP_Y for name in column) for column in columns]
    places = {}
    for number, column in enumerate(columns):
        free = max(totals) - totals[number]
        gap = GAP_Y + free // max(1, len(column))
        top = MARGIN + (gap - GAP_Y) // 2
        for name in column:
            left = MARGIN + number * (WIDTH + GAP_X)
            places[name] = (left, top, heights[name])
            top += heights[name] + gap
    return places, max(totals) + 2 * MARGIN


def _line(places: dict, name: str, index: int, target: str) -> str:
    """An arrow from the line of a field to the side of its model."""
    left, top, _height = places[name]
    other_left, other_top, _other = places[target]
    middle = top + HEAD + index * ROW + 4
    end = other_top + 18
    if other_left < left:
        return svg.curve((left, middle), (other_left + WIDTH + 2, end), upright=False)
    return svg.curve((left + WIDTH, middle), (other_left - 2, end), upright=False)


def _card(place: tuple, name: str, label: str, fields: list) -> list[str]:
    left, top, height = place
    parts = [
        svg.box(left, top, WIDTH, height),
        svg.text(left + 8, top + 16, name, "head"),
        svg.text(left + 8, top + 30, label, "note"),
    ]
    for index, (key, target, kind) in enumerate(fields):
        words = f"{key}{kind}"
        short = target.removeprefix(PREFIX)
        if short.replace(".", "_") not in key:
            words += f" → {short}"
        parts.append(svg.text(left + 8, top + HEAD + index * ROW + 8, words, "code"))
    return parts
