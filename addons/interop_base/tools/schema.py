"""JSON Schema 2020-12 for contracts: check a schema, list the violations of a value.

Messages never contain the value; they name a member only if its name looks like a name.
Nothing is fetched: a ``$ref`` must stay inside its schema.
"""

import hashlib
import json
import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend

from . import schema_dialect, schema_forms
from .errors import SchemaInvalid
from .formats import FORMATS, compile_pattern, format_checker
from .jsonlimits import SAFE_NAME
from .schema_quick import compile_quick
from .schema_words import sentence

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_BYTES = 512 * 1024
MAX_SCHEMA_DEPTH = 64
DEFAULT_LIMIT = 50
_CACHE_SIZE = 256
_MAX_BRANCH_VIOLATIONS = 5
_MAX_PATHS = 5000

_ONE = ("not", "if", "then", "else", "items", "contains", "additionalProperties")
_ONE += ("unevaluatedProperties", "unevaluatedItems", "propertyNames", "contentSchema")
_MANY = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_REFERENCES = ("$ref", "$dynamicRef")

_cache = OrderedDict()
_cache_lock = Lock()
_format_checker = format_checker()
# This file checks patterns and references itself.
_no_formats = format_checker(())


@dataclass(frozen=True, slots=True)
class Violation:
    """One violated rule: JSON Pointer into the value, schema keyword, one sentence."""

    pointer: str
    keyword: str
    message: str


class _Compiled(NamedTuple):
    """The validator that explains violations, and a fast check for valid values."""

    validator: Any
    quick: Any


def check_schema(schema: dict) -> None:
    """Raise ``SchemaInvalid`` unless the suite can check the schema completely.

    Beyond the standard, it refuses another dialect, references that leave the schema or
    have no target, formats without a checker, and schemas over 512 KiB or 64 levels. It
    also refuses keywords that 2020-12 does not have, and patterns without the meaning
    of ECMAScript here. The last two are refused only here, and not during validation,
    so that published contracts keep working.
    """
    _compiled(schema)
    schema_dialect.check(_parts(schema))


def violations(schema: dict, value, *, limit: int = DEFAULT_LIMIT) -> list[Violation]:
    """Return at most ``limit`` violations of ``value``, in the order of the schema.

    Formats are checked. A text contains nothing of the value except names of members
    that match ``[A-Za-z0-9_.-]{1,64}``.

    :raises SchemaInvalid: the schema is not valid
    """
    return _violations(_compiled(schema), value, limit)


def violations_by_text(text: str, value, *, limit: int = DEFAULT_LIMIT) -> list:
    """Return the same as :func:`violations` for a schema in JSON text.

    The text is parsed and checked once, for the many messages of one contract.
    """
    return _violations(_compiled_text(text), value, limit)


@lru_cache(maxsize=_CACHE_SIZE)
def _compiled_text(text):
    """Return the validators for the text of a schema."""
    try:
        return _compiled(json.loads(text))
    except ValueError:
        raise SchemaInvalid("The schema is not JSON.") from None


def _violations(compiled, value, limit):
    """Return at most ``limit`` violations of ``value``."""
    found = []
    try:
        if compiled.quick(value):
            return found
        for error in islice(compiled.validator.iter_errors(value), limit):
            found.extend(_violations_of(error))
    except RecursionError:
        found.append(
            Violation("", "depth", "The value or the schema has too many levels.")
        )
    return found[:limit]


def field_paths(schema: dict) -> list[str]:
    """Return the paths of the leaf members of a schema, in its order.

    Dots join members, ``[]`` stands for the elements of an array, and ``*`` for members
    with any other name: ``lines[].charge_id``.

    :raises SchemaInvalid: the schema is not valid
    """
    _compiled(schema)
    found = {}
    _collect_paths(schema, schema, "", found, ())
    paths = dict.fromkeys(found.values())
    inner = {
        path[: match.start()]
        for path in paths
        for match in re.finditer(r"\.|\[\]", path)
    }
    return [path for path in paths if path and path not in inner]


