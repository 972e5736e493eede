"""A JSON Schema with references of its own as components of an OpenAPI document."""

import re

COMPONENTS = "#/components/schemas/"

# Keywords whose value is a plain value, in which "$ref" is no reference.
_VALUES = frozenset({"const", "default", "enum", "example", "examples"})
# Keywords whose value maps names, which may be any, to schemas.
_NAMED = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
# Left out: what they say is said by the references afterwards.
_LEFT_OUT = frozenset({"$schema", "$id", "$defs", "$anchor", "$dynamicAnchor"})
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


def lifted(schema: dict, name: str) -> dict:
    """Return a schema as components, ``{name: schema}``: the whole one under ``name``,
    and under ``name.<part>`` every part that a reference leads to.

    A title becomes a description: generators of clients name classes by titles, and two
    contracts may have the same ones.

    :param schema: JSON Schema 2020-12 whose references stay inside of it
    :raises KeyError: a reference that leads nowhere
    """
    return _Lift(schema, name).components()


class _Lift:
    """Moves the parts of one schema; ``names`` is ``{pointer: component}``."""

    def __init__(self, schema, name):
        self.schema = schema
        self.name = name
        self.anchors = _anchors(schema, "")
        self.names = {"": name}

    def components(self):
        """Return the components; each part may lead to others."""
        found = {}
        while len(found) < len(self.names):
            for pointer, name in list(self.names.items()):
                if name not in found:
                    found[name] = self._moved(_at(self.schema, pointer))
        return found

    def _moved(self, part):
        """Return a part with references from the document's root."""
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
        """Return a reference from the document's root, to a component of its own."""
        if value != "#" and not value.startswith("#/"):
            if value.removeprefix("#") not in self.anchors:
                return value
            value = "#" + self.anchors[value.removeprefix("#")]
        pointer = value.removeprefix("#")
        if pointer not in self.names:
            self.names[pointer] = self._component(pointer)
        return COMPONENTS + self.names[pointer]

    def _component(self, pointer):
        """Return a name that no other part has."""
        steps = pointer.removeprefix("/$defs/").strip("/").split("/")
        label = ".".join(_ODD.sub("_", step) for step in steps)
        name, number = f"{self.name}.{label}", 2
        # The name of the whole message of the contract.
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
    """Return where the named parts of a schema are, ``{anchor: pointer}``."""
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
    """Return the schema that :func:`lifted` has taken apart, with ``$defs``; for people."""
    parts = {
        key.removeprefix(f"{name}."): schema
        for key, schema in components.items()
        if key.startswith(f"{name}.") and key != f"{name}.message"
    }
    whole = {**components[name], **({"$defs": parts} if parts else {})}
    return _restored(whole, COMPONENTS + name)


def _restored(part, root):
    """Return a part with references from the schema's own root."""
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
