"""What is quickly called valid is valid for the library, too; what is not, is asked."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_base_tools import schema, schema_quick
from interop_setup.examples import examples

ADDONS = Path(__file__).parents[3] / "addons"
EXAMPLES = sorted(ADDONS.glob("*/data/*.example.json"))
CASES = [  # schema, valid values, values that are not
    ({"type": "string"}, ["", "x"], [1, None, [], {}, True]),
    ({"type": "integer"}, [0, -3, 10**30], [True, "1", 1.5, None]),
    ({"type": "number"}, [0, 1.5], [False, "1"]),
    ({"type": ["string", "null"]}, ["x", None], [0]),
    ({"type": "object", "required": ["a"]}, [{"a": 1}], [{}, {"b": 1}, []]),
    (
        {"type": "object", "properties": {"a": {"type": "string"}}},
        [{}, {"a": "x"}, {"b": 1}],
        [{"a": 1}],
    ),
    (
        {"properties": {"a": {}}, "additionalProperties": False},
        [{}, {"a": 1}, "no object"],
        [{"b": 1}],
    ),
    (
        {"additionalProperties": {"type": "integer"}},
        [{}, {"a": 1}],
        [{"a": 1, "b": "x"}],
    ),
    ({"items": {"type": "string"}, "minItems": 1}, [["x"], {}], [[], ["x", 1]]),
    ({"type": "array", "maxItems": 2}, [[], [1, 2]], [[1, 2, 3]]),
    ({"minLength": 2, "maxLength": 3}, ["ab", "abc", 7], ["a", "abcd"]),
    ({"type": "string", "pattern": "^a+$"}, ["aa"], ["ab", "", "aa\n"]),
    ({"type": "object", "minProperties": 1, "maxProperties": 1}, [{"a": 1}], [{}]),
    ({"type": "integer", "minimum": 1, "maximum": 3}, [1, 3], [0, 4]),
    (
        {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 3},
        [2, 1.1],
        [1, 3],
    ),
    ({"enum": ["a", "b"]}, ["a", "b"], ["c", 1, None]),
    ({"const": "a"}, ["a"], ["b", ["a"]]),
    ({"type": "string", "format": "date"}, ["2026-01-31"], ["2026-02-30", "x"]),
    ({"allOf": [{"type": "string"}, {"minLength": 1}]}, ["x"], ["", 1]),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ["", None], [1]),
    (
        {"$ref": "#/$defs/node", "$defs": {"node": {
            "type": "object",
            "properties": {"next": {"$ref": "#/$defs/node"}},
            "additionalProperties": False,
        }}},
        [{}, {"next": {"next": {}}}],
        [{"next": {"next": {"last": 1}}}],
    ),
    ({"oneOf": [{"type": "string"}, {"const": "a"}]}, ["b"], ["a", 1]),
    ({"not": {"type": "string"}}, [1], ["x"]),
    (
        {"properties": {"a": {"if": {"const": 1}, "then": False}}},
        [{"a": 2}],
        [{"a": 1}],
    ),
    ({"type": "array", "uniqueItems": True}, [[1, 2]], [[1, 1]]),
    ({"type": "integer"}, [1.0], [1.5]),
    ({"enum": [1, "a"]}, [1, "a"], [2, True]),
    ({"minimum": 3}, ["no number"], [2]),
    ({"type": "string", "pattern": "^[0-9]+$"}, ["12"], ["12\n", "\u0661"]),
    ({"type": "string", "pattern": r"^\d+$"}, ["12"], ["12\n", "\u0661"]),
    ({"unevaluatedProperties": False, "properties": {"a": True}}, [{"a": 1}], [{"b": 1}]),
]  # fmt: skip
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([1.0, 0.5, "", "a", "ab", "2026-01-31"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)
small = st.integers(0, 2)
plain_schemas = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            ["string", "integer", "number", "object", "array", "null", "boolean"]
        ),
        "minLength": small,
        "maxLength": small,
        "minItems": small,
        "maxItems": small,
        "minProperties": small,
        "minimum": small,
        "exclusiveMaximum": small,
        "enum": st.lists(json_values, min_size=1, max_size=2, unique_by=json.dumps),
        "const": json_values,
        "pattern": st.sampled_from(["^a", "b$"]),
        "format": st.just("date"),
        "required": st.lists(st.sampled_from("ab"), unique=True),
        "uniqueItems": st.booleans(),
    },
)
schemas = st.recursive(
    st.booleans() | plain_schemas,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "additionalProperties": inner,
            "items": inner,
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    ),
    max_leaves=4,
)


def both(described, value):
    """What the quick check says, and whether the library finds nothing."""
    compiled = schema._compiled(described)
    return compiled.quick(value), compiled.validator.is_valid(value)


@pytest.mark.parametrize(("described", "valid", "invalid"), CASES)
def test_it_knows_the_usual_keywords(described, valid, invalid):
    for value in valid:
        assert both(described, value) == (True, True), value
    for value in invalid:
        assert both(described, value) == (False, False), value
        assert schema.violations(described, value)


def test_schemas_beyond_the_quick_check_are_left_to_the_library(monkeypatch):
    def refuse(*_args, **_options):
        raise ValueError("not here")

    monkeypatch.setattr(schema_quick, "Draft202012Validator", refuse)
    check = schema_quick.compile_quick({"type": "string"}, lambda part: [], None)
    assert check("x") is False


@pytest.mark.parametrize(
    "part",
    [
        {"$ref": "#/$defs/a"},
        {"allOf": [{"$ref": "#/$defs/a"}]},
        {"if": True, "then": {"$ref": "#/$defs/a"}},
        {"dependentSchemas": {"b": {"$ref": "#/$defs/a"}}},
    ],
)
def test_a_schema_that_goes_round_in_circles_is_never_sure(part):
    described = {"properties": {"b": {"$ref": "#/$defs/a"}}, "$defs": {"a": part}}
    assert schema._compiled(described).quick({"b": {"b": 1}}) is False


def test_a_tree_of_nodes_does_not_go_round():
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    described = {"$ref": "#/$defs/node", "$defs": {"node": node}}
    assert schema._compiled(described).quick({"next": {"next": {}}}) is True


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_messages_that_we_ship_need_no_library(path):
    value = json.loads(path.read_text("utf-8"))
    text = path.with_name(path.name.replace(".example.", ".schema.")).read_text("utf-8")
    described = json.loads(text)
    assert both(described, value) == (True, True)
    for broken in mutations(value):
        quick, valid = both(described, broken)
        assert valid or not quick, broken


def mutations(value):
    """Yield the value with one part left out, renamed or replaced."""
    paths = [()]
    for path in paths:
        part = value
        for step in path:
            part = part[step]
        keys = part if isinstance(part, dict) else range(len(part))
        for key in keys if isinstance(part, dict | list) else ():
            if isinstance(part[key], dict | list):
                paths.append((*path, key))
            for other in (None, "", 0, [], {}, True, "x" * 5000):
                changed = copy.deepcopy(value)
                within = changed
                for step in path:
                    within = within[step]
                within[key] = other
                yield changed
            del within[key]
            yield changed


@settings(max_examples=examples(400), deadline=None)
@given(schemas.filter(lambda item: isinstance(item, dict)), json_values)
def test_values_that_it_accepts_are_valid(described, value):
    quick, valid = both(described, value)
    assert valid or not quick
    assert bool(schema.violations(described, value)) is not valid
