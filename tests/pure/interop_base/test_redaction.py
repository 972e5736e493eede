"""Nothing secret is kept, and of personal content nothing at all."""

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import outcome, redaction, signing

SECRET = signing.generate_hmac_secret()
PRIVATE = signing.generate_ed25519_keypair()[0]
CANARY = "CaNaRy7f3a9"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text, hidden",
    [
        # Names without the keys, which are others in each process.
        pytest.param(f"bad key {SECRET}!", SECRET[6:], id="secret"),
        pytest.param(f'{{"k":"{PRIVATE}"}}', PRIVATE[5:], id="private key"),
        (f"Authorization: Bearer {CANARY}", CANARY),
        (f"authorization: Custom a=b {CANARY}", CANARY),
        (f"got 'Bearer {CANARY}' instead", CANARY),
        (f"basic {base64.b64encode(CANARY.encode()).decode()}", "Q2FOYVJ5"),
        (f"Set-Cookie: sid={CANARY}; Path=/", CANARY),
        (f"https://user:{CANARY}@host/path", CANARY),
        (f"https://{CANARY}@host/path", CANARY),
        (f"https://user:{'x' * 900}{CANARY}@host/path", CANARY),
        (f"https://host/path?mrn={CANARY}&x=1", CANARY),
        (f"https://host/{'p' * 3000}?mrn={CANARY}", CANARY),
        (f"https://host/#access={CANARY}", CANARY),
        (f"amqps://u:{CANARY}@broker:5671/v", CANARY),
        (f'{{"password": "a\\"{CANARY}"}}', CANARY),
        (f"{{'client_secret':'{CANARY}'}}", CANARY),
        (f'"apiKey":"{CANARY}', CANARY),
        (f"api-key={CANARY}", CANARY),
        (f"passwd={CANARY}&a=b", CANARY),
        (f"token {JWT} expired", JWT[-8:]),
        (f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----", CANARY),
        (f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}", CANARY),
        ("got v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "g0hM9SsE"),
    ],
)
def test_scrub_hides(text, hidden):
    assert hidden in text
    assert hidden not in redaction.scrub(text)
    assert redaction.MASK in redaction.scrub(text)


def test_scrub_keeps_the_rest():
    text = "Order 12 refused: duplicate at https://host/a/b, see log."
    assert redaction.scrub(text) == text
    kept = redaction.scrub(f"see https://u:p@host/a?q={CANARY} now")
    assert kept == "see https://[redacted]@host/a?[redacted] now"
    kept = redaction.scrub(f'{{"token":"{CANARY}","code":"gone"}}')
    assert kept == '{"token":[redacted],"code":"gone"}'


@given(st.text(max_size=30), st.text(max_size=30))
def test_scrub_hides_our_secret_in_any_surroundings(before, after):
    assert SECRET[8:40] not in redaction.scrub(f"{before} {SECRET} {after}")


@pytest.mark.parametrize(
    "text",
    [
        "a://" * 4000,
        "http://" + "a" * 16000,
        "token" * 3000,
        "-----BEGIN A-----" * 1000,
        "eyJ" * 5000,
        '"password":"' + "\\" * 16000,
        "a." * 8000,
        "Bearer " * 2300,
    ],
)
def test_scrub_is_fast_on_hostile_text(text):
    started = time.process_time()
    redaction.scrub(text)
    assert time.process_time() - started < 0.5


def test_excerpt_of_open_data_is_scrubbed_text():
    body = f'{{"error":"no","secret":"{CANARY}"}}'.encode()
    found = redaction.excerpt(
        body, "application/json; charset=utf-8", data_class="none"
    )
    assert found == '{"error":"no","secret":[redacted]}'
    assert redaction.excerpt(b"x" * 900, "text/plain", data_class="none") == "x" * 500
    assert redaction.excerpt(b"", "text/plain", data_class="none") == "empty body"
    assert (
        redaction.excerpt(b"a\x07\r\xc2\x9fb\xff", None, data_class="none")
        == "a b\ufffd"
    )


def test_excerpt_of_binary_data_is_its_size():
    for content_type, body in (
        ("image/png", b"abc"),
        ("text/plain", f"password={CANARY}".encode("utf-16")),
        ("text/plain", b"a\0b"),
    ):
        found = redaction.excerpt(body, content_type, data_class="none")
        assert found.endswith(f"{len(body)} bytes")
        assert "abc" not in found


@pytest.mark.parametrize("offset", range(0, 160, 7))
def test_a_secret_at_the_edge_of_the_examined_text(offset):
    head = b" " * (redaction._WINDOW - offset)
    body = head + b"https://user:" + CANARY.encode() * 20 + b"@host/ " + b"z" * 2000
    found = redaction.excerpt(body, "text/plain", data_class="none")
    assert CANARY not in found


@pytest.mark.parametrize(
    "data_class", ["personal", "patient_adjacent", "", None, "None", "x"]
)
@pytest.mark.parametrize(
    "body",
    [
        CANARY.encode(),
        json.dumps({"detail": CANARY, "code": CANARY, "type": CANARY}).encode(),
        json.dumps({"title": f"Patient {CANARY}", "status": CANARY}).encode(),
        json.dumps({CANARY: 1, "type": f"https://x/{CANARY}"}).encode(),
        json.dumps({"code": {"a": CANARY}, "status": 4711}).encode(),
        json.dumps([CANARY]).encode(),
        b'{"code": "' + CANARY.encode(),
    ],
)
@pytest.mark.parametrize("content_type", ["application/problem+json", CANARY, None])
def test_no_content_of_other_classes(data_class, body, content_type):
    found = redaction.excerpt(body, content_type, data_class=data_class)
    assert CANARY.lower() not in found.lower()
    assert "4711" not in found
    assert f"{len(body)} bytes" in found


@pytest.mark.parametrize(
    "name", ["smith", "anna-maria", "jane.doe", "Doe", "4711", "mrn_4711"]
)
def test_a_name_or_number_that_looks_like_a_code_is_not_kept(name):
    for member in ("code", "title", "type"):
        body = json.dumps({member: name}).encode()
        found = redaction.excerpt(body, "application/json", data_class="personal")
        assert found == f"application/json, {len(body)} bytes; {member}"


def test_codes_of_known_words_are_kept():
    body = json.dumps(
        {
            "type": "https://example.org/problems/unknown_identifier",
            "title": "Not Found",
            "code": "business-rule",
            "status": 422,
        }
    ).encode()
    found = redaction.excerpt(body, "application/problem+json", data_class="personal")
    assert found == (
        f"application/problem+json, {len(body)} bytes; code=business-rule; "
        "type=unknown_identifier; title=Not Found; status=422"
    )


@pytest.mark.parametrize(
    "code", sorted(outcome.ERROR_CLASSES) + ["in_flight", "NotFound"]
)
def test_our_own_codes_are_known_words(code):
    if code in ("dns", "tls", "connect", "http_5xx"):
        return  # never on the wire
    found = redaction.excerpt(
        json.dumps({"code": code}).encode(), "application/json", data_class="personal"
    )
    assert found.endswith(f"code={code}")


@given(
    st.binary(max_size=200), st.text(max_size=20), st.sampled_from(["none", "personal"])
)
def test_excerpt_takes_anything_and_fits_a_text_column(body, content_type, data_class):
    found = redaction.excerpt(body, content_type, data_class=data_class, limit=80)
    assert len(found) <= 80
    assert "\0" not in found
    found.encode("utf-8")


def test_a_large_integer_beside_a_code_is_no_reason_not_to_show_it():
    """case 34: a receiver's answer is read as it is."""
    body = b'{"status": 422, "code": "not_found", "id": 820982911946154508}'
    kept = redaction.excerpt(body, "application/json", data_class="personal")
    assert "status=422" in kept and "code=not_found" in kept
    assert "8209" not in kept
