"""Build a JSON Schema from the paths of a mapping, and examples from a schema.

A path is dotted: ``customer.address.city``. Its schema may be that of a list, whose
items were built in the same way.
"""

import re
from dataclasses import dataclass

from .errors import InteropError
from .schema import DIALECT, violations

_STEP = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_STEPS = 8

# Violations that a mapping causes for every record. Lengths, patterns and limits depend
# on the record. Alternatives cannot be distinguished with invented values.
_STRUCTURAL = ("type", "required", "additionalProperties", "unevaluatedProperties")
_VALUES = ("enum", "const", "false")


class PathError(InteropError):
    """A path is not valid; ``path`` is the wrong path."""

    code = "path"

    def __init__(self, message, path):
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class Place:
    """One path, whether it always has a value, and the schema of its value."""

    path: str
    required: bool
    schema: dict


def check_path(path: str) -> None:
    """Raise ``PathError`` unless the path is 1 to 8 names joined by dots."""
    steps = (path or "").split(".")
    if len(steps) > MAX_STEPS or not all(_STEP.fullmatch(step) for step in steps):
        raise PathError(
            "A path must be names joined by dots, such as customer.address.city. A "
            "name has letters, digits, _ and -.",
            path,
        )


def build_object(places) -> dict:
    """Return the schema of an object with exactly these places.

    :raises PathError: two places are equal, or one leads through another
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
                    f"“{place.path}” leads through “{node.path}”, which has a value "
                    f"itself.",
                    place.path,
                )
        if leaf in node:
            raise PathError(f"“{place.path}” has two lines.", place.path)
        node[leaf] = place
    return _object(tree)[0]


def document(schema: dict, title: str) -> dict:
    """Return an object schema as a complete document, with dialect and title."""
    return {"$schema": DIALECT, "title": title, **schema}


def examples(schema: dict, most: int = 20) -> list[dict]:
    """Return invented values for a schema that :func:`build_object` built.

    The first one has all members. Together they show all values of all ``enum``,
    limited to ``most`` examples.
    """
    count = min(most, max(1, _choices(schema)))
    return [_invent(schema, number) for number in range(count)]


def misfits(
    contract: dict, built: dict, *, absent_is_fine: bool = False
) -> list[tuple[str, str]]:
    """Return ``(path, sentence)`` of violations that every mapped record would have.

    :param built: the schema of the mapping
    :param absent_is_fine: whether members may be missing in the mapping, as in one that
        reads messages
    :returns: paths are JSON Pointers into the message
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
    """Return (schema, always present) of a tree of places."""
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
    """Return the length of the longest list of choices in the schema."""
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
    """Return whether the schema names the exact values at this place."""
    for step in steps:
        built = built.get("items") or built.get("properties", {}).get(step) or {}
    return "enum" in built or "const" in built
