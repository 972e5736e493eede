"""``./setup/pages``: the pages of ``docs/`` that are made from the code.

``docs/messages.md`` comes from the contracts that the addons bring as data, and
``docs/troubleshooting.md`` from the tables of errors. The pictures and the README of each
addon are made here, too. A test compares all of them with the code.
"""

import argparse
import ast
import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from . import (
    data_picture,
    next_steps,
    paths,
    pictures,
    readmes,
    state_picture,
    walks,
)
from .errors import SetupError
from .progress import say

DOCS = paths.ROOT / "docs"
MADE = "<!-- Made by ./setup/pages. Change the code or the page's source, not this file. -->"
LABELS = {
    "none": "None",
    "personal": "Personal",
    "patient_adjacent": "Patient-adjacent",
    "in": "In",
    "out": "Out",
    "both": "In and out",
}


@dataclass
class Contract:
    """One version of one message type, as an addon's data describes it.

    :param directions: ``in`` when its handler applies messages, ``out`` when it builds them
    :param classes: data class of single fields, by path
    :param examples: ``(name, JSON)``
    """

    addon: str
    message_type: str
    version: int
    description: str
    model: str
    data_class: str
    schema: dict
    directions: str = "in"
    classes: dict[str, str] = field(default_factory=dict)
    examples: list[tuple[str, object]] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Its name as people write it."""
        return f"{self.message_type} v{self.version}"


# === READING THE ADDONS === #


def contracts(addons: Path = paths.ADDONS) -> list[Contract]:
    """Every contract that the addons bring, by type and version."""
    directions = _directions(addons)
    found: list[Contract] = []
    for path in sorted(addons.glob("*/data/*.xml")):
        known: dict[str, Contract] = {}
        for record in ElementTree.parse(path).iter("record"):
            values = {item.get("name"): item for item in record.findall("field")}
            kind = record.get("model")
            if kind == "interop.contract":
                contract = _contract(addons, path, values)
                contract.directions = directions.get(contract.message_type, "both")
                known[record.get("id")] = contract
            elif kind == "interop.contract.example":
                known[values["contract_id"].get("ref")].examples.append(
                    (values["name"].text.strip(), _json(addons, values["body"]))
                )
            elif kind == "interop.contract.field":
                owner = known[values["contract_id"].get("ref")]
                owner.classes[values["path"].text] = values["data_class"].text
        found += known.values()
    return sorted(found, key=lambda item: (item.message_type, item.version))


def _contract(addons: Path, path: Path, values: dict) -> Contract:
    model = values["model_id"].get("ref", "") if "model_id" in values else ""
    return Contract(
        addon=path.relative_to(addons).parts[0],
        message_type=values["message_type"].text,
        version=int(values["version"].text),
        description=" ".join((values["description"].text or "").split()),
        model=model.partition(".model_")[2].replace("_", "."),
        data_class=values["data_class"].text,
        schema=_json(addons, values["schema"]),
    )


def _json(addons: Path, node: ElementTree.Element) -> dict:
    if node.get("file"):
        return json.loads((addons / node.get("file")).read_text("utf-8"))
    return json.loads(node.text)


def _directions(addons: Path) -> dict[str, str]:
    """What the handlers do, by message type: ``in``, ``out`` or ``both``."""
    classes: dict[str, tuple[list[str], set[str]]] = {}
    for path in sorted(addons.glob("*/models/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                names = _names(node)
                if str(names.get("_name", "")).startswith("interop.handler."):
                    parents = names.get("_inherit", [])
                    methods = {
                        item.name
                        for item in node.body
                        if isinstance(item, ast.FunctionDef)
                    }
                    parents = [parents] if isinstance(parents, str) else parents
                    above, known = classes.setdefault(names["_name"], ([], set()))
                    above += parents
                    known |= methods

    def methods_of(name: str) -> set[str]:
        parents, own = classes.get(name, ([], set()))
        above = [parent for parent in parents if parent != name]
        return own.union(*(methods_of(parent) for parent in above))

    found = {}
    for name in classes:
        does = methods_of(name)
        builds, applies = "_build" in does, "_apply" in does
        kind = "both" if builds and applies else "out" if builds else "in"
        found[name.removeprefix("interop.handler.")] = kind
    return found


def _names(node: ast.ClassDef) -> dict:
    found = {}
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            try:
                found[item.targets[0].id] = ast.literal_eval(item.value)
            except ValueError:
                continue
    return found


# === MESSAGES === #


def fields_of(schema: dict) -> list[tuple[str, str, bool, str]]:
    """Path, type, whether it is required, and description of each member of a schema.

    References to ``$defs`` are followed; a definition that contains itself is not followed
    a second time.
    """
    rows: list[tuple[str, str, bool, str]] = []

    def resolve(node: dict, seen: tuple[str, ...]) -> tuple[dict, tuple[str, ...]]:
        reference = node.get("$ref", "")
        name = reference.removeprefix("#/$defs/")
        if not reference or name in seen:
            return node, seen
        target, seen = resolve(schema["$defs"][name], (*seen, name))
        return {**target, **{k: v for k, v in node.items() if k != "$ref"}}, seen

    def walk(node: dict, path: str, seen: tuple[str, ...]) -> None:
        node, seen = resolve(node, seen)
        if "items" in node and isinstance(node["items"], dict):
            walk(node["items"], f"{path}[]", seen)
        for name, member in node.get("properties", {}).items():
            known, _seen = resolve(member, seen)
            place = f"{path}.{name}" if path else name
            rows.append(
                (
                    place,
                    _type(known),
                    name in node.get("required", ()),
                    known.get("description", ""),
                )
            )
            walk(member, place, seen)

    walk(schema, "", ())
    return rows


def _type(node: dict) -> str:
    if "enum" in node:
        return "one of " + ", ".join(f"`{value}`" for value in node["enum"])
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    kind = node.get("type", "any")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    return f"{kind} ({node['format']})" if "format" in node else kind


def messages_page(found: list[Contract]) -> str:
    """The text of ``docs/messages.md``."""
    lines = [
        "# Message types",
        "",
        MADE,
        "",
        "One list of every message that the addons bring. A contract is one version of one",
        "message type: a published contract never changes. *Direction* is seen from Odoo. The",
        "data class says how Odoo protects the content: personal and patient-adjacent content",
        "is encrypted. An administrator can add more contracts without programming.",
        "",
        "| type | direction | addon | Odoo record | data class | what it says |",
        "|---|---|---|---|---|---|",
    ]
    for item in found:
        anchor = item.title.replace(".", "").replace(" ", "-")
        lines.append(
            f"| [{item.title}](#{anchor}) | {LABELS[item.directions]} | `{item.addon}` "
            f"| {f'`{item.model}`' if item.model else '–'} | {LABELS[item.data_class]} "
            f"| {item.description} |"
        )
    for item in found:
        lines += ["", *_message(item)]
    return "\n".join(lines) + "\n"


def _message(item: Contract) -> list[str]:
    lines = [f"## {item.title}", "", item.description, ""]
    lines += [
        "| field | type | required | data class | meaning |",
        "|---|---|---|---|---|",
    ]
    for path, kind, required, text in fields_of(item.schema):
        level = LABELS[item.classes[path]] if path in item.classes else ""
        cell = " ".join(text.split()).replace("|", "\\|")
        lines.append(
            f"| `{path}` | {kind} | {'yes' if required else ''} | {level} | {cell} |"
        )
    for name, body in item.examples[:1]:
        text = json.dumps(body, indent=2, ensure_ascii=False)
        lines += ["", f"Example: {name}", "", "```json", *text.splitlines(), "```"]
    return lines


# === TROUBLESHOOTING === #


def _tool(addon: str, name: str):
    """A pure module of an addon, by its file."""
    path = paths.ADDONS / addon / "tools" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{addon}_{name}", path)
    if spec is None or not path.is_file():
        raise SetupError(f"{path} is missing.", "Get a whole copy of the repository.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def troubleshooting_page() -> str:
    """The text of ``docs/troubleshooting.md``.

    :raises SetupError: a class of errors has no advice, or an advice has no class
    """
    outcome = _tool("interop_base", "outcome")
    problems = _tool("interop_rest", "problem_kinds")
    advice = json.loads((DOCS / "troubleshooting.json").read_text("utf-8"))
    if set(advice["classes"]) != set(outcome.ERROR_CLASSES):
        differing = set(advice["classes"]) ^ set(outcome.ERROR_CLASSES)
        raise SetupError(
            f"Advice and error classes differ: {', '.join(sorted(differing))}.",
            "Correct docs/troubleshooting.json.",
        )
    lines = ["# Troubleshooting", "", MADE, "", *advice["intro"], ""]
    lines += ["## Error classes of failed messages", ""]
    lines += [
        "| error class | meaning | fixed by | next step | more |",
        "|---|---|---|---|---|",
    ]
    steps = next_steps.next_steps(outcome.ERROR_CLASSES)
    for name, kind in outcome.ERROR_CLASSES.items():
        row = advice["classes"][name]
        cells = [row["meaning"], advice["owners"][kind]]
        cells += [next_steps.sentence(steps[name]), row["more"]]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    lines += ["", "## Results of the answers of a receiver", ""]
    lines += ["| answer | result | error class |", "|---|---|---|"]
    for status in advice["statuses"]:
        found = outcome.classify_status(status, retry_other_4xx=False)
        words = {"done": "done", "retry": "retried", "dead": "failed"}[found.result]
        if found.disable_endpoint:
            words += "; the endpoint is disabled"
        code = f"`{found.error_class}`" if found.error_class else "–"
        lines.append(f"| {status} | {words} | {code} |")
    for question in advice["questions"]:
        lines += ["", f"## {question['title']}", "", *question["text"]]
    lines += ["", "## Error codes of the REST API", ""]
    lines += ["| code | status | title | meaning and next step |", "|---|---|---|---|"]
    for code, kind in sorted(problems.KINDS.items()):
        lines.append(f"| `{code}` | {kind.status} | {kind.title} | {kind.advice} |")
    return "\n".join(lines) + "\n"


# === COMMAND === #


def pages() -> dict[str, str]:
    """Text of each page by its path below the project."""
    return {
        "docs/messages.md": messages_page(contracts()),
        "docs/troubleshooting.md": troubleshooting_page(),
        "docs/addons.svg": pictures.addons_picture(pictures.dependencies()),
        "docs/states.svg": state_picture.state_picture(
            state_picture.moves(), state_picture.states()
        ),
        "docs/data-model.svg": data_picture.data_picture(data_picture.models()),
        **{f"docs/{name}": picture for name, picture in walks.pictures().items()},
        **readmes.readmes(),
    }


def outdated(found: dict[str, str]) -> list[str]:
    """Paths of the pages that differ from these."""
    return [
        name
        for name, text in found.items()
        if not (path := paths.ROOT / name).is_file() or path.read_text("utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write the pages, or only say which are out of date."""
    parser = argparse.ArgumentParser(
        prog="setup/pages",
        description="Make the pages and pictures that come from the code.",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if one is out of date"
    )
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("markdown_it") is None:
        return _in_environment(arguments)
    found = pages()
    old = outdated(found)
    if options.check:
        for name in old:
            say(f"{name} is out of date: run ./setup/pages")
        return int(bool(old))
    for name in old:
        (paths.ROOT / name).write_text(found[name], "utf-8")
        say(f"{name} written")
    return 0


def _in_environment(arguments: list[str]) -> int:
    """Run the command with the project's Python, which can read Markdown.

    :raises SetupError: there is no such environment yet
    """
    if not paths.VENV_PYTHON.exists() or Path(sys.executable) == paths.VENV_PYTHON:
        raise SetupError("The Python environment is missing.", "Run ./setup/bootstrap.")
    command = [paths.VENV_PYTHON, paths.SETUP / "interop_setup", "pages", *arguments]
    return subprocess.run(command, check=False).returncode
