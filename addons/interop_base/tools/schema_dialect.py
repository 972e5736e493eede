"""What a contract's schema may hold: keywords of JSON Schema 2020-12, and no other.

The standard lets a validator ignore a keyword that it does not know. So a check that is
written in an older draft, or misspelt, would check nothing and nobody would notice. It
is refused when the schema is saved, with the words that 2020-12 has for it.
"""

from difflib import get_close_matches

from . import ecma_regex
from .errors import PatternError, SchemaInvalid
from .jsonlimits import SAFE_NAME

KEYWORDS = frozenset(
    # core and annotations
    """$schema $id $ref $anchor $dynamicRef $dynamicAnchor $defs $comment $vocabulary
    title description default deprecated readOnly writeOnly examples format
    contentEncoding contentMediaType contentSchema """
    # applicators
    """allOf anyOf oneOf not if then else dependentSchemas prefixItems items contains
    properties patternProperties additionalProperties propertyNames unevaluatedItems
    unevaluatedProperties """
    # validation
    """type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum
    maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains
    maxProperties minProperties required dependentRequired""".split()
)
ANNOTATION_PREFIX = "x-"
_REPLACED = {
    "definitions": "Write $defs.",
    "dependencies": "Write dependentRequired for members that come together, or "
    "dependentSchemas for a schema that applies with a member.",
    "additionalItems": "Write prefixItems for the first elements and items for the "
    "others.",
    "id": "Write $id.",
    "$recursiveRef": "Write $dynamicRef.",
    "$recursiveAnchor": "Write $dynamicAnchor.",
    "divisibleBy": "Write multipleOf.",
    "disallow": "Write not.",
    "extends": "Write allOf.",
    "nullable": 'Write "null" as one of the types.',
    "example": "Write examples, a list.",
    "discriminator": "Write oneOf, each form with a const.",
}
# (keyword, Python type of its value) of older drafts, which the metaschema refuses.
_OLD_FORMS = {
    ("items", list): "A list of schemas is prefixItems; items is one schema for the "
    "other elements.",
    ("exclusiveMinimum", bool): "exclusiveMinimum is the limit itself, a number.",
    ("exclusiveMaximum", bool): "exclusiveMaximum is the limit itself, a number.",
    ("required", bool): "required is a list of names in the schema of the object.",
    ("$recursiveAnchor", bool): "Write $dynamicAnchor, a name.",
    ("dependentRequired", list): "dependentRequired is an object of lists of names.",
}


def check(parts) -> None:
    """Raise SchemaInvalid for what 2020-12 does not know, or what has no equal meaning
    in every validator.

    :param parts: (pointer, subschema) of every object schema
    """
    for path, part in parts:
        for keyword in part:
            if keyword not in KEYWORDS and not keyword.startswith(ANNOTATION_PREFIX):
                raise SchemaInvalid(_unknown(keyword), path)
        check_patterns(path, part, ecma_regex.translate)


def old_form(path, value) -> str:
    """Return the 2020-12 words for a keyword in the form of an older draft, or ``""``.

    :param path: steps to the value that the metaschema refuses
    """
    return _OLD_FORMS.get((path[-1], type(value)), "") if path else ""


def _unknown(keyword):
    """Say that a keyword checks nothing, and what to write instead."""
    name = keyword if SAFE_NAME.fullmatch(keyword.lstrip("$")) else "of another name"
    said = f"JSON Schema 2020-12 has no keyword {name}: it would check nothing."
    hint = _REPLACED.get(keyword)
    if not hint:
        near = get_close_matches(keyword, sorted(KEYWORDS), n=1, cutoff=0.8)
        hint = f"Is {near[0]} meant?" if near else ""
    return f"{said} {hint}" if hint else f"{said} The name of a note starts with x-."


def check_patterns(path, part, read) -> None:
    """Raise SchemaInvalid for a pattern of a part that ``read`` refuses.

    :param read: function of a pattern that raises PatternError
    """
    patterns = [("pattern", part["pattern"])] if "pattern" in part else []
    patterns += [
        ("patternProperties", name) for name in part.get("patternProperties", ())
    ]
    for keyword, pattern in patterns:
        try:
            read(pattern)
        except PatternError as error:
            raise SchemaInvalid(
                f"A pattern cannot be used: {error}.", f"{path}/{keyword}"
            ) from None