def _compiled(schema):
    """Return the validators of a schema, cached by its digest."""
    text = _schema_text(schema)
    key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    with _cache_lock:
        compiled = _cache.get(key)
        if compiled is not None:
            _cache.move_to_end(key)
            return compiled
    # A copy: the caller may change its dict later, which must not change the cache.
    compiled = _compile(json.loads(text))
    with _cache_lock:
        _cache[key] = compiled
        while len(_cache) > _CACHE_SIZE:
            _cache.popitem(last=False)
    return compiled


def _schema_text(schema):
    """Return the schema as JSON text within limits."""
    try:
        text = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        text = None
    if text is None:
        raise SchemaInvalid("The schema is not JSON.")
    if len(text) > MAX_SCHEMA_BYTES:
        raise SchemaInvalid(f"The schema has more than {MAX_SCHEMA_BYTES} characters.")
    return text


def _compile(schema):
    """Return the validators, or raise ``SchemaInvalid``."""
    if not isinstance(schema, dict):
        raise SchemaInvalid("The schema of a contract must be a JSON object.")
    if str(schema.get("$schema", DIALECT)).rstrip("#") != DIALECT:
        raise SchemaInvalid(
            f"This dialect is not supported. Use {DIALECT}.", "/$schema"
        )
    try:
        Draft202012Validator.check_schema(schema, format_checker=_no_formats)
    except SchemaError as error:
        steps = [step for step in error.absolute_path if not isinstance(step, int)]
        raise SchemaInvalid(
            schema_dialect.old_form(steps, error.instance) or error.message[:500],
            _pointer(error.absolute_path),
        ) from None
    except RecursionError:
        raise SchemaInvalid("The schema has too many levels.") from None
    parts = list(_parts(schema))
    checked = {id(part) for _path, part in parts}
    for path, part in parts:
        _check_part(schema, path, part, checked)
    # With "$schema", the library would continue with its own validator below a
    # "$ref": "#".
    schema.pop("$schema", None)
    validator = _Validator(
        schema_forms.for_python(schema, _parts), format_checker=_format_checker
    )
    quick = compile_quick(schema, _parts, lambda reference: _resolve(schema, reference))
    return _Compiled(validator, quick)


def _parts(schema):
    """Yield (pointer, subschema) of every object schema, the schema itself first."""
    stack = [("", schema, 0)]
    while stack:
        path, part, depth = stack.pop()
        if depth > MAX_SCHEMA_DEPTH:
            raise SchemaInvalid(
                f"The schema has more than {MAX_SCHEMA_DEPTH} levels.", path
            )
        if not isinstance(part, dict):
            continue
        yield path, part
        children = [(f"{path}/{k}", part[k]) for k in _ONE if k in part]
        for keyword in _MANY:
            children += [
                (f"{path}/{keyword}/{i}", child)
                for i, child in enumerate(part.get(keyword, ()))
            ]
        for keyword in _NAMED:
            children += [
                (f"{path}/{keyword}/{_escape(name)}", child)
                for name, child in part.get(keyword, {}).items()
            ]
        stack.extend((where, child, depth + 1) for where, child in reversed(children))


def _check_part(schema, path, part, checked):
    """Refuse constructs that the metaschema allows but the suite cannot check.

    A reference may lead only to a part whose ``id()`` is in ``checked``. Examples are
    not schemas, and could contain a reference to anything.
    """
    for keyword in _REFERENCES:
        if keyword not in part:
            continue
        target = _resolve(schema, part[keyword])
        if not isinstance(target, bool) and id(target) not in checked:
            raise SchemaInvalid(
                "A reference must lead to a part of the same schema, such as "
                "#/$defs/name.",
                f"{path}/{keyword}",
            )
    for keyword in ("$id", "$schema"):
        if path and keyword in part:
            raise SchemaInvalid(
                f"Only the whole schema can have {keyword}.",
                f"{path}/{keyword}",
            )
    if part.get("format", "date") not in FORMATS:
        raise SchemaInvalid(
            f"This format cannot be checked. Use one of {', '.join(FORMATS)}.",
            f"{path}/format",
        )
    schema_dialect.check_patterns(path, part, compile_pattern)


