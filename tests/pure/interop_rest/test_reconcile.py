"""What a sender states, read strictly, and the answers in the contract's own words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import rfc3339
from interop_rest_tools import openapi, reconcile
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

DIGEST = "a" * 64
SPAN = {"from": "2026-01-31T00:00:00Z", "to": "2026-02-01T00:00:00+01:00", "count": 9}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "window", "id", "sha256", "from", "to", "count", "x"]
            ),
            part,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def operation():
    """The operation of the document."""
    return openapi.document("")["paths"]["/interop/v1/messages:reconcile"]["post"]


def check(schema, value):
    """A value against a schema of the document, which has no references here."""
    resource = DRAFT202012.create_resource(schema)
    registry = Registry().with_resource("urn:x", resource)
    Draft202012Validator(schema, registry=registry).validate(value)


def request_schema():
    """The schema of the body."""
    return operation()["requestBody"]["content"]["application/json"]["schema"]


def found(**values):
    """A message that is here."""
    given_values = {
        "state": "done",
        "visible": True,
        "body_hash": f"keyed {DIGEST}",
        "received_at": "2026-01-31T08:30:00Z",
        "finished_at": "",
        "code": "",
    }
    return reconcile.Found(**{**given_values, **values})


def parse(value):
    """Return what the route understands."""
    return reconcile.parse(value, read_time=rfc3339.parse)


def test_the_window_is_read_as_everywhere():
    """Case 26: lower case and leap seconds are RFC 3339, here too."""
    span = {"from": "2016-12-31t23:59:60z", "to": "2017-01-01T00:00:01Z", "count": 0}
    start = parse({"window": span}).window.start
    assert start.isoformat() == "2016-12-31T23:59:59+00:00"


def test_both_ways_to_ask():
    by_id = {"messages": [{"id": "a"}, {"id": "b", "sha256": DIGEST}], "facility": "M"}
    asked = parse(by_id)
    assert asked == ("", "M", [("a", ""), ("b", DIGEST)], None)
    by_time = parse({"window": SPAN, "interface": "in"})
    assert by_time.messages is None and by_time.interface == "in"
    assert by_time.window.count == 9
    assert by_time.window.end.isoformat() == "2026-01-31T23:00:00+00:00"
    for value in (by_id, {"window": SPAN}):
        check(request_schema(), value)


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (None, ""),
        ({"messages": [{"id": "a"}], "window": SPAN}, ""),
        ({"messages": "a"}, "/messages"),
        ({"messages": ["a"]}, "/messages/0"),
        ({"messages": [{"id": "a", "x": 1}]}, "/messages/0"),
        ({"messages": [{}]}, "/messages/0/id"),
        ({"messages": [{"id": "a.b"}]}, "/messages/0/id"),
        ({"messages": [{"id": "a", "sha256": None}]}, "/messages/0/sha256"),
        ({"messages": [{"id": "a", "sha256": DIGEST.upper()}]}, "/messages/0/sha256"),
        ({"messages": [{"id": "a"}], "interface": ""}, "/interface"),
        ({"window": 1}, "/window"),
        ({"window": {**SPAN, "x": 1}}, "/window"),
        ({"window": {**SPAN, "from": "2026-01-31"}}, "/window/from"),
        ({"window": {**SPAN, "from": "2026-01-31T00:00:00.5Z"}}, "/window/from"),
        ({"window": {**SPAN, "from": "0001-01-01T00:00:00+23:59"}}, "/window/from"),
        ({"window": {**SPAN, "from": "2026-13-31T00:00:00Z"}}, "/window/from"),
        ({"window": {**SPAN, "to": SPAN["from"]}}, "/window/to"),
        ({"window": {**SPAN, "to": "9999-12-31T23:59:59Z"}}, "/window/to"),
        ({"window": {**SPAN, "count": True}}, "/window/count"),
        ({"window": {**SPAN, "count": 2**31}}, "/window/count"),
    ],
)
def test_what_is_not_meant_is_refused_and_its_place_named(value, pointer):
    with pytest.raises(reconcile.ReconcileError) as refused:
        parse(value)
    assert (refused.value.code, refused.value.pointer) == (
        "invalid_reconciliation",
        pointer,
    )


def test_a_thousand_messages_and_no_more():
    messages = [{"id": f"m{number}"} for number in range(1001)]
    assert len(parse({"messages": messages[1:]}).messages) == 1000
    with pytest.raises(reconcile.ReconcileError) as refused:
        parse({"messages": messages})
    assert refused.value.code == "batch_too_long"


@given(JSON)
def test_anything_is_either_understood_or_refused(value):
    try:
        parse(value)
    except reconcile.ReconcileError as error:
        assert error.code in ("invalid_reconciliation", "batch_too_long")
    else:
        check(request_schema(), json.loads(json.dumps(value)))


def test_answers_are_as_documented():
    schema = operation()["responses"]["200"]["content"]["application/json"]["schema"]
    stated = [
        reconcile.Stated("a", DIGEST),
        reconcile.Stated("a", "b" * 64),
        reconcile.Stated("b", DIGEST),
        reconcile.Stated("c", DIGEST),
        reconcile.Stated("d", ""),
    ]
    here = {
        "a": found(finished_at="2026-01-31T08:30:01Z"),
        "b": found(visible=False),
        "d": found(state="dead", code="business_rule"),
    }
    body = reconcile.compared(stated, here, "keyed {}".format)
    check(schema, body)
    assert [(item["status"], item.get("body")) for item in body["results"]] == [
        ("done", "same"),
        ("done", "different"),
        ("elsewhere", None),
        ("unknown", None),
        ("dead", None),
    ]
    assert body["totals"] == {
        "stated": 5,
        "done": 2,
        "dead": 1,
        "unknown": 1,
        "elsewhere": 1,
        "different": 1,
    }
    window = parse({"window": SPAN}).window
    body = reconcile.counted(window, {"done": 4, "parked": 1})
    check(schema, body)
    assert body["window"] == {"stated": 9, "received": 5, "difference": -4}
