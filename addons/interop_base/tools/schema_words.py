"""One plain sentence for each way a value can break a JSON Schema.

The sentences are made of the schema alone, which is public among the parties. Of the
value come at most a JSON type and member names that look like names.
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
    return write(error) if write else "The value is not allowed here by the contract."


def safe_names(names) -> str:
    """Return names that may be shown, the rest as a count."""
    names = list(names)
    shown = [n for n in names if isinstance(n, str) and SAFE_NAME.fullmatch(n)][
        :_MAX_NAMES
    ]
    rest = len(names) - len(shown)
    if shown and rest:
        return f"{', '.join(shown)} and {rest} more"
    return ", ".join(shown) if shown else f"{rest} not named here"


def _counted(error):
    """Write the sentence of a limit on how much or how many."""
    text, unit = _COUNTS[error.validator]
    limit = error.validator_value
    plural = "" if limit == 1 else "s"
    return f"{text} {limit} {unit}{plural}." if unit else f"{text} {limit}."


def _type(error):
    """Say which type is expected and which came."""
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
    """Name the missing members that the schema asks for."""
    missing = [name for name in error.validator_value if name not in error.instance]
    # jsonschema reports one error per missing member: find this one's.
    missing = [
        name for name in missing if error.message.startswith(repr(name))
    ] or missing
    return f"The required member {safe_names(missing[:1])} is missing."


def _dependent_required(error):
    """Name the members that must come together."""
    for name, needed in error.validator_value.items():
        missing = [other for other in needed if other not in error.instance]
        if name in error.instance and missing:
            return f"With the member {safe_names([name])} come: {safe_names(missing)}."
    return "A member that must come together with another is missing."


def _enum(error):
    """List the allowed values of the schema, if they are few and simple."""
    choices = error.validator_value
    simple = all(isinstance(c, _SIMPLE) for c in choices)
    if simple and len(choices) <= _MAX_CHOICES:
        return f"Must be one of: {', '.join(_shown(c) for c in choices)}."
    return "Must be one of the values that the contract lists."


def _const(error):
    """Show the one allowed value of the schema, if it is simple."""
    if isinstance(error.validator_value, _SIMPLE):
        return f"Must be {_shown(error.validator_value)}."
    return "Must be the one value that the contract allows."


def _pattern(error):
    """Show the pattern of the schema, unless it is long."""
    pattern = error.validator_value
    if len(pattern) <= _MAX_SHOWN:
        return f"Must match the pattern {pattern}"
    return "Must match the pattern that the contract gives."


def _format(error):
    """Say in words what the format is."""
    return f"Must be {FORMATS[error.validator_value][1]}."


def _unexpected(error):
    """Name the members that have no place here."""
    # jsonschema lists them only in its message, as repr(name).
    names = [name for name in error.instance if repr(name) in error.message]
    return f"Members that the contract does not know: {safe_names(names)}."


def _choice(error):
    """Say how many alternatives fit, where exactly or at least one must."""
    if error.validator == "oneOf" and not error.context:
        return "Fits more than one form of the contract; exactly one must fit."
    return "Fits none of the contract's forms; the nearest one's rules follow."


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
    "minContains": ("Must contain at least", "fitting element"),
    "maxContains": ("Must contain at most", "fitting element"),
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
    "uniqueItems": lambda error: "Must not have two equal elements.",
    "contains": lambda error: (
        "Must contain an element of the form that the contract gives."
    ),
    "not": lambda error: "Has a form that the contract excludes.",
    "items": lambda error: "Has more elements than the contract allows.",
    "unevaluatedItems": lambda error: "Has elements that the contract does not know.",
}
