"""What we sign by RFC 9421: verified by the library, by our own verifier, and by the
program that is printed for receivers."""

import base64
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import InvalidSignature, algorithms
from interop_rest_tools import message_signatures
from interop_webhook_tools import message_signing

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
URL = "https://receiver.example:8443/hook?a=1&b=%20"
BODY = '{"name": "Łódź"}'.encode()
SEED = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
HMAC = message_signing.Signer("key-1", message_signing.HMAC_SHA256, SEED, URL)
ED25519 = message_signing.Signer("key-2", message_signing.ED25519, SEED, URL)
KEYS = {
    "key-1": "whsec_" + base64.b64encode(SEED).decode(),
    "key-2": "whpk_" + base64.b64encode(PUBLIC).decode(),
}
CASES = [(HMAC, algorithms.HMAC_SHA256, SEED), (ED25519, algorithms.ED25519, PUBLIC)]


def now():
    """Unix seconds; the library reads the clock."""
    return int(datetime.now(UTC).timestamp())


def printed():
    """The program of the page for receivers."""
    (code,) = [
        block
        for block in re.findall(
            r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
        )
        if "http_message_signatures" in block
    ]
    found = {}
    exec(compile(code, "webhooks.md", "exec"), found)  # noqa: S102 (our own page)
    return found["verified_id"]


@pytest.mark.parametrize(("signer", "algorithm", "material"), CASES)
def test_receivers_verify_it(signer, algorithm, material):
    headers = message_signing.headers(signer, "msg_1", now(), BODY, "n" * 32)
    verified_id = printed()
    assert verified_id(URL, headers, BODY, KEYS, algorithm) == "msg_1"
    for url, sent, body in (
        (URL.replace("a=1", "a=2"), headers, BODY),
        (URL, headers, BODY + b" "),
        (URL, {**headers, "webhook-id": "msg_2"}, BODY),
        (URL, {**headers, "webhook-timestamp": "1"}, BODY),
    ):
        with pytest.raises(InvalidSignature):
            verified_id(url, sent, body, KEYS, algorithm)
    old = message_signing.headers(signer, "msg_1", now() - 400, BODY, "n" * 32)
    with pytest.raises(InvalidSignature):
        verified_id(URL, old, BODY, KEYS, algorithm)


@pytest.mark.parametrize(("signer", "algorithm", "material"), CASES)
def test_our_own_way_in_takes_it(signer, algorithm, material):
    moment = 1800000000
    headers = message_signing.headers(signer, "msg_1", moment, BODY, "n" * 32)
    key = message_signatures.Key(signer.key_id, algorithm.algorithm_id, material)
    request = message_signatures.Request("POST", URL, list(headers.items()), BODY)
    verified = message_signatures.verify(request, [key], moment, 300)
    assert verified == (signer.key_id, moment, None, "n" * 32)


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "ł"])
def test_nothing_breaks_out_of_the_parameters(text):
    with pytest.raises(ValueError, match="visible ASCII"):
        message_signing.headers(HMAC, "msg_1", 1800000000, b"", text)
    with pytest.raises(ValueError, match="visible ASCII"):
        message_signing.headers(
            HMAC._replace(key_id=text), "msg_1", 1800000000, b"", "n" * 32
        )


def test_the_key_is_not_shown():
    assert repr(SEED) not in repr(HMAC) and "key-1" in repr(HMAC)
