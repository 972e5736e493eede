"""Contracts' schemas: what is refused, what is said, and what is never said."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_base_tools import schema
from interop_base_tools.errors import SchemaInvalid
from interop_base_tools.schema import check_schema, field_paths, violations
from interop_setup.examples import examples

CANARY = "CANARY"
INVOICE = {
    "$schema": schema.DIALECT,
    "$id": "https://example.org/invoice",
    "type": "object",
    "required": ["number", "lines"],
    "additionalProperties": False,
    "properties": {
        "number": {"type": "string", "pattern": "^INV/[0-9]+$"},
        "issued": {"type": "string", "format": "date"},
        "payer": {"$ref": "#/$defs/party"},
        "lines": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["amount"],
                "properties": {
                    "amount": {"type": "string"},
                    "charge": {
                        "type": "object",
                        "properties": {"id": {"type": "string"}},
                    },
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
    "$defs": {
        "party": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "parent": {"$ref": "#/$defs/party"},
            },
        }
    },
}


def refused(value):
    """Return the path of the part at fault."""
    with pytest.raises(SchemaInvalid) as caught:
        check_schema(value)
    assert caught.value.message
    return caught.value.path


def found(part, value):
    """Return [(pointer, keyword)]; no message holds a canary."""
    result = violations(part, value)
    assert not [v for v in result if CANARY in v.message + v.pointer]
    assert all(v.message.strip() and v.message[0].isupper() for v in result)
    return [(v.pointer, v.keyword) for v in result]


def message(part, value):
    """Return the only sentence."""
    (violation,) = violations(part, value)
    return violation.message


def test_good_schemas():
    check_schema(INVOICE)
    check_schema({})
    check_schema({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}})
    check_schema(
        {"properties": {"a": {"$ref": "#node"}}, "$defs": {"n": {"$anchor": "node"}}}
    )
    check_schema({"properties": {"a": {"$ref": "#"}}})
    check_schema({"properties": {"$ref": {"type": "string"}, "format": {"enum": [{}]}}})
    check_schema({"examples": [{"$ref": "http://elsewhere/"}]})


@pytest.mark.parametrize(
    "value, path",
    [
        (True, ""),
        ([], ""),
        ({"type": "text"}, "/type"),
        ({"properties": {"a": {"minLength": -1}}}, "/properties/a/minLength"),
        ({"required": "a"}, "/required"),
        ({"properties": []}, "/properties"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"$schema": 7}, "/$schema"),
        ({"$ref": "https://elsewhere.example/schema"}, "/$ref"),
        ({"$ref": "other.json"}, "/$ref"),
        ({"$ref": "//elsewhere/x#"}, "/$ref"),
        ({"$ref": "#/$defs/none"}, "/$ref"),
        ({"$ref": "#nowhere"}, "/$ref"),
        ({"$ref": "#/%24defs/a", "$defs": {"a": {}}}, "/$ref"),
        ({"items": {"$dynamicRef": "http://elsewhere/#x"}}, "/items/$dynamicRef"),
        (
            {"$ref": "#/examples/0", "examples": [{"$ref": "http://elsewhere/"}]},
            "/$ref",
        ),
        ({"$ref": "#/x", "x": {"$ref": "http://elsewhere/"}}, "/$ref"),
        ({"$defs": {"a": {"$id": "http://elsewhere/"}}}, "/$defs/a/$id"),
        ({"$defs": {"a/b": {"$schema": schema.DIALECT}}}, "/$defs/a~1b/$schema"),
        ({"properties": {"a": {"format": "phone"}}}, "/properties/a/format"),
        ({"allOf": [{}, {"pattern": "("}]}, "/allOf/1/pattern"),
        ({"items": {"pattern": "(?u)x"}}, "/items/pattern"),
        ({"patternProperties": {"[": {}}}, "/patternProperties"),
        ({"const": float("nan")}, ""),
        ({"const": {1, 2}}, ""),
    ],
)
def test_refused_schemas(value, path):
    assert refused(value) == path


def test_refused_for_size_and_depth():
    deep = {}
    for _ in range(100):
        deep = {"not": deep}
    refused(deep)
    for _ in range(3000):
        deep = {"not": deep}
    refused(deep)
    refused({"description": "x" * schema.MAX_SCHEMA_BYTES})


def test_pointers():
    value = {
        "number": CANARY,
        "issued": CANARY,
        "lines": [{"amount": "1"}, {"amount": 2, "tags": [1]}, {}],
        "payer": {"parent": {"name": 7}},
    }
    assert sorted(found(INVOICE, value)) == [
        ("/issued", "format"),
        ("/lines/1/amount", "type"),
        ("/lines/1/tags/0", "type"),
        ("/lines/2", "required"),
        ("/number", "pattern"),
        ("/payer/parent/name", "type"),
    ]
    assert found(INVOICE, {"number": "INV/1", "lines": [{"amount": "1"}]}) == []


def test_each_missing_member_is_named():
    names = {v.message for v in violations(INVOICE, {})}
    assert names == {
        "The required member number is missing.",
        "The required member lines is missing.",
    }


def test_limit():
    part = {"items": {"type": "integer"}}
    assert len(violations(part, [CANARY] * 200)) == schema.DEFAULT_LIMIT
    assert len(violations(part, [CANARY] * 200, limit=3)) == 3


def test_alternatives_show_the_nearest():
    part = {
        "oneOf": [
            {"required": ["a", "b", "c"], "properties": {"k": {"const": 1}}},
            {"required": ["d"], "properties": {"k": {"const": 2}}},
        ]
    }
    assert found(part, {"k": 2, "x": CANARY}) == [("", "oneOf"), ("", "required")]
    assert violations(part, {"k": 2})[1].message == "The required member d is missing."
    both = {"oneOf": [{"type": "string"}, {"minLength": 1}]}
    assert "must match exactly one" in message(both, CANARY)


def test_patterns_have_the_meaning_of_ecmascript():
    part = {"pattern": "^\\d{3}$"}
    assert not violations(part, "123")
    assert violations(part, "123\n")
    assert violations(part, "١٢٣")
    assert not violations({"pattern": "^[$]\\$x$"}, "$$x")
    assert violations({"pattern": "^\\w+$"}, "é")


def test_references_without_end_are_one_violation():
    endless = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}
    assert found(endless, {}) == [("", "depth")]
    deep = []
    for _ in range(5000):
        deep = [deep]
    # What explains cannot go that deep; what is valid need not be explained.
    assert found({"items": {"$ref": "#"}}, deep) == []
    broken = {"items": {"$ref": "#"}, "minItems": 1}
    assert found(broken, deep) == [("", "depth")]


def test_the_rules_of_ours_hold_below_a_reference_to_the_root():
    part = {
        "$schema": schema.DIALECT,
        "properties": {"next": {"$ref": "#"}, "code": {"pattern": "^[0-9]$"}},
    }
    assert found(part, {"next": {"next": {"code": "1\n"}}}) == [
        ("/next/next/code", "pattern")
    ]


def test_unique_items_of_many_objects_is_linear():
    value = [{"n": n, "x": [n]} for n in range(20_000)]
    started = time.process_time()
    assert not violations({"uniqueItems": True}, value)
    assert time.process_time() - started < 3
    assert found({"uniqueItems": True}, [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]) == [
        ("", "uniqueItems")
    ]
    assert not violations({"uniqueItems": True}, [1, True, "1", None, [1], {"1": 1}])
    assert not violations({"uniqueItems": True}, [2**60, 2**60 + 1])
    assert not violations({"uniqueItems": False}, [1, 1])


def test_a_changed_schema_is_not_taken_for_the_old_one():
    part = {"type": "string"}
    assert violations(part, 7)
    part["type"] = "integer"
    assert not violations(part, 7)
    assert part == {"type": "integer"}


def test_a_schema_is_compiled_once():
    check_schema(INVOICE)
    copy = json.loads(json.dumps(INVOICE))
    assert schema._compiled(INVOICE) is schema._compiled(copy)
    for number in range(schema._CACHE_SIZE + 5):
        check_schema({"const": number})
    assert len(schema._cache) == schema._CACHE_SIZE


def test_violations_of_an_invalid_schema():
    with pytest.raises(SchemaInvalid):
        violations({"$ref": "http://elsewhere/"}, {})


def test_field_paths():
    assert field_paths(INVOICE) == [
        "number",
        "issued",
        "payer.name",
        "payer.parent",
        "lines[].amount",
        "lines[].charge.id",
        "lines[].tags[]",
    ]


def test_field_paths_of_choices_and_maps():
    part = {
        "allOf": [{"required": ["a"]}, {"properties": {"a": {}}}],
        "if": {"properties": {"a": {"const": 1}}},
        "then": {"properties": {"b": {"prefixItems": [{}, {"properties": {"c": {}}}]}}},
        "else": {
            "properties": {"d": {"additionalProperties": {"properties": {"e": {}}}}}
        },
        "patternProperties": {"^x": {"properties": {"f": True}}},
    }
    assert field_paths(part) == ["*.f", "a", "b[].c", "d.*.e"]
    assert field_paths({"type": "array", "items": {"type": "string"}}) == ["[]"]
    assert field_paths({}) == []


def test_field_paths_of_schemas_that_grow_without_bounds():
    doubling = {"$ref": "#/$defs/a0", "$defs": {"a20": {"properties": {"x": {}}}}}
    for n in range(20):
        doubling["$defs"][f"a{n}"] = {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2}
    assert field_paths(doubling) == ["x"]
    wide = {"$ref": "#/$defs/a0", "$defs": {"a20": {}}}
    for n in range(20):
        step = {"$ref": f"#/$defs/a{n + 1}"}
        wide["$defs"][f"a{n}"] = {"properties": {"l": step, "r": step}}
    with pytest.raises(SchemaInvalid):
        field_paths(wide)


KEYWORD_TEXT = """
type enum const properties items $ref $defs a b required format allOf oneOf not pattern
uniqueItems additionalProperties $id $anchor if then minLength unevaluatedProperties
contains dependentRequired
"""
KEYWORDS = KEYWORD_TEXT.split()
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["a", "b", "string", "#", "#/$defs/a", "^a$", "date", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYWORDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(JSON, JSON)
@settings(max_examples=examples(1500), deadline=None)
def test_any_schema_and_value_give_violations_or_our_error(part, value):
    try:
        result = violations(part, value)
        field_paths(part)
    except SchemaInvalid as error:
        assert error.message
    else:
        assert all(isinstance(v.message, str) and v.message for v in result)


SCALARS = st.integers(10**9, 10**10) | st.just(CANARY) | st.floats(1e7, 1e8)
CARRIER = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from(["number", "lines", "payer", "x"]), inner)
    ),
    max_leaves=8,
)


@given(CARRIER)
def test_no_value_comes_back_in_a_message(value):
    for violation in violations(INVOICE, value):
        assert CANARY not in violation.message
        assert not any(
            len(word) > 7 and word.strip(".").isdigit()
            for word in violation.message.split()
        )


@given(st.text() | st.integers() | st.none())
def test_a_schema_kept_as_text_says_the_same(name):
    described = {"type": "object", "properties": {"name": {"type": "string"}}}
    value = {"name": name}
    assert schema.violations_by_text(json.dumps(described), value) == violations(
        described, value
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "strin"}'])
def test_a_text_that_is_no_schema_is_refused(text):
    with pytest.raises(SchemaInvalid):
        schema.violations_by_text(text, {})
