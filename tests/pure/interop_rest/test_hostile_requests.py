"""Hostile requests: the holes of the reference verifiers, and requests mutated at random.

What the pipeline does before it touches the database (verify, read JSON, read the
envelope) answers each of them with one of its own refusals: never a 500.
"""

import base64
import hashlib
import hmac
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_base_tools import envelope, jsonlimits, signing
from interop_base_tools.errors import EnvelopeError, SignatureError
from interop_rest_tools import batch, headers, message_signatures, tokens

CASES = 100_000 if os.environ.get("INTEROP_LONG") else 400
NOW = 1_700_000_000
MATERIAL = bytes(range(32))
KEYS = [signing.VerifyingKey("v1", MATERIAL, 1)]
MESSAGE = {
    "id": "msg_1",
    "type": "provider.upserted",
    "schema_version": 1,
    "source": "urn:test",
    "occurred_at": "2026-01-31T08:30:00Z",
    "data": {"name": {"text": "Zoë"}, "identifiers": [{"system": "s", "value": "1"}]},
}
BODY = json.dumps(MESSAGE, ensure_ascii=False).encode()


def sign(body, message_id="msg_1", timestamp=str(NOW)):
    """The signature of any bytes under any id and timestamp, as a fool would make it."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(MATERIAL, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def verify(body, signature, message_id="msg_1", timestamp=str(NOW)):
    """Verify as the pipeline does."""
    pairs = [
        ("Webhook-Id", message_id),
        ("Webhook-Timestamp", timestamp),
        ("Webhook-Signature", signature),
    ]
    return signing.verify(pairs, body, KEYS, now=NOW, tolerance=300)


@pytest.mark.parametrize(
    "entry", ["v1", "v1,", ",", ",,", "v1,a,b", "é", "v1,é", "\x00", "v1,AAAA ", " "]
)
def test_hole_a_malformed_list_raises_something_else(entry):
    """Splitting without a look at the parts ends in a ValueError."""
    for signature in (entry, f"{entry} {sign(BODY)}", f"{sign(BODY)} {entry}"):
        with pytest.raises(SignatureError):
            verify(BODY, signature)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"\x80abc", b"\x00"])
def test_hole_a_body_that_is_no_text_raises_something_else(body):
    """Decoding first ends in a UnicodeDecodeError; ours verifies bytes and refuses
    them as JSON afterwards."""
    assert verify(body, sign(body)).msg_id == "msg_1"
    with pytest.raises(EnvelopeError):
        jsonlimits.parse(body, max_bytes=1000, max_depth=9, max_items=99)


@pytest.mark.parametrize("junk", ["\n", " ", "!", "-", "_", "é", "=", "\x00"])
def test_hole_junk_inside_base64_is_skipped(junk):
    """A lenient decoder drops what is not of its alphabet: many texts, one signature."""
    good = sign(BODY)
    with pytest.raises(SignatureError):
        verify(BODY, good[:10] + junk + good[10:])
    with pytest.raises(SignatureError):
        verify(BODY, good + junk)


@pytest.mark.parametrize(
    "form",
    ["{}.9", " {}", "{} ", "0{}", "+{}", "{}junk", "{}\n", "{}e0", "{}.0", "\t{}"],
)
def test_hole_timestamps_are_read_leniently(form):
    """int() and parseInt() take what the signature does not name: signed as it is, it
    is refused all the same."""
    timestamp = form.format(NOW)
    with pytest.raises(SignatureError):
        verify(BODY, sign(BODY, timestamp=timestamp), timestamp=timestamp)


def test_hole_digits_with_underscores():
    timestamp = "1_700_000_000"
    with pytest.raises(SignatureError):
        verify(BODY, sign(BODY, timestamp=timestamp), timestamp=timestamp)


@pytest.mark.parametrize("raw", [b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}'])
def test_hole_lossy_utf_8_makes_two_bodies_one(raw):
    """What was signed with replacement characters is not what was sent."""
    lossy = raw.decode("utf-8", "replace").encode()
    with pytest.raises(SignatureError):
        verify(raw, sign(lossy))
    with pytest.raises(EnvelopeError):
        jsonlimits.parse(raw, max_bytes=1000, max_depth=9, max_items=99)


def mutated(text):
    """Texts and bytes near ``text``: cut, doubled, with something else put in."""
    kind = type(text)
    other = st.binary(max_size=4) if kind is bytes else st.text(max_size=4)
    return st.tuples(st.integers(0, len(text)), st.integers(0, len(text)), other).map(
        lambda cut: text[: min(cut[:2])] + cut[2] + text[max(cut[:2]) :]
    )


def near(text):
    """``text`` itself as often as something near it."""
    return st.just(text) | mutated(text)


@given(
    body=near(BODY),
    message_id=near("msg_1"),
    timestamp=near(str(NOW)),
    signature=near(sign(BODY)),
    again=st.booleans(),
)
@settings(max_examples=CASES)
def test_a_mutated_request_is_accepted_unchanged_or_refused(
    body, message_id, timestamp, signature, again
):
    if again:  # signed as it is now, whatever that may be
        signature = sign(
            body, message_id.encode("utf-8", "replace").decode(), timestamp
        )
    try:
        verified = verify(body, signature, message_id, timestamp)
    except SignatureError as error:
        assert error.reason != "unexpected"
        return
    assert (verified.msg_id, str(verified.timestamp)) == (message_id, timestamp)
    if not again:
        assert (body, message_id, timestamp) == (BODY, "msg_1", str(NOW))
    read(body)


@given(body=near(BODY) | st.binary(max_size=300), lines=st.booleans())
@settings(max_examples=CASES)
def test_any_body_is_an_envelope_or_refused(body, lines):
    found = read(body)
    if found:
        assert envelope.parse_envelope(found.to_dict()) == found
    try:
        parts = batch.split(body, lines, 100)
    except batch.BatchError as error:
        assert error.code in ("invalid_batch", "batch_too_long")
    else:
        assert parts
        for part in parts:
            read(part)


def read(body):
    """Read a body as the pipeline does; the envelope, or None when it is refused."""
    try:
        value = jsonlimits.parse(body, max_bytes=4096, max_depth=16, max_items=500)
        return envelope.parse_envelope(value)
    except EnvelopeError as error:
        assert error.code and error.message
        return None


@given(
    value=st.text(max_size=80) | near("Bearer iop_abcdefgh_" + "A" * 43),
    pairs=st.lists(st.tuples(st.text(max_size=12), st.text(max_size=40)), max_size=5),
)
@settings(max_examples=CASES)
def test_any_header_is_read_or_refused(value, pairs):
    assert isinstance(headers.client_code(value), str)
    assert isinstance(headers.is_json(value), bool)
    assert isinstance(headers.is_plain(value), bool)
    assert tokens.matching(tokens.bearer(value), []) is None
    pairs = [*pairs, ("Signature-Input", value), ("Signature", value)]
    request = message_signatures.Request("POST", "https://a.example/x", pairs, BODY)
    key = message_signatures.Key("k", message_signatures.HMAC_SHA256, MATERIAL)
    with pytest.raises(message_signatures.SignatureRefused):
        message_signatures.verify(request, [key], NOW, 300)
