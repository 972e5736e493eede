"""What a cross-reference asks for and answers, and what a link says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_rest_tools import xref

WIRE = {"system": "urn:own", "value": "1"}


def test_parse():
    asked = xref.parse(b"sourceIdentifier=http%3A%2F%2Fx.example%7CA+1%7C2")
    assert asked == xref.Asked("http://x.example", "A 1|2", (), "")
    asked = xref.parse(
        b"targetSystem=urn%3Aa&sourceIdentifier=n|1&targetSystem=b&facility=F"
    )
    assert asked == xref.Asked("n", "1", ("urn:a", "b"), "F")
    asked = xref.parse(b"sourceIdentifier=n|1&_format=json")
    assert asked == xref.Asked("n", "1", (), "", "json")


@pytest.mark.parametrize(
    "token,expected",
    [
        ("n%7C1%5C%7C2", ("n", "1|2")),
        ("n%7Ca%5C%2Cb%5C$c%5C%5Cd", ("n", "a,b$c\\d")),
        ("n%7Ca%5Cb", ("n", "a\\b")),
        ("n%5C%7Cx%7C1", ("n|x", "1")),
        ("n%5C%5C%7C1", ("n\\", "1")),
    ],
)
def test_a_token_may_be_escaped(token, expected):
    asked = xref.parse(b"sourceIdentifier=" + token.encode())
    assert (asked.namespace, asked.value) == expected


@pytest.mark.parametrize(
    "text,wanted",
    [
        (b"", True),
        (b"&_format=json", True),
        (b"&_format=application/fhir%2Bjson", True),
        (b"&_format=application/fhir+json", True),
        (b"&_format=application/fhir%2Bjson;fhirVersion%3D4.0", True),
        (b"&_format=xml", False),
        (b"&_format=application/fhir%2Bxml", False),
        (b"&_format=", True),
    ],
)
def test_case_40_formats(text, wanted):
    assert xref.parse(b"sourceIdentifier=n|1" + text).wants_json() is wanted


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"sourceIdentifier=n",
        b"sourceIdentifier=|1",
        b"sourceIdentifier=n|",
        b"sourceIdentifier=n|1&sourceIdentifier=n|2",
        b"sourceIdentifier=n|1&other=2",
        b"sourceIdentifier=n|1&targetSystem=",
        b"sourceIdentifier=n|%00",
        b"sourceIdentifier=n|%ff",
        b"sourceIdentifier=n|\xff",
        b"sourceIdentifier=n|1" + b"&targetSystem=a" * 30,
        b"sourceIdentifier=n|" + b"x" * 5000,
    ],
)
def test_no_query(query):
    assert xref.parse(query) is None


@given(st.binary())
def test_whatever_is_thrown_at_it(query):
    asked = xref.parse(query)
    assert asked is None or (asked.namespace and asked.value)


def test_answer_is_fhir_parameters():
    wires = [{**WIRE, "type": "MR", "use": "usual"}, {"system": "urn:b", "value": "2"}]
    assert xref.answer({"system": "urn:c", "value": "1"}, wires) == {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "targetIdentifier",
                "valueIdentifier": {
                    "system": "urn:own",
                    "value": "1",
                    "use": "usual",
                    "type": {"coding": [{"system": xref.TYPE_SYSTEM, "code": "MR"}]},
                },
            },
            {
                "name": "targetIdentifier",
                "valueIdentifier": {"system": "urn:b", "value": "2"},
            },
        ],
    }


def test_case_40_the_source_identifier_is_not_repeated():
    other = {"system": "urn:own", "value": "2"}
    found = xref.answer(WIRE, [WIRE, other])["parameter"]
    assert [item["valueIdentifier"] for item in found] == [other]
    assert xref.answer(WIRE, [WIRE]) == {"resourceType": "Parameters"}


def test_parse_link():
    own = {**WIRE, "use": "official", "period": {"start": "2026-01-01"}}
    link = xref.parse_link({"identifier": own, "record": WIRE, "facility": "F"})
    assert link == xref.Link(own, WIRE, "F")
    assert xref.parse_link({"identifier": WIRE, "record": WIRE}).facility == ""


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"identifier": WIRE},
        {"identifier": WIRE, "record": WIRE, "other": 1},
        {"identifier": WIRE, "record": WIRE, "facility": 1},
        {"identifier": {**WIRE, "x": 1}, "record": WIRE},
        {"identifier": WIRE, "record": {**WIRE, "use": "usual"}},
        {"identifier": {**WIRE, "use": "mine"}, "record": WIRE},
        {"identifier": {**WIRE, "period": {"from": "x"}}, "record": WIRE},
        {"identifier": {**WIRE, "period": "x"}, "record": WIRE},
        {"identifier": {**WIRE, "value": 1}, "record": WIRE},
        {"identifier": {**WIRE, "value": "\x00"}, "record": WIRE},
        {"identifier": {**WIRE, "value": "x" * 300}, "record": WIRE},
        {"identifier": {**WIRE, "use": []}, "record": WIRE},
    ],
)
def test_no_link(body):
    assert xref.parse_link(body) is None


@given(st.recursive(st.text() | st.none(), lambda v: st.dictionaries(st.text(), v)))
def test_no_link_from_whatever(body):
    json.dumps(body)
    assert xref.parse_link(body) is None
