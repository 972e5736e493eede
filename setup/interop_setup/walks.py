"""Pictures of the two walks: a message out, and a message in.

The way out is the list at the top of ``pump_run.py``; a test looks up each hook that it
names. The way in is the order of the calls in ``inbound/pipeline.py`` with the codes
that each step may refuse with.
"""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

from . import paths, svg

BASE = paths.ADDONS / "interop_base"
WIDTH, MARGIN, PAD, GAP = 960, 16, 10, 22
LEFT, RIGHT = 560, 352  # widths of the steps and of the notes beside them
LABELS = {"hooks": "Hooks", "refusals": "Refused with"}


@dataclass
class Step:
    """One step of a walk.

    :param where: the transaction or thread it runs in, or the function
    :param names: hooks, or codes of refusals
    """

    title: str
    where: str
    text: str
    names: list[str] = field(default_factory=list)


# === THE WAY OUT === #


def way_out(source: str) -> list[Step]:
    """The steps that a docstring lists as ``1. **name** (where): text. Hooks: …``."""
    doc = ast.get_docstring(ast.parse(source)) or ""
    items = re.split(r"\n(?=\d+\. )", doc.split("\n\n``", 1)[0])[1:]
    found = []
    for item in items:
        words = " ".join(item.split("\n\n", 1)[0].split())
        match = re.match(r"\d+\. \*\*(.+?)\*\*(?: \((.*?)\))?: (.*)", words)
        if not match:
            continue
        title, where, rest = match.groups()
        text, _hooks, hooks = re.sub(r"\bHooks?\b[^:]*:", "\0", rest).partition("\0")
        names = re.findall(r"``([\w.]+)``", hooks)
        text = re.sub(r"^: ", "", text.strip()) or "The transport sends."
        found.append(Step(title, where or "", _plain(text), _unique(names)))
    return found


def _unique(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _plain(text: str) -> str:
    """A text of a docstring as people read it."""
    text = re.sub(r":\w+:`[~.]*([\w.]+)`", r"\1", text)
    text = " ".join(text.replace("``", "").split()).rstrip(" .:;")
    is_name = re.match(r"\w*[._]", text)
    return (text if is_name else text[:1].upper() + text[1:]) + "."


# === THE WAY IN === #


def _functions(path: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def way_in(folder: Path = BASE / "inbound") -> list[Step]:
    """What ``receive`` and ``take`` of the pipeline call, in their order."""
    modules = {path.stem: _functions(path) for path in sorted(folder.glob("*.py"))}
    own = modules["pipeline"]
    return [
        Step(
            name.rpartition(".")[2].replace("_", " "),
            f"inbound/{module}.py",
            _summary(function),
            _codes(function, modules[module]),
        )
        for name, module, function in _calls(own["receive"], modules)
    ]


def _calls(function: ast.FunctionDef, modules: dict) -> list[tuple]:
    """Name, module and function of each call of a step, ``take`` opened."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    found = []
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        name = ast.unparse(call.func)
        module, _dot, short = name.rpartition(".")
        if name == "take":
            found += _calls(modules["pipeline"][name], modules)
        elif short in modules.get(module or "pipeline", {}):
            module = module or "pipeline"
            found.append((name, module, modules[module][short]))
    return found


def _summary(function: ast.FunctionDef) -> str:
    """The first sentence of a docstring."""
    doc = (ast.get_docstring(function) or "").split("\n\n", 1)[0]
    doc = doc.split("\n:", 1)[0]
    return _plain(re.split(r"(?<=[.])\s", " ".join(doc.split()))[0])


def _codes(function: ast.FunctionDef, known: dict, seen: tuple = ()) -> list[str]:
    """Codes of the refusals of a function and of those that it calls in its file."""
    raised = (ast.get_docstring(function) or "").partition(":raises Refused:")[2]
    found: list[str] = re.findall(r"``(\w+)``", raised)
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name == "Refused" and node.args:
            found += [
                item.value
                for item in ast.walk(node.args[0])
                if isinstance(item, ast.Constant) and isinstance(item.value, str)
            ]
        elif name in known and name not in seen and name != function.name:
            found += _codes(known[name], known, (*seen, function.name))
    return [code for code in _unique(found) if code]


# === DRAWING === #


def walk_picture(title: str, steps: list[Step], begin: str, end: str, kind: str) -> str:
    """Steps below each other, the names that belong to a step beside it.

    :param begin: what starts the walk
    :param end: what it leads to
    :param kind: a key of ``LABELS``
    """
    parts: list[str] = []
    top = MARGIN
    centre = MARGIN + LEFT // 2
    for number, step in enumerate([Step(begin, "", ""), *steps, Step(end, "", "")]):
        inner = 1 <= number <= len(steps)
        words = svg.wrapped(step.text, LEFT - 2 * PAD)
        notes = svg.wrapped(", ".join(step.names), RIGHT - 2 * PAD, "code")
        height = (
            max(len(words) + 1, len(notes) + 1 if notes else 1) * svg.LINE + 2 * PAD
        )
        if number:
            parts.append(svg.arrow((centre, top), (centre, top + GAP - 2)))
            top += GAP
        parts.append(svg.box(MARGIN, top, LEFT, height, "own" if inner else "band"))
        line = top + PAD + 12
        head = (
            f"{number}. {step.title[0].upper()}{step.title[1:]}"
            if inner
            else step.title
        )
        parts.append(svg.text(MARGIN + PAD, line, head, "head"))
        if step.where:
            left = MARGIN + LEFT - PAD
            parts.append(svg.text(left, line, step.where, "note", "end"))
        for index, word in enumerate(words, 1):
            parts.append(svg.text(MARGIN + PAD, line + index * svg.LINE, word))
        if notes:
            left = MARGIN + LEFT + 2 * PAD
            parts.append(svg.text(left, line, LABELS[kind], "note"))
            for index, note in enumerate(notes, 1):
                parts.append(svg.text(left, line + index * svg.LINE, note, "code"))
        top += height
    return svg.page(WIDTH, top + MARGIN, title, parts)


def pictures() -> dict[str, str]:
    """Both pictures by their name."""
    pump_run = BASE / "models" / "engine" / "pump_run.py"
    return {
        "way-out.svg": walk_picture(
            "The way out: from a business change to its receiver",
            way_out(pump_run.read_text("utf-8")),
            "A business method changes a record and publishes it",
            "The receiver has the message, or it waits with an owner",
            "hooks",
        ),
        "way-in.svg": walk_picture(
            "The way in: from a request to its effect",
            way_in(),
            "A transport has authenticated the client",
            "The message is applied, or it waits for the pump, or for its owner",
            "refusals",
        ),
    }
