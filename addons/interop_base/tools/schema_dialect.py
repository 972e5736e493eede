"""The allowed keywords of a contract's schema: those of JSON Schema 2020-12.

The standard lets a validator ignore unknown keywords. A rule in the words of an older
draft, or with a typing error, would check nothing, and nobody would notice. So such a
schema is refused when it is saved. The error names the keyword of 2020-12.
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
# (keyword, Python type of its value) of older drafts; the metaschema refuses these.
_OLD_FORMS = {
    (
        "items",
        list,
    ): "Write prefixItems for a list of schemas, and items for one schema of "
    "the other elements.",
    ("exclusiveMinimum", bool): "exclusiveMinimum must be the limit itself, a number.",
    ("exclusiveMaximum", bool): "exclusiveMaximum must be the limit itself, a number.",
    ("required", bool): "required must be a list of names in the schema of the object.",
    ("$recursiveAnchor", bool): "Write $dynamicAnchor, a name.",
    (
        "dependentRequired",
        list,
    ): "dependentRequired must be an object of lists of names.",
}


def check(parts) -> None:
    """Raise ``SchemaInvalid`` for keywords that 2020-12 does not have, and for forms
    that validators understand differently.

    :param parts: (pointer, subschema) of all object schemas
    """
    for path, part in parts:
        for keyword in part:
            if keyword not in KEYWORDS and not keyword.startswith(ANNOTATION_PREFIX):
                raise SchemaInvalid(_unknown(keyword), path)
        check_patterns(path, part, ecma_regex.translate)


def old_form(path, value) -> str:
    """Return the advice for a keyword in the form of an older draft, ``""`` for others.

    :param path: steps to the value that the metaschema refuses
    """
    return _OLD_FORMS.get((path[-1], type(value)), "") if path else ""


def _unknown(keyword):
    """Return the error about an unknown keyword, with a proposal."""
    name = keyword if SAFE_NAME.fullmatch(keyword.lstrip("$")) else "of this name"
    said = f"JSON Schema 2020-12 has no keyword {name}. It would check nothing."
    hint = _REPLACED.get(keyword)
    if not hint:
        near = get_close_matches(keyword, sorted(KEYWORDS), n=1, cutoff=0.8)
        hint = f"Did you mean {near[0]}?" if near else ""
    return f"{said} {hint}" if hint else f"{said} Start the name of a note with x-."


def check_patterns(path, part, read) -> None:
    """Raise ``SchemaInvalid`` for patterns of a part that ``read`` refuses.

    :param read: function of a pattern that raises ``PatternError``
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
