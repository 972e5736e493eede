"""Say fast that a value is valid; what is not is said by the library that explains.

Nearly all messages are valid. ``jsonschema-rs`` (JSON Schema 2020-12, in Rust) says so
two hundred times faster than ``jsonschema``, which then has no need to look at them; of
those that are not valid the latter says all that is wrong, in the schema's order.
"""

from jsonschema_rs import Draft202012Validator, RegexOptions
from jsonschema_rs import ValidationError as Refused

from . import schema_forms
from .formats import FORMATS

# Keywords whose parts look at the same value as the part they are in.
_HERE_ONE = ("not", "if", "then", "else")
_HERE_MANY = ("allOf", "anyOf", "oneOf")
_REFERENCES = ("$ref", "$dynamicRef")


def compile_quick(schema, parts_of, resolve):
    """Return ``check(value) -> bool``: True if the value is valid, False if unsure.

    Formats are checked by our own functions. Nothing is fetched: a reference that leads
    out of the schema is refused before.

    :param schema: a schema that was checked; one that goes round in circles, or with
        something in it that cannot be compiled, is never sure
    :param parts_of: function from a schema to (pointer, part) of it and all its parts
    :param resolve: function from a reference to the part it leads to
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
        except (ValueError, TypeError):  # nested too deep, or no JSON value
            return False

    return check


def _unsure(_value):
    return False


def _goes_round(part, resolve, above, seen):
    """Say whether a part leads back to itself without going into the value.

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
