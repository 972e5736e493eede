"""From the places that a mapping fills to a JSON Schema, and from a schema to examples.

A place is a dotted path in an object: ``customer.address.city``. Its schema may be that
of a list, whose items were built the same way.
"""

import re
from dataclasses import dataclass

from .errors import InteropError
from .schema import DIALECT, violations

_STEP = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_STEPS = 8

# What a mapping is at fault for whatever record is sent. Lengths, patterns and limits
# depend on the record; a choice of alternatives cannot be told from invented values.
_STRUCTURAL = ("type", "required", "additionalProperties", "unevaluatedProperties")
_VALUES = ("enum", "const", "false")


class PathError(InteropError):
    """A path is not usable; ``path`` is the one at fault."""

    code = "path"

    def __init__(self, message, path):
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class Place:
    """One path, whether it is always there, and the schema of what is there."""

    path: str
    required: bool
    schema: dict


def check_path(path: str) -> None:
    """Raise PathError unless this is names joined by dots, at most eight of them."""
    steps = (path or "").split(".")
    if len(steps) > MAX_STEPS or not all(_STEP.fullmatch(step) for step in steps):
        raise PathError(
            "A path is names joined by dots, such as customer.address.city. A name has "
            "letters, digits, _ and -.",
            path,
        )


def build_object(places) -> dict:
    """Return the schema of an object with exactly these places.

    Raises PathError when two places are the same, or one leads through another.
    """
    tree = {}
    for place in places:
        check_path(place.path)
        *parents, leaf = place.path.split(".")
        node = tree
        for name in parents:
            node = node.setdefault(name, {})
            if isinstance(node, Place):
                raise PathError(
                    f"“{place.path}” leads through “{node.path}”, which has a value.",
                    place.path,
                )
        if leaf in node:
            raise PathError(f"“{place.path}” has two lines.", place.path)
        node[leaf] = place
    return _object(tree)[0]


def document(schema: dict, title: str) -> dict:
    """Return an object schema as a document of its own, with dialect and title."""
    return {"$schema": DIALECT, "title": title, **schema}


def examples(schema: dict, most: int = 20) -> list[dict]:
    """Return invented values for a schema that :func:`build_object` made.

    The first has every member; together they show every value of every ``enum``, as
    far as ``most`` of them do.
    """
    count = min(most, max(1, _choices(schema)))
    return [_invent(schema, number) for number in range(count)]


def misfits(
    contract: dict, built: dict, *, absent_is_fine: bool = False
) -> list[tuple[str, str]]:
    """Return ``(path, sentence)`` of what no record mapped so could ever satisfy.

    ``built`` is the schema of the mapping. Paths are JSON Pointers into the message.
    ``absent_is_fine``: a mapping that reads messages need not read all of them.
    """
    structural = set(_STRUCTURAL) - ({"required"} if absent_is_fine else set())
    found = {}
    for value in examples(built):
        for violation in violations(contract, value):
            if violation.keyword in structural or (
                violation.keyword in _VALUES
                and _is_known(built, violation.pointer.split("/")[1:])
            ):
                found[violation.pointer, violation.message] = None
    return list(found)


def _object(tree):
    """Return (schema, always there) of a tree of places."""
    properties, required = {}, []
    for name, node in tree.items():
        if isinstance(node, Place):
            properties[name], needed = node.schema, node.required
        else:
            properties[name], needed = _object(node)
        if needed:
            required.append(name)
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
    if required:
        schema["required"] = required
    return schema, bool(required)


def _choices(schema):
    """Return the length of the longest list of choices anywhere in the schema."""
    children = [*schema.get("properties", {}).values()]
    if "items" in schema:
        children.append(schema["items"])
    own = len(schema.get("enum", ()))
    return max([own, *(_choices(child) for child in children)])


def _invent(schema, number):
    """Return one value for the schema."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        choices = schema["enum"]
        return choices[number % len(choices)] if choices else None
    if schema["type"] == "object":
        members = schema["properties"].items()
        return {name: _invent(child, number) for name, child in members}
    if schema["type"] == "array":
        return [_invent(schema["items"], number)]
    if schema["type"] == "string":
        sample = _SAMPLES.get(schema.get("format") or schema.get("pattern"), "text")
        return sample[: schema.get("maxLength")]
    return {"integer": 1, "number": 1.5, "boolean": True}[schema["type"]]


_SAMPLES = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T08:30:00Z",
    r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$": "12.50",
    "^[0-9]{8}$": "20260131",
    "^[0-9]{14}[+-][0-9]{4}$": "20260131083000+0100",
}


def _is_known(built, steps):
    """Say whether the schema names the very values at this place."""
    for step in steps:
        built = built.get("items") or built.get("properties", {}).get(step) or {}
    return "enum" in built or "const" in built
