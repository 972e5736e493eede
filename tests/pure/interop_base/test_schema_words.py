"""The sentences about a value: right, plain, and without the value."""

import pytest
from interop_base_tools.schema import violations

CANARY = "CANARY"


def message(part, value):
    """Return the only sentence."""
    (violation,) = violations(part, value)
    return violation.message


@pytest.mark.parametrize(
    "part, value, keyword, words",
    [
        ({"type": "integer"}, CANARY, "type", "Must be an integer, not text."),
        (
            {"type": ["string", "null"]},
            7,
            "type",
            "Must be text or null, not a number.",
        ),
        ({"type": "number"}, True, "type", "Must be a number, not a boolean."),
        ({"type": "array"}, {}, "type", "Must be an array, not an object."),
        ({"type": "string"}, None, "type", "Must be text, not null."),
        (
            {"enum": ["a", 1, None, True]},
            CANARY,
            "enum",
            "Must be one of: a, 1, null, true.",
        ),
        (
            {"enum": [{"a": 1}]},
            CANARY,
            "enum",
            "Must be one of the values in the contract.",
        ),
        ({"const": "x"}, CANARY, "const", "Must be x."),
        (
            {"const": [1]},
            CANARY,
            "const",
            "Must be the only value that the contract allows.",
        ),
        ({"pattern": "^[0-9]+$"}, CANARY, "pattern", "Must match the pattern ^[0-9]+$"),
        (
            {"pattern": "x{3}" * 40},
            CANARY,
            "pattern",
            "Must match the pattern in the contract.",
        ),
        ({"format": "uuid"}, CANARY, "format", "Must be a UUID."),
        ({"minLength": 9}, CANARY, "minLength", "Must have at least 9 characters."),
        ({"maxLength": 1}, CANARY, "maxLength", "Must have at most 1 character."),
        ({"minimum": 5}, 4, "minimum", "Must be at least 5."),
        ({"maximum": 5}, 6, "maximum", "Must be at most 5."),
        ({"exclusiveMinimum": 5}, 5, "exclusiveMinimum", "Must be more than 5."),
        ({"exclusiveMaximum": 5}, 5, "exclusiveMaximum", "Must be less than 5."),
        ({"multipleOf": 0.5}, 0.7, "multipleOf", "Must be a multiple of 0.5."),
        ({"minItems": 2}, [CANARY], "minItems", "Must have at least 2 elements."),
        ({"maxItems": 1}, [CANARY, 1], "maxItems", "Must have at most 1 element."),
        (
            {"uniqueItems": True},
            [CANARY, CANARY],
            "uniqueItems",
            "Must not contain equal elements.",
        ),
        ({"minProperties": 1}, {}, "minProperties", "Must have at least 1 member."),
        (
            {"maxProperties": 0},
            {CANARY: 1},
            "maxProperties",
            "Must have at most 0 members.",
        ),
        ({"required": ["a"]}, {}, "required", "The required member a is missing."),
        (
            {"dependentRequired": {"a": ["b"]}},
            {"a": CANARY},
            "dependentRequired",
            "The member a also requires: b.",
        ),
        (
            {"contains": {"type": "integer"}},
            [CANARY],
            "contains",
            "Must contain an element of the form in the contract.",
        ),
        (
            {"contains": True, "maxContains": 1},
            [1, 2],
            "maxContains",
            "Must contain at most 1 matching element.",
        ),
        (
            {"not": {"type": "string"}},
            CANARY,
            "not",
            "Has a form that the contract forbids.",
        ),
        (
            {"prefixItems": [{}], "items": False},
            [1, CANARY],
            "items",
            "Has more elements than the contract allows.",
        ),
        (
            {"prefixItems": [{}], "unevaluatedItems": False},
            [1, CANARY],
            "unevaluatedItems",
            "Has elements that the contract does not allow.",
        ),
        (
            {"properties": {"a": False}},
            {"a": CANARY},
            "false",
            "The contract does not allow this value.",
        ),
    ],
)
def test_sentences(part, value, keyword, words):
    (violation,) = violations(part, value)
    assert (violation.keyword, violation.message) == (keyword, words)


def test_names_of_members_only_when_they_look_like_names():
    part = {"properties": {"a": {}}, "additionalProperties": False}
    assert message(part, {"a": 1, "b": 2, "c": 3}).endswith("these members: b, c.")
    assert message(part, {"Jane Doe": 1}).endswith(
        "these members: 1 that cannot be shown."
    )
    assert message(part, {"b": 1, "Jane Doe": 1}).endswith(
        "these members: b and 1 more."
    )
    many = message(part, {f"m{n}": 1 for n in range(9)})
    assert many.endswith("m0, m1, m2, m3, m4 and 4 more.")
    part = {"properties": {"a": {}}, "unevaluatedProperties": False}
    assert message(part, {"a": 1, "b": 2}).endswith("these members: b.")
    (violation,) = violations(
        {"additionalProperties": {"type": "integer"}}, {"Jane Doe": "x"}
    )
    assert violation.pointer == "/*"
    part = {"propertyNames": {"maxLength": 3}}
    assert CANARY not in str(violations(part, {CANARY: 1}))