def _resolve(schema, reference):
    """Return the target of a local reference, or ``None``."""
    if reference == "#":
        return schema
    if not reference.startswith("#") or "%" in reference:
        return None  # outside the schema, or in an ambiguous encoding
    if not reference.startswith("#/"):
        name = reference[1:]
        anchored = (
            part
            for _path, part in _parts(schema)
            if name in (part.get("$anchor"), part.get("$dynamicAnchor"))
        )
        return next(anchored, None)
    found = schema
    for step in reference[2:].split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        if (
            isinstance(found, list)
            and re.fullmatch("[0-9]{1,6}", step)
            and int(step) < len(found)
        ):
            found = found[int(step)]
        elif isinstance(found, dict) and step in found:
            found = found[step]
        else:
            return None
    return found if isinstance(found, dict | bool) else None


def _violations_of(error):
    """Yield the violation; if no alternative matches, also those of the nearest one."""
    yield Violation(
        _pointer(error.absolute_path), error.validator or "false", sentence(error)
    )
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        return
    branches = {}
    for nested in error.context:
        # An alternative that is just "false" has no path.
        branch = next(iter(nested.schema_path), "false")
        branches.setdefault(branch, []).append(nested)
    nearest = min(branches.values(), key=len)
    for nested in nearest[:_MAX_BRANCH_VIOLATIONS]:
        where = _pointer(nested.absolute_path)
        yield Violation(where, nested.validator or "false", sentence(nested))


def _pointer(path):
    """Return a JSON Pointer; ``*`` replaces a name that may be a value."""
    steps = (
        str(step) if isinstance(step, int) or SAFE_NAME.fullmatch(step) else "*"
        for step in path
    )
    return "".join(f"/{step}" for step in steps)


def _escape(name):
    """Return a name as a token of a JSON Pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _collect_paths(root, part, path, found, seen):
    """Add ``path`` and the paths below it; ``seen`` are the references above."""
    if (path, id(part)) in found:
        return
    found[path, id(part)] = path
    if len(found) > _MAX_PATHS:
        raise SchemaInvalid(f"The schema describes more than {_MAX_PATHS} members.")
    if not isinstance(part, dict):
        return
    for child_path, child in _children(part, path):
        _collect_paths(root, child, child_path, found, seen)
    reference = part.get("$ref")
    if (
        reference and reference not in seen
    ):  # once per branch, so that recursive schemas end
        _collect_paths(root, _resolve(root, reference), path, found, (*seen, reference))


def _children(part, path):
    """Yield (path, subschema) for a value and its parts."""
    dotted = f"{path}." if path else ""
    for name, child in part.get("properties", {}).items():
        yield dotted + name, child
    for child in part.get("patternProperties", {}).values():
        yield f"{dotted}*", child
    if isinstance(part.get("additionalProperties"), dict):
        yield f"{dotted}*", part["additionalProperties"]
    if isinstance(part.get("items"), dict):
        yield f"{path}[]", part["items"]
    for child in part.get("prefixItems", ()):
        yield f"{path}[]", child
    for keyword in ("allOf", "anyOf", "oneOf"):
        for child in part.get(keyword, ()):
            yield path, child
    for keyword in ("then", "else"):
        if keyword in part:
            yield path, part[keyword]


def _pattern_keyword(_validator, pattern, instance, _schema):
    """Check ``pattern`` with the meaning of ECMAScript."""
    if isinstance(instance, str) and not compile_pattern(pattern).search(instance):
        yield ValidationError("The pattern does not match.")


def _unique_keyword(_validator, unique, instance, _schema):
    """Check ``uniqueItems`` in linear time; the library needs quadratic time."""
    if unique and isinstance(instance, list):
        if len({schema_forms.identity(item) for item in instance}) != len(instance):
            yield ValidationError("Two elements are equal.")


def _multiple_keyword(validator, divisor, instance, _schema):
    """Check ``multipleOf`` with decimals; the library divides doubles."""
    if validator.is_type(instance, "number"):
        if not schema_forms.is_multiple(instance, divisor):
            yield ValidationError("The number is not a multiple of the required step.")


_Validator = extend(
    Draft202012Validator,
    {
        "pattern": _pattern_keyword,
        "uniqueItems": _unique_keyword,
        "multipleOf": _multiple_keyword,
    },
)
