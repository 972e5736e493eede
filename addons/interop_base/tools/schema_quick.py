"""A fast check for valid values; the slower library explains violations.

Nearly all messages are valid. ``jsonschema-rs`` (JSON Schema 2020-12, in Rust) confirms
this two hundred times faster than ``jsonschema``. Only if a value is not valid,
``jsonschema`` lists all violations, in the order of the schema.
"""

from jsonschema_rs import Draft202012Validator, RegexOptions
from jsonschema_rs import ValidationError as Refused

from . import schema_forms
from .formats import FORMATS

# Keywords whose parts apply to the same value as the part that contains them.
_HERE_ONE = ("not", "if", "then", "else")
_HERE_MANY = ("allOf", "anyOf", "oneOf")
_REFERENCES = ("$ref", "$dynamicRef")


def compile_quick(schema, parts_of, resolve):
    """Return ``check(value) -> bool``: True if the value is valid, False if unsure.

    Formats are checked by the functions of this suite. Nothing is fetched: a reference
    that leads out of the schema was refused before.

    :param schema: a checked schema; the check is always unsure if it is recursive on
        the same value, or cannot be compiled
    :param parts_of: function from a schema to (pointer, part) of all its parts
    :param resolve: function from a reference to its target
    """
    seen = set()
    if any(_goes_round(part, resolve, (), seen) for _path, part in parts_of(schema)):
        return _unsure
    written = schema_forms.for_rust(schema, parts_of)
    if written is None:
        return _unsure
    try:
        validator = Draft202012Validator(
            written,
            keywords=schema_forms.KEYWORDS,
            pattern_options=RegexOptions(),
            formats={name: function for name, (function, _words) in FORMATS.items()},
            validate_formats=True,
            offline=True,
        )
    except (ValueError, TypeError, Refused):
        return _unsure

    def check(value):
        try:
            return validator.is_valid(value)
        except (ValueError, TypeError):  # too many levels, or not a JSON value
            return False

    return check


def _unsure(_value):
    return False


def _goes_round(part, resolve, above, seen):
    """Return whether a part leads back to itself without descending into the value.

    :param above: ``id`` of the parts that led here
    :param seen: ``id`` of the parts that do not lead to themselves
    """
    if not isinstance(part, dict) or id(part) in seen:
        return False
    if id(part) in above:
        return True
    here = [resolve(part[word]) for word in _REFERENCES if word in part]
    here += [part[word] for word in _HERE_ONE if word in part]
    here += [child for word in _HERE_MANY for child in part.get(word, ())]
    here += part.get("dependentSchemas", {}).values()
    if any(_goes_round(child, resolve, (*above, id(part)), seen) for child in here):
        return True
    seen.add(id(part))
    return False
