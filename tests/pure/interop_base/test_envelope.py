"""The envelope: strict reading, building, CloudEvents, ids."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_base_tools import canonical, envelope
from interop_base_tools.errors import EnvelopeError
from interop_setup.examples import examples

MINIMAL = {
    "id": "msg_1",
    "type": "provider.upserted",
    "schema_version": 1,
    "source": "ehr",
    "occurred_at": "2026-11-22T17:03:09Z",
    "data": {"name": "CANARY"},
}
FULL = {
    **MINIMAL,
    "facility": "NORTH",
    "sent_at": "2026-11-22T19:03:10.250+02:00",
    "sequence": 7,
    "epoch": 2,
    "ordering_key": "provider 17",
    "correlation_id": "c-1",
    "causation_id": "msg_0",
    "data_class": "patient_adjacent",
    "test": True,
    "subject": [{"system": "urn:npi", "value": "CANARY", "use": "official"}],
}


def refused(value):
    """Return (code, pointer); nothing of the value is in the error."""
    with pytest.raises(EnvelopeError) as caught:
        envelope.parse_envelope(value)
    assert "CANARY" not in str(caught.value)
    return caught.value.code, caught.value.pointer


def test_minimal():
    found = envelope.parse_envelope(MINIMAL)
    assert found.occurred_at == datetime(2026, 11, 22, 17, 3, 9, tzinfo=UTC)
    assert found.test is False
    assert found.subject == ()
    assert found.facility is found.sequence is found.sent_at is None
    assert envelope.parse_envelope(found.to_dict()) == found


def test_full_and_back():
    found = envelope.parse_envelope(FULL)
    assert found.sent_at == datetime(2026, 11, 22, 17, 3, 10, 250000, tzinfo=UTC)
    assert found.subject == (FULL["subject"][0],)
    assert found.to_dict() == {**FULL, "sent_at": "2026-11-22T17:03:10.250000Z"}
    assert set(FULL) == set(envelope.MEMBERS)


def test_null_is_as_good_as_absent_for_optional_members():
    nulls = {name: None for name in envelope.MEMBERS if name not in envelope.REQUIRED}
    assert envelope.parse_envelope({**MINIMAL, **nulls}) == envelope.parse_envelope(
        MINIMAL
    )


@pytest.mark.parametrize("name", envelope.REQUIRED)
def test_required_members(name):
    without = {key: value for key, value in MINIMAL.items() if key != name}
    assert refused(without) == ("missing_member", "")
    assert refused({**MINIMAL, name: None}) == ("wrong_type", f"/{name}")


@pytest.mark.parametrize("value", [None, [], "CANARY", 7, [MINIMAL]])
def test_only_objects(value):
    assert refused(value) == ("not_an_object", "")


@pytest.mark.parametrize(
    "member, value, code, pointer",
    [
        ("extra", 1, "unknown_member", "/extra"),
        ("CANARY x", 1, "unknown_member", ""),
        ("id", "a.b", "invalid_format", "/id"),
        ("id", "a,b", "invalid_format", "/id"),
        ("id", "CANARY\n", "invalid_format", "/id"),
        ("id", "x" * 129, "too_long", "/id"),
        ("id", 7, "wrong_type", "/id"),
        ("type", "provider", "invalid_format", "/type"),
        ("type", "Provider.upserted", "invalid_format", "/type"),
        ("type", "provider..upserted", "invalid_format", "/type"),
        ("schema_version", "1", "wrong_type", "/schema_version"),
        ("schema_version", True, "wrong_type", "/schema_version"),
        ("schema_version", 1.0, "wrong_type", "/schema_version"),
        ("schema_version", 0, "out_of_range", "/schema_version"),
        ("source", " ", "invalid_format", "/source"),
        ("source", "CANARY\x00", "invalid_format", "/source"),
        ("source", "s" * 256, "too_long", "/source"),
        ("facility", "", "invalid_format", "/facility"),
        ("facility", "CANARY\r\nx", "invalid_format", "/facility"),
        ("occurred_at", "2026-11-22", "invalid_timestamp", "/occurred_at"),
        ("occurred_at", 1700000000, "invalid_timestamp", "/occurred_at"),
        ("sent_at", "2026-11-22T17:03:09", "invalid_timestamp", "/sent_at"),
        ("sequence", -1, "out_of_range", "/sequence"),
        ("sequence", 2**53, "out_of_range", "/sequence"),
        ("epoch", False, "wrong_type", "/epoch"),
        ("ordering_key", "k" * 129, "too_long", "/ordering_key"),
        ("correlation_id", "a b", "invalid_format", "/correlation_id"),
        ("causation_id", "\u00e9", "invalid_format", "/causation_id"),
        ("data_class", "CANARY", "invalid_format", "/data_class"),
        ("data_class", [], "invalid_format", "/data_class"),
        ("test", 1, "wrong_type", "/test"),
        ("test", "true", "wrong_type", "/test"),
        ("data", ["CANARY"], "wrong_type", "/data"),
        ("subject", {"system": "s"}, "wrong_type", "/subject"),
        ("subject", ["CANARY"], "wrong_type", "/subject/0"),
        ("subject", [{"system": "s"}], "missing_member", "/subject/0"),
        ("subject", [{"system": "s", "value": 1}], "wrong_type", "/subject/0/value"),
        (
            "subject",
            [{"system": "s", "value": ""}],
            "invalid_format",
            "/subject/0/value",
        ),
        (
            "subject",
            [{"system": "s", "value": "v", "name": "CANARY"}],
            "unknown_member",
            "/subject/0/name",
        ),
        ("subject", [{"system": "s", "value": "v"}] * 51, "too_long", "/subject"),
    ],
)
def test_refused(member, value, code, pointer):
    assert refused({**MINIMAL, member: value}) == (code, pointer)


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2026-11-22T17:03:09Z", (17, 3, 9, 0)),
        ("2026-11-22T17:03:09.5Z", (17, 3, 9, 500000)),
        ("2026-11-22T17:03:09.123456789Z", (17, 3, 9, 123456)),
        ("2026-11-22T19:03:09+02:00", (17, 3, 9, 0)),
        ("2026-11-22T11:33:09-05:30", (17, 3, 9, 0)),
        ("2026-11-22T17:03:09-00:00", (17, 3, 9, 0)),
        ("2026-11-22t17:03:09z", (17, 3, 9, 0)),
        ("2026-11-22T23:59:60Z", (23, 59, 59, 999999)),
    ],
)
def test_timestamps(text, moment):
    assert envelope.parse_timestamp(text) == datetime(2026, 11, 22, *moment, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 17:03:09Z",
        "2026-11-22T17:03Z",
        "2026-11-22T17:03:09",
        "2026-11-22T17:03:09.Z",
        "2026-11-22T17:03:60Z",
        "2026-11-22T24:00:00Z",
        "2026-02-30T17:03:09Z",
        "2026-11-22T17:03:09+24:00",
        "2026-11-22T17:03:09+02",
        "2026-11-22T17:03:09+0200",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-11-22T17:03:09Z",
        "2026-11-22T17:03:09Z\n",
        "",
    ],
)
def test_bad_timestamps(text):
    with pytest.raises(EnvelopeError) as caught:
        envelope.parse_timestamp(text, "/x")
    assert (caught.value.code, caught.value.pointer) == ("invalid_timestamp", "/x")


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))])))
def test_timestamps_round_trip(moment):
    try:
        text = envelope.format_timestamp(moment)
    except OverflowError:  # beyond year 9999 in UTC
        return
    assert envelope.parse_timestamp(text) == moment


def test_build_takes_datetimes_and_checks_as_parse_does():
    made = envelope.build(
        id="msg_1",
        type="invoice.posted",
        schema_version=2,
        source="odoo",
        occurred_at=datetime(2026, 1, 2, 3, 4, 5),
        sent_at=datetime(2026, 1, 2, 5, 4, 6, tzinfo=timezone(timedelta(hours=2))),
        data={},
        facility=None,
        ordering_key=False,
        correlation_id="",
        sequence=0,
        subject=({"system": "s", "value": "v"},),
    )
    assert made == {
        "id": "msg_1",
        "type": "invoice.posted",
        "schema_version": 2,
        "source": "odoo",
        "occurred_at": "2026-01-02T03:04:05Z",
        "sent_at": "2026-01-02T03:04:06Z",
        "data": {},
        "sequence": 0,
        "test": False,
        "subject": [{"system": "s", "value": "v"}],
    }
    assert json.loads(canonical.canonical_bytes(made)) == made
    for wrong in ({"color": 1}, {"data": None}, {"sequence": -1}):
        with pytest.raises(EnvelopeError):
            envelope.build(**{**MINIMAL, **wrong})


def test_cloudevents_structured():
    found = envelope.cloudevents_structured(
        envelope.parse_envelope(FULL), "urn:odoo:main"
    )
    assert found["specversion"] == "1.0"
    assert found["id"] == "msg_1"
    assert found["source"] == "urn:odoo:main"
    assert found["type"] == "provider.upserted"
    assert found["time"] == "2026-11-22T17:03:09Z"
    assert found["datacontenttype"] == "application/json"
    assert envelope.parse_envelope(found["data"]) == envelope.parse_envelope(FULL)
    for name, value in found.items():
        assert re.fullmatch("[a-z0-9]{1,20}", name)
        assert name == "data" or isinstance(value, str | bool)


def test_cloudevents_binary_headers():
    headers = envelope.cloudevents_binary_headers(
        envelope.parse_envelope({**FULL, "facility": 'Zoë "North" 5%'}), "urn:odoo:main"
    )
    assert headers["content-type"] == "application/json"
    assert headers["ce-id"] == "msg_1"
    assert headers["ce-sequence"] == "7"
    assert headers["ce-testmessage"] == "true"
    assert headers["ce-facility"] == "Zo%C3%AB%20%22North%22%205%25"


def test_cloudevents_attributes_do_not_contain_the_subject():
    headers = envelope.cloudevents_binary_headers(
        envelope.parse_envelope(FULL), "urn:x"
    )
    assert "CANARY" not in str(headers)
    assert "ce-partitionkey" not in headers
    open_one = envelope.parse_envelope({**FULL, "data_class": "none"})
    found = envelope.cloudevents_binary_headers(open_one, "urn:x")
    assert found["ce-partitionkey"] == "provider%2017"


@pytest.mark.parametrize("uri", ["", "a b", "urn:x\r\ny: z", "urn:\u00e9", None])
def test_cloudevents_source_must_be_a_uri(uri):
    with pytest.raises(EnvelopeError):
        envelope.cloudevents_structured(envelope.parse_envelope(MINIMAL), uri)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60))
def test_no_value_ends_a_header(text):
    wire = {**MINIMAL, "facility": text, "ordering_key": text, "data_class": "none"}
    try:
        found = envelope.parse_envelope(wire)
    except EnvelopeError:
        return
    for value in envelope.cloudevents_binary_headers(found, "urn:x").values():
        assert re.fullmatch("[!-~]+", value)


def test_ids():
    found = {envelope.new_id() for _ in range(100)}
    assert len(found) == 100
    assert all(re.fullmatch("msg_[0-9a-hjkmnp-tv-z]{26}", one) for one in found)
    ids = [envelope.new_id(now_ms=1_700_000_000_000 + n) for n in range(300)]
    assert ids == sorted(ids)
    assert envelope.new_id(bytes, now_ms=0, prefix="evt_") == "evt_" + "0" * 26
    assert envelope.new_id(lambda n: b"\xff" * n) == "msg_7" + "z" * 25
    for one in found:
        assert envelope.parse_envelope({**MINIMAL, "id": one}).id == one


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(sorted(FULL)) | st.text(max_size=9), JSON),
    st.data(),
)
@settings(max_examples=examples(1500))
def test_parse_raises_only_our_error(changes, data):
    base = data.draw(st.sampled_from([{}, MINIMAL, FULL]))
    value = {**base, **changes}
    try:
        found = envelope.parse_envelope(value)
    except EnvelopeError as error:
        assert error.code
        assert error.__context__ is None
    else:
        assert envelope.parse_envelope(found.to_dict()) == found


@given(JSON | st.dictionaries(st.integers() | st.none(), JSON, max_size=3))
def test_parse_of_anything(value):
    with pytest.raises(EnvelopeError):
        envelope.parse_envelope(value)


@given(
    st.dictionaries(st.sampled_from(sorted(FULL)), JSON),
    st.sampled_from([MINIMAL, FULL]),
)
@settings(max_examples=examples(500))
def test_build_writes_and_refuses_as_parse_does(changes, base):
    value = {
        name: item
        for name, item in {**base, **changes}.items()
        if name in envelope.REQUIRED or (item is not False and item != "")
    }
    try:
        expected = envelope.parse_envelope(value).to_dict()
    except EnvelopeError:
        with pytest.raises(EnvelopeError):
            envelope.build(**value)
    else:
        assert envelope.build(**value) == expected


def test_build_names_a_required_member_that_is_null():
    with pytest.raises(EnvelopeError, match="source must not be null"):
        envelope.build(**{**MINIMAL, "source": None})
