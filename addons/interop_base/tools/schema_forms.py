"""One schema in two forms, for the two validators, and their common parts.

Both get the same patterns (:mod:`ecma_regex`), and call the same Python functions for
formats and ``multipleOf``. So they cannot disagree about them.
"""

import copy
from fractions import Fraction
from urllib.parse import quote

from . import ecma_regex
from .errors import PatternError
from .formats import compile_pattern
from .schema_dialect import KEYWORDS as DIALECT_KEYWORDS

# A keyword of the internal forms only; no contract can contain it.
PATTERN = "interop:pattern"
# Includes the keyword that 2020-12 keeps for references from older contracts.
KNOWN = DIALECT_KEYWORDS | {"definitions"}


def for_python(schema, parts_of):
    """Return the schema for ``jsonschema``; names of ``patternProperties`` are
    translated.

    A ``pattern`` stays unchanged, because errors show it.

    :param parts_of: function from a schema to (pointer, subschema) of all its parts
    """
    return _rewritten(
        schema, parts_of, lambda pattern: compile_pattern(pattern).pattern
    )


def for_rust(schema, parts_of):
    """Return the schema for ``jsonschema-rs``, ``None`` if it cannot match a name's
    pattern.

    A ``pattern`` that Rust's ``regex`` does not support moves to :data:`PATTERN`.
    """
    try:
        written = _rewritten(schema, parts_of, _rust_name)
    except PatternError:
        return None
    for _path, part in parts_of(written):
        # The library still checks some keywords of older drafts, such as
        # "dependencies".
        for keyword in part.keys() - KNOWN:
            del part[keyword]
        if "pattern" in part:
            pattern = part.pop("pattern")
            rust = _rust(pattern)
            part.update({PATTERN: pattern} if rust is None else {"pattern": rust})
    return written


def is_multiple(value, divisor) -> bool:
    """Return whether a number is a multiple of another, by their decimals as written.

    19.99 is a multiple of 0.01, but the doubles of these numbers are not.
    """
    if isinstance(value, int) and isinstance(divisor, int):
        return value % divisor == 0
    return (_exact(value) / _exact(divisor)).denominator == 1


def identity(value):
    """Return a hashable form; only equal JSON values have equal forms."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, dict):
        return frozenset((name, identity(item)) for name, item in value.items())
    if isinstance(value, list):
        return tuple(identity(item) for item in value)
    return value


class MultipleOf:
    """``multipleOf`` for ``jsonschema-rs``."""

    def __init__(self, _parent, value, _path):
        self.divisor = value

    def validate(self, instance):
        """Raise ``ValueError`` for a number that is not a multiple."""
        is_number = isinstance(instance, int | float) and not isinstance(instance, bool)
        if is_number and not is_multiple(instance, self.divisor):
            raise ValueError("no multiple")


class Pattern:
    """:data:`PATTERN` for ``jsonschema-rs``."""

    def __init__(self, _parent, value, _path):
        self.search = compile_pattern(value).search

    def validate(self, instance):
        """Raise ``ValueError`` for text that does not match."""
        if isinstance(instance, str) and not self.search(instance):
            raise ValueError("no match")


KEYWORDS = {"multipleOf": MultipleOf, PATTERN: Pattern}


def _exact(number):
    return Fraction(repr(number) if isinstance(number, float) else number)


def _rust(pattern):
    """Return a pattern for Rust, ``None`` if its engine does not support it."""
    try:
        return ecma_regex.translate(pattern).rust
    except PatternError:  # a published contract may have a pattern that is refused now
        return None


def _rust_name(pattern):
    written = _rust(pattern)
    if written is None:
        raise PatternError("beyond the engine")
    return written


def _rewritten(schema, parts_of, write):
    """Return a copy with other names of ``patternProperties``, and updated
    references."""
    written = copy.deepcopy(schema)
    renamed = False
    for _path, part in parts_of(written):
        if "patternProperties" in part:
            renamed = True
            part["patternProperties"] = _renamed(part["patternProperties"], write)
    if renamed:
        _follow(schema, written, parts_of)
    return written


def _renamed(named, write):
    """Return the same parts under the patterns that ``write`` returns."""
    found = {}
    for pattern, part in named.items():
        name = write(pattern)
        while name in found:  # two spellings of one pattern: both parts apply
            name += "(?:)"
        found[name] = part
    return found


def _follow(schema, written, parts_of):
    """Update the references to the new places of their targets."""
    moved = {
        f"#{old}": f"#{quote(new, safe='/~')}"
        for (old, _), (new, _) in zip(parts_of(schema), parts_of(written), strict=True)
        if old != new
    }
    for _path, part in parts_of(written):
        for keyword in ("$ref", "$dynamicRef"):
            if part.get(keyword) in moved:
                part[keyword] = moved[part[keyword]]
