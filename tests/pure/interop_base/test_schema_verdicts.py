"""Two validators, one verdict: the deciding and the explaining one never disagree."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_base_tools import schema, schema_forms, schema_quick
from interop_base_tools.errors import SchemaInvalid
from interop_setup.examples import examples

# Where this suite decides otherwise than the official tests, and why.
DEVIATIONS = {
    "format.json": "formats are checked here, not only noted",
    "optional/dependencies-compatibility.json": "refused when it is saved",
    "optional/format/email.json": "no quoted names and no addresses instead of a domain",
}
# Every other group that the dialect of contracts refuses.
REFUSED = (
    "A reference must lead to a part of the same schema",
    "Only the whole schema can have $id",
    "This format cannot be checked",
    "This dialect is not supported",
    "Unicode properties are not supported",
)

names = st.sampled_from(["a", "b", "a1", "x-1", "x-1\n", "x-١", "é"])
numbers = (
    st.integers(-3, 3)
    | st.sampled_from(
        [1.0, 0.5, 19.99, 0.3, 1e22, 2**53 + 1, -(2**63), 2**64, 10**30, 1e300]
    )
    | st.integers(-10_000, 10_000).map(lambda cents: cents / 100)
)
texts = st.sampled_from(
    ["", "a", "ab", "𝟘", "é", "1", "١", "a\n", "2026-01-31", "a\xa0b"]
)
scalars = st.none() | st.booleans() | numbers | texts
groups = st.lists(scalars, max_size=4) | st.dictionaries(names, scalars, max_size=3)
values = (
    groups
    | scalars
    | st.lists(groups | scalars, max_size=3)
    | st.dictionaries(names, groups | scalars, max_size=3)
)
patterns = st.sampled_from(
    [r"^x-\d$", "^x-[0-9]+$", r"^\w+$", "^a", "^.$", r"\S", r"^(?=a)", r"\b1", "b|1"]
)
small = st.integers(0, 3)
plain = {
    "type": st.sampled_from(["string", "integer", "number", "object", "array", "null"]),
    "minLength": small,
    "maxLength": small,
    "minItems": small,
    "maxItems": small,
    "minProperties": small,
    "maxProperties": small,
    "minimum": numbers,
    "exclusiveMinimum": numbers,
    "maximum": numbers,
    "exclusiveMaximum": numbers,
    "multipleOf": st.sampled_from([1, 2, 3, 0.01, 0.1, 0.05, 1.5, 1e-3, 1e20, 7]),
    "enum": st.lists(values, min_size=1, max_size=3),
    "const": values,
    "pattern": patterns,
    "format": st.sampled_from(["date", "time", "email", "regex"]),
    "required": st.lists(names, unique=True, max_size=2),
    "dependentRequired": st.dictionaries(
        names, st.lists(names, unique=True, max_size=2), max_size=2
    ),
    "uniqueItems": st.booleans(),
}


def some(keywords):
    """Return schemas with a few of these keywords."""
    chosen = [st.tuples(st.just(name), value) for name, value in keywords.items()]
    return st.lists(st.one_of(chosen), max_size=4).map(dict)


def nested(inner):
    """Return schemas whose parts are ``inner``."""
    several = st.lists(inner, min_size=1, max_size=2)
    named = st.dictionaries(names, inner, max_size=2)
    return some(
        {
            "properties": named,
            "patternProperties": st.dictionaries(patterns, inner, max_size=2),
            "additionalProperties": inner,
            "propertyNames": inner,
            "unevaluatedProperties": inner,
            "dependentSchemas": named,
            "items": inner,
            "prefixItems": several,
            "unevaluatedItems": inner,
            "contains": inner,
            "minContains": small,
            "maxContains": small,
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "$ref": st.sampled_from(["#/$defs/one", "#/$defs/two"]),
        }
    )


leaves = st.booleans() | some(plain)
parts = leaves | nested(leaves) | nested(leaves | nested(leaves))
schemas = st.builds(
    lambda root, more, one, two: {**more, **root, "$defs": {"one": one, "two": two}},
    nested(leaves | nested(leaves)),
    some(plain),
    some(plain),
    some(plain),
)


def verdicts(described, value):
    """Return (whether the quick check is sure, its verdict, the verdict with reasons)."""
    compiled = schema._compiled(described)
    never = compiled._replace(quick=lambda _value: False)
    explained = not schema._violations(never, value, schema.DEFAULT_LIMIT)
    return compiled.quick is not schema_quick._unsure, compiled.quick(value), explained


def test_the_official_suite(official_schema_tests):
    """Both validators say what the official tests of JSON Schema 2020-12 say."""
    tested = unsure = 0
    for name, tests_of in official_schema_tests.items():
        for group in tests_of:
            described = group["schema"]
            if isinstance(described, bool):
                described = {"allOf": [described]}
            try:
                schema.check_schema(described)
            except SchemaInvalid as error:
                known = name in DEVIATIONS or str(error).startswith(REFUSED)
                assert known or "Unicode properties" in str(error), (name, error)
                continue
            for test in group["tests"]:
                sure, quick, explained = verdicts(described, test["data"])
                where = (name, group["description"], test["description"])
                assert quick is explained or not sure, where
                assert explained is test["valid"] or name in DEVIATIONS, where
                tested += 1
                unsure += not sure
    assert tested > 1500
    assert unsure < 50


@settings(max_examples=examples(500), deadline=None)
@given(schemas, values)
def test_random_schemas_of_the_dialect(described, value):
    schema.check_schema(described)
    sure, quick, explained = verdicts(described, value)
    assert quick is explained or not sure


@settings(max_examples=examples(150), deadline=None)
@given(parts, parts, values, values)
def test_the_verdict_on_a_member_never_depends_on_another(one, two, first, second):
    """Case 24, for any two members."""

    def about(member, value):
        defs = {"one": {"type": "string"}, "two": {"multipleOf": 0.01}}
        described = {"properties": {"one": one, "two": two}, "$defs": defs}
        found = schema.violations(described, value, limit=1000)
        return {v for v in found if v.pointer.split("/")[1:2] == [member]}

    described = {"one": first, "two": second}
    assert about("one", described) == about("one", {"one": first})
    assert about("two", described) == about("two", {"two": second})


def test_a_right_amount_beside_a_wrong_name():
    """Case 24: 19.99 is a multiple of 0.01, whatever the other member is."""
    described = {
        "properties": {
            "amount": {"type": "number", "multipleOf": 0.01},
            "name": {"type": "string"},
        }
    }
    found = schema.violations(described, {"amount": 19.99, "name": 5})
    assert [(v.pointer, v.keyword) for v in found] == [("/name", "type")]
    assert not schema.violations(described, {"amount": 19.99, "name": "x"})
    found = schema.violations(described, {"amount": 19.995, "name": 5})
    assert [v.pointer for v in found] == ["/amount", "/name"]


@settings(max_examples=examples(150), deadline=None)
@given(st.integers(-(10**7), 10**7), parts, values)
def test_a_right_amount_is_never_told_beside_anything_else(cents, other, value):
    """Case 24: an amount in cents beside a member of any kind, right or wrong."""
    described = {
        "properties": {
            "amount": {"type": "number", "multipleOf": 0.01},
            "other": other,
        },
        "$defs": {"one": {"type": "string"}, "two": {"multipleOf": 0.01}},
    }
    found = schema.violations(described, {"amount": cents / 100, "other": value})
    assert not [v for v in found if v.pointer.startswith("/amount")]


@given(patterns, names | texts)
def test_names_are_matched_as_texts_are(pattern, text):
    """Case 23: a pattern says the same of a text and of the name of a member."""
    wanted = not schema.violations({"pattern": pattern}, text)
    for others in ("additionalProperties", "unevaluatedProperties"):
        described = {"patternProperties": {pattern: True}, others: False}
        assert (not schema.violations(described, {text: 1})) is wanted
        sure, quick, explained = verdicts(described, {text: 1})
        assert quick is explained or not sure


def test_every_amount_with_two_decimals_is_a_multiple_of_a_cent():
    part = {"multipleOf": 0.01}
    for cents in range(1, 10_000):
        assert not schema.violations(part, cents / 100)


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(0, 6))
def test_multiples_are_exact_decimals(amount, places):
    step = Decimal(1).scaleb(-places)
    wanted = amount % step == 0
    number = float(amount)
    if Decimal(repr(number)) == amount:
        assert schema_forms.is_multiple(number, float(step)) is wanted


def test_equal_elements_are_found_whatever_they_hold():
    part = {"uniqueItems": True}
    huge = [{"a": 2**70, "b": 1}, {"b": 1, "a": 2**70}]
    for value in (huge, [1, 1.0], [[], []], [{"a": [1]}, {"a": [1.0]}]):
        assert schema.violations(part, value)
        assert verdicts(part, value) == (True, False, False)
    for value in (
        [1, True],
        [0, False],
        [2**53, 2**53 + 1],
        ["1", 1],
        [[], {}],
        [None, False],
    ):
        assert not schema.violations(part, value)
        assert verdicts(part, value) == (True, True, True)


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ({"dependencies": {"a": ["b"]}}, "dependentRequired"),
        ({"dependencies": {"a": {"required": ["b"]}}}, "dependentSchemas"),
        ({"definitions": {"a": {}}}, "$defs"),
        ({"items": [{"type": "string"}], "additionalItems": False}, "prefixItems"),
        ({"prefixItems": [{}], "additionalItems": False}, "items"),
        (
            {"minimum": 0, "exclusiveMinimum": True},
            "exclusiveMinimum must be the limit",
        ),
        (
            {"maximum": 0, "exclusiveMaximum": False},
            "exclusiveMaximum must be the limit",
        ),
        ({"id": "http://example.org/x"}, "$id"),
        ({"$recursiveRef": "#"}, "$dynamicRef"),
        ({"$recursiveAnchor": True}, "$dynamicAnchor"),
        ({"divisibleBy": 2}, "multipleOf"),
        ({"disallow": "string"}, "not"),
        ({"extends": {}}, "allOf"),
        ({"required": True}, "list of names"),
        ({"type": "string", "nullable": True}, '"null"'),
        ({"minLenght": 3}, "minLength"),
        ({"requried": ["a"]}, "required"),
        ({"additionalproperties": False}, "additionalProperties"),
        ({"formatMinimum": "2026-01-01"}, "x-"),
        ({"foo": {"type": "string"}}, "x-"),
    ],
)
def test_unknown_keywords_are_refused_with_the_words_of_2020_12(described, words):
    """Case 42: such a keyword would check nothing, and nobody would notice."""
    nested_ = {"type": "object", "properties": {"p": {"allOf": [described]}}}
    for whole, where in ((described, ""), (nested_, "/properties/p/allOf/0")):
        with pytest.raises(SchemaInvalid) as refused:
            schema.check_schema(whole)
        assert words in str(refused.value)
        assert refused.value.path.startswith(where)


def test_names_of_members_notes_and_values_are_no_keywords():
    schema.check_schema(
        {
            "properties": {"id": {}, "dependencies": {"x-origin": "the price list"}},
            "$defs": {"definitions": {"enum": [{"items": [1]}]}},
            "dependentSchemas": {"extends": {}},
            "const": {"nullable": True},
            "examples": [{"additionalItems": 1}],
        }
    )


def test_a_contract_published_with_them_goes_on_as_it_was():
    described = {"dependencies": {"a": ["b"]}, "definitions": {"n": {"type": "null"}}}
    described["properties"] = {"c": {"$ref": "#/definitions/n"}}
    assert verdicts(described, {"a": 1}) == (True, True, True)
    assert verdicts(described, {"c": 1}) == (True, False, False)
