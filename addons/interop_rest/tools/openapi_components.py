"""Convert a JSON Schema with internal references to components of an OpenAPI document."""

import re

COMPONENTS = "#/components/schemas/"

# Keywords with a plain value, in which "$ref" is not a reference.
_VALUES = frozenset({"const", "default", "enum", "example", "examples"})
# Keywords whose value maps arbitrary names to schemas.
_NAMED = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
# Omitted, because the converted references replace them.
_LEFT_OUT = frozenset({"$schema", "$id", "$defs", "$anchor", "$dynamicAnchor"})
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


def lifted(schema: dict, name: str) -> dict:
    """Return a schema as components, ``{name: schema}``.

    The whole schema has the name ``name``; each referenced part is ``name.<part>``. A
    title becomes a description: client generators name classes by titles, and two
    contracts may have the same title.

    :param schema: JSON Schema 2020-12 with internal references only
    :raises KeyError: a reference has no target
    """
    return _Lift(schema, name).components()


class _Lift:
    """Moves the parts of one schema; ``names`` is ``{pointer: component name}``."""

    def __init__(self, schema, name):
        self.schema = schema
        self.name = name
        self.anchors = _anchors(schema, "")
        self.names = {"": name}

    def components(self):
        """Return the components; a part may reference other parts."""
        found = {}
        while len(found) < len(self.names):
            for pointer, name in list(self.names.items()):
                if name not in found:
                    found[name] = self._moved(_at(self.schema, pointer))
        return found

    def _moved(self, part):
        """Return a part with references from the root of the document."""
        if isinstance(part, list):
            return [self._moved(item) for item in part]
        if not isinstance(part, dict):
            return part
        found = {}
        title = part.get("title")
        if isinstance(title, str):
            part = {key: value for key, value in part.items() if key != "title"}
            part = {"description": title, **part}
        for keyword, value in part.items():
            if keyword in _VALUES:
                found[keyword] = value
            elif keyword in ("$ref", "$dynamicRef") and isinstance(value, str):
                found["$ref"] = self._reference(value)
            elif keyword in _NAMED and isinstance(value, dict):
                if keyword not in _LEFT_OUT:
                    found[keyword] = {
                        name: self._moved(child) for name, child in value.items()
                    }
            elif keyword not in _LEFT_OUT:
                found[keyword] = self._moved(value)
        return found

    def _reference(self, value):
        """Return a reference from the root of the document to a separate component."""
        if value != "#" and not value.startswith("#/"):
            if value.removeprefix("#") not in self.anchors:
                return value
            value = "#" + self.anchors[value.removeprefix("#")]
        pointer = value.removeprefix("#")
        if pointer not in self.names:
            self.names[pointer] = self._component(pointer)
        return COMPONENTS + self.names[pointer]

    def _component(self, pointer):
        """Return a unique component name."""
        steps = pointer.removeprefix("/$defs/").strip("/").split("/")
        label = ".".join(_ODD.sub("_", step) for step in steps)
        name, number = f"{self.name}.{label}", 2
        # "<contract>.message" is reserved for the envelope of the contract.
        taken = {*self.names.values(), f"{self.name}.message"}
        while name in taken:
            name = f"{self.name}.{label}.{number}"
            number += 1
        return name


def _at(schema, pointer):
    """Return the part of a schema at a JSON Pointer."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        schema = schema[int(name)] if isinstance(schema, list) else schema[name]
    return schema


def _anchors(part, pointer):
    """Return the places of the anchors of a schema, ``{anchor: pointer}``."""
    found = {}
    if isinstance(part, list):
        for number, item in enumerate(part):
            found.update(_anchors(item, f"{pointer}/{number}"))
    elif isinstance(part, dict):
        for name in ("$anchor", "$dynamicAnchor"):
            if isinstance(part.get(name), str):
                found[part[name]] = pointer
        for keyword, value in part.items():
            if keyword not in _VALUES:
                step = keyword.replace("~", "~0").replace("/", "~1")
                found.update(_anchors(value, f"{pointer}/{step}"))
    return found


def restored(components: dict, name: str) -> dict:
    """Return the original form of a schema that :func:`lifted` split, for display."""
    parts = {
        key.removeprefix(f"{name}."): schema
        for key, schema in components.items()
        if key.startswith(f"{name}.") and key != f"{name}.message"
    }
    whole = {**components[name], **({"$defs": parts} if parts else {})}
    return _restored(whole, COMPONENTS + name)


def _restored(part, root):
    """Return a part with references from the root of the schema."""
    if isinstance(part, list):
        return [_restored(item, root) for item in part]
    if not isinstance(part, dict):
        return part
    found = {}
    for keyword, value in part.items():
        if keyword == "$ref" and value == root:
            value = "#"
        elif keyword == "$ref" and str(value).startswith(root + "."):
            value = "#/$defs/" + value.removeprefix(root + ".")
        elif keyword not in _VALUES:
            value = _restored(value, root)
        found[keyword] = value
    return found
