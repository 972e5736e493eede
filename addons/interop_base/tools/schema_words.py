"""One sentence for each kind of violation of a JSON Schema.

The sentences use the schema, which all partners know. Of the value they contain at most
a JSON type, and member names that look like names.
"""

from .formats import FORMATS
from .jsonlimits import SAFE_NAME

_MAX_NAMES = 5
_MAX_CHOICES = 12
_MAX_SHOWN = 80

_SIMPLE = (str, int, float, bool, type(None))
_TYPE_WORDS = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "text",
}


def sentence(error) -> str:
    """Return the sentence for a jsonschema ``ValidationError``."""
    if error.validator in _COUNTS:
        return _counted(error)
    write = _WRITERS.get(error.validator)
    return write(error) if write else "The contract does not allow this value."


def safe_names(names) -> str:
    """Return the names that may be shown, and the number of the others."""
    names = list(names)
    shown = [n for n in names if isinstance(n, str) and SAFE_NAME.fullmatch(n)][
        :_MAX_NAMES
    ]
    rest = len(names) - len(shown)
    if shown and rest:
        return f"{', '.join(shown)} and {rest} more"
    return ", ".join(shown) if shown else f"{rest} that cannot be shown"


def _counted(error):
    """Return the sentence about a limit of an amount or a length."""
    text, unit = _COUNTS[error.validator]
    limit = error.validator_value
    plural = "" if limit == 1 else "s"
    return f"{text} {limit} {unit}{plural}." if unit else f"{text} {limit}."


def _type(error):
    """Return the sentence about the expected and the actual type."""
    allowed = error.validator_value
    allowed = [allowed] if isinstance(allowed, str) else allowed
    words = " or ".join(_TYPE_WORDS.get(name, name) for name in allowed)
    return f"Must be {words}, not {_type_word(error.instance)}."


def _type_word(value):
    """Return the JSON type of a value in words."""
    if isinstance(value, bool):
        return "a boolean"
    for kind, name in (
        (dict, "object"),
        (list, "array"),
        (str, "string"),
        (type(None), "null"),
    ):
        if isinstance(value, kind):
            return _TYPE_WORDS[name]
    return "a number"


def _required(error):
    """Return the sentence about a missing required member."""
    missing = [name for name in error.validator_value if name not in error.instance]
    # jsonschema reports one error per missing member. Find the member of this error.
    missing = [
        name for name in missing if error.message.startswith(repr(name))
    ] or missing
    return f"The required member {safe_names(missing[:1])} is missing."


def _dependent_required(error):
    """Return the sentence about members that must come together."""
    for name, needed in error.validator_value.items():
        missing = [other for other in needed if other not in error.instance]
        if name in error.instance and missing:
            return (
                f"The member {safe_names([name])} also requires: {safe_names(missing)}."
            )
    return "Another member requires a member that is missing."


def _enum(error):
    """Return the sentence with the allowed values, if they are few and simple."""
    choices = error.validator_value
    simple = all(isinstance(c, _SIMPLE) for c in choices)
    if simple and len(choices) <= _MAX_CHOICES:
        return f"Must be one of: {', '.join(_shown(c) for c in choices)}."
    return "Must be one of the values in the contract."


def _const(error):
    """Return the sentence with the only allowed value, if it is simple."""
    if isinstance(error.validator_value, _SIMPLE):
        return f"Must be {_shown(error.validator_value)}."
    return "Must be the only value that the contract allows."


def _pattern(error):
    """Return the sentence with the pattern, unless it is long."""
    pattern = error.validator_value
    if len(pattern) <= _MAX_SHOWN:
        return f"Must match the pattern {pattern}"
    return "Must match the pattern in the contract."


def _format(error):
    """Return the sentence with the format in words."""
    return f"Must be {FORMATS[error.validator_value][1]}."


def _unexpected(error):
    """Return the sentence with the names of unexpected members."""
    # jsonschema lists them only in its message, as repr(name).
    names = [name for name in error.instance if repr(name) in error.message]
    return f"The contract does not allow these members: {safe_names(names)}."


def _choice(error):
    """Return the sentence about the number of matching alternatives."""
    if error.validator == "oneOf" and not error.context:
        return "Matches several forms of the contract, but must match exactly one."
    return "Matches no form of the contract. The violations of the nearest form follow."


def _shown(value):
    """Return a simple value of the schema as JSON-like text."""
    words = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    return str(value)[:_MAX_SHOWN]


_COUNTS = {
    "minLength": ("Must have at least", "character"),
    "maxLength": ("Must have at most", "character"),
    "minItems": ("Must have at least", "element"),
    "maxItems": ("Must have at most", "element"),
    "minProperties": ("Must have at least", "member"),
    "maxProperties": ("Must have at most", "member"),
    "minContains": ("Must contain at least", "matching element"),
    "maxContains": ("Must contain at most", "matching element"),
    "minimum": ("Must be at least", ""),
    "maximum": ("Must be at most", ""),
    "exclusiveMinimum": ("Must be more than", ""),
    "exclusiveMaximum": ("Must be less than", ""),
    "multipleOf": ("Must be a multiple of", ""),
}
_WRITERS = {
    "type": _type,
    "required": _required,
    "dependentRequired": _dependent_required,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "format": _format,
    "additionalProperties": _unexpected,
    "unevaluatedProperties": _unexpected,
    "anyOf": _choice,
    "oneOf": _choice,
    "uniqueItems": lambda error: "Must not contain equal elements.",
    "contains": lambda error: "Must contain an element of the form in the contract.",
    "not": lambda error: "Has a form that the contract forbids.",
    "items": lambda error: "Has more elements than the contract allows.",
    "unevaluatedItems": lambda error: "Has elements that the contract does not allow.",
}
