"""Say fast that a value is valid; whoever cannot say so asks the library.

Nearly all messages are valid, and what the library spends on one of them is mostly
looking up what its schema says. Here a schema becomes a function once. It answers True
only where the library would find nothing; False means "not sure", never "invalid".
"""

from functools import partial

from .formats import compile_pattern

# Keywords that say nothing about a value on their own.
_SILENT = frozenset(
    "$anchor $comment $defs $id $schema contentEncoding contentMediaType default "
    "definitions deprecated description examples readOnly title writeOnly".split()
)
_TYPES = {  # exact: a float that is whole, or a subclass, is left to the library
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
_ANY = ()


def compile_quick(schema, resolve, ask, conforms):
    """Return ``check(value) -> bool``: True if the value is surely valid.

    :param schema: a schema that was checked
    :param resolve: function from a local ``$ref`` to the part it leads to
    :param ask: function ``(part, value) -> bool`` of the library, for parts with
        keywords that are not known here
    :param conforms: function ``(value, format) -> bool``
    """
    return _Quick(resolve, ask, conforms).part(schema)


class _Quick:
    """Compiles parts, each once."""

    def __init__(self, resolve, ask, conforms):
        self.resolve = resolve
        self.ask = ask
        self.conforms = conforms
        self.known = {}  # id of a part -> [check], empty while it is being compiled

    def part(self, part):
        """Return the check of one part of the schema."""
        if isinstance(part, bool):
            return _always if part else _never
        if id(part) not in self.known:
            self.known[id(part)] = []
            self.known[id(part)].append(self._compile(part))
        found = self.known[id(part)]
        # A part within itself is not there yet.
        return found[0] if found else lambda value: found[0](value)

    def _compile(self, part):
        words = [word for word in part if word not in _SILENT and word != "type"]
        if any(word not in _WORDS for word in words):
            return partial(self.ask, part)
        checks = [
            check for word in words if (check := _WORDS[word](self, part[word], part))
        ]
        types = part.get("type", [])
        exact = tuple(
            kind
            for name in ([types] if isinstance(types, str) else types)
            for kind in _TYPES[name]
        )
        return _all_of(exact, checks)


def _always(_value):
    return True


def _never(_value):
    return False


def _all_of(exact, checks):
    """Return the check that the type is one of ``exact`` (any without) and all hold."""

    def check(value):
        if exact and type(value) not in exact:
            return False
        for one in checks:
            if not one(value):
                return False
        return True

    return check


def _reference(quick, reference, _part):
    return quick.part(quick.resolve(reference))


def _every(quick, parts, _part):
    return _all_of(_ANY, [quick.part(part) for part in parts])


def _some(quick, parts, _part):
    checks = [quick.part(part) for part in parts]
    return lambda value: any(check(value) for check in checks)


def _members(quick, named, part):
    """``properties`` together with ``additionalProperties``."""
    checks = {name: quick.part(child) for name, child in named.items()}
    others = quick.part(part.get("additionalProperties", True))

    def check(value):
        if type(value) is not dict:
            return not isinstance(value, dict)
        for name, member in value.items():
            if not checks.get(name, others)(member):
                return False
        return True

    return check


def _additional(quick, _others, part):
    return None if "properties" in part else _members(quick, {}, part)


def _required(_quick, names, _part):
    needed = frozenset(names)
    return lambda value: not isinstance(value, dict) or needed <= value.keys()


def _items(quick, each, _part):
    check = quick.part(each)
    return lambda value: not isinstance(value, list) or all(map(check, value))


def _sized(kind, fits):
    """Return the compiler of a keyword about the length of a ``kind``."""

    def compiled(_quick, limit, _part):
        return lambda value: not isinstance(value, kind) or fits(len(value), limit)

    return compiled


def _bounded(fits):
    """Return the compiler of a keyword about the size of a number."""

    def compiled(_quick, limit, _part):
        return lambda value: type(value) in (int, float) and fits(value, limit)

    return compiled


def _format(quick, name, _part):
    conforms = quick.conforms
    return lambda value: conforms(value, name)


def _pattern(_quick, pattern, _part):
    search = compile_pattern(pattern).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _enum(_quick, values, _part):
    # Texts only: what equals a number, or a list, is left to the library.
    texts = frozenset(value for value in values if isinstance(value, str))
    return lambda value: isinstance(value, str) and value in texts


def _const(_quick, constant, _part):
    return _enum(_quick, [constant], _part)


def _at_least(value, limit):
    return value >= limit


def _at_most(value, limit):
    return value <= limit


def _more_than(value, limit):
    return value > limit


def _less_than(value, limit):
    return value < limit


_WORDS = {
    "$ref": _reference,
    "additionalProperties": _additional,
    "allOf": _every,
    "anyOf": _some,
    "const": _const,
    "enum": _enum,
    "exclusiveMaximum": _bounded(_less_than),
    "exclusiveMinimum": _bounded(_more_than),
    "format": _format,
    "items": _items,
    "maxItems": _sized(list, _at_most),
    "maxLength": _sized(str, _at_most),
    "maxProperties": _sized(dict, _at_most),
    "maximum": _bounded(_at_most),
    "minItems": _sized(list, _at_least),
    "minLength": _sized(str, _at_least),
    "minProperties": _sized(dict, _at_least),
    "minimum": _bounded(_at_least),
    "pattern": _pattern,
    "properties": _members,
    "required": _required,
}
