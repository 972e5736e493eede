"""RFC 9421: its own vectors, the library both ways, and everything that is no proof."""

import base64
import datetime
import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import (
    HTTPMessageSigner,
    InvalidSignature,
    MappingKeyResolver,
    algorithms,
)
from hypothesis import given
from hypothesis import strategies as st
from interop_rest_tools import message_signatures as ms

NOW = 1_700_000_000
TOLERANCE = 300
NO_MATCH = "no_matching_signature"
URL = "https://odoo.example/interop/v1/messages?x=1&y=%C3%A9"
BODY = b'{"a": 1}'
HMAC_KEY = ms.Key("hmac-1", ms.HMAC_SHA256, bytes(range(32)))
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ED_KEY = ms.Key("ed-1", ms.ED25519, PRIVATE.public_key().public_bytes_raw())
KEYS = [HMAC_KEY, ED_KEY]
COVERED = ("@method", "@target-uri")
_nonces = itertools.count(10**16)


class Message:
    """A request that the library can sign."""

    def __init__(self, method="POST", url=URL, headers=(), body=BODY):
        self.method, self.url, self.headers = method, url, dict(headers)
        self.body = body

    def request(self, **changes):
        """The request as a server sees it."""
        facts = {
            "method": self.method,
            "url": self.url,
            "headers": list(self.headers.items()),
            "body": self.body,
        }
        return ms.Request(**{**facts, **changes})


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def signed(key=HMAC_KEY, message=None, created=NOW, covered=COVERED, **options):
    """Return a message that the library has signed."""
    message = message or Message()
    private = PRIVATE if key.algorithm == ms.ED25519 else key.material
    signer = HTTPMessageSigner(
        signature_algorithm=options.pop("algorithm", ms.ALGORITHMS[key.algorithm]),
        key_resolver=MappingKeyResolver(
            public_keys={}, private_keys={key.key_id: private}
        ),
    )
    options.setdefault("nonce", str(next(_nonces)))
    options.setdefault("body", message.body or None)
    signer.sign(
        message,
        key_id=key.key_id,
        created=moment(created),
        covered_component_ids=covered,
        **options,
    )
    return message


def refused(request, reason, keys=KEYS, now=NOW, tolerance=TOLERANCE):
    with pytest.raises(ms.SignatureRefused) as caught:
        ms.verify(request, keys, now, tolerance)
    assert caught.value.reason == reason


# --- the RFC's own vectors (appendix B.1, B.2)

TEST_REQUEST = ms.Request(
    "POST",
    "https://example.com/foo?param=Value&Pet=dog",
    [
        ("Host", "example.com"),
        ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("Content-Type", "application/json"),
        (
            "Content-Digest",
            (
                "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+T"
                "aPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
            ),
        ),
        ("Content-Length", "18"),
    ],
    b'{"hello": "world"}',
)
SHARED = ms.Key(
    "test-shared-secret",
    ms.HMAC_SHA256,
    base64.b64decode(
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8"
        "jsasjlTMtDQ=="
    ),
)
ED_TEST = ms.Key(
    "test-key-ed25519",
    ms.ED25519,
    base64.b64decode("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="),
)
VECTORS = [
    (  # B.2.5
        SHARED,
        (
            '("date" "@authority" "content-type");created=1618884473'
            ';keyid="test-shared-secret"'
        ),
        "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=",
    ),
    (  # B.2.6
        ED_TEST,
        (
            '("date" "@method" "@path" "@authority" "content-type" "content-length")'
            ';created=1618884473;keyid="test-key-ed25519"'
        ),
        (
            "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lI"
            "p5WPpBKRCw=="
        ),
    ),
]


def of_the_rfc(parameters, signature):
    headers = [
        *(item for item in TEST_REQUEST.headers if item[0] != "Content-Digest"),
        ("Signature-Input", f"sig={parameters}"),
        ("Signature", f"sig=:{signature}:"),
    ]
    return TEST_REQUEST._replace(headers=headers, body=b"")


@pytest.mark.parametrize(("key", "parameters", "signature"), VECTORS)
def test_vectors_of_the_rfc(key, parameters, signature):
    request = of_the_rfc(parameters, signature)
    assert ms.authentic(request, key)["created"] == 1618884473
    altered = request._replace(url="https://example.org/foo")
    with pytest.raises(InvalidSignature):
        ms.authentic(altered, key)
    # Genuine, and still no proof of a request: they cover a part of it and no nonce.
    refused(request, "nonce_missing", [key], 1618884473)


def test_the_digest_of_the_rfc():
    digest = dict(TEST_REQUEST.headers)["Content-Digest"]
    message = Message("POST", TEST_REQUEST.url, body=TEST_REQUEST.body)
    message.headers = {"Content-Digest": digest}
    signed(message=message, use_existing_digest=True)
    assert ms.verify(message.request(), KEYS, NOW, TOLERANCE)
    refused(message.request(body=b'{"hello": "World"}'), "no_matching_signature")


# --- what the library signs is accepted


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "covered", [COVERED, ("@method", "@authority", "@path", "@query")]
)
@pytest.mark.parametrize("include_alg", [True, False])
def test_signed_by_the_library(key, method, covered, include_alg):
    body = BODY if method == "POST" else b""
    message = signed(
        key,
        Message(method, body=body),
        covered=covered,
        include_alg=include_alg,
        nonce="n" * 16,
        expires=moment(NOW + 60),
    )
    verified = ms.verify(message.request(), KEYS, NOW, TOLERANCE)
    assert verified == ms.Verified(key.key_id, NOW, NOW + 60, "n" * 16)


def test_names_of_headers_in_any_case():
    message = signed()
    headers = [(name.upper(), value) for name, value in message.headers.items()]
    assert ms.verify(message.request(headers=headers), KEYS, NOW, TOLERANCE)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "covered", [COVERED, ("@method", "@authority", "@path", "@query")]
)
@pytest.mark.parametrize(
    "sent", ["https://ODOO.Example", "HTTPS://odoo.example:443", "https://odoo.example"]
)
def test_the_host_is_compared_as_one_name(key, covered, sent):
    """S9: signed in lower case without the default port (RFC 9421 2.2.3), sent in any
    spelling; or signed as sent."""
    rest = URL.removeprefix("https://odoo.example")
    message = signed(key, covered=covered)
    assert ms.verify(message.request(url=sent + rest), KEYS, NOW, TOLERANCE)
    message = signed(key, Message(url=sent + rest), covered=covered)
    assert ms.verify(message.request(), KEYS, NOW, TOLERANCE)
    for other in ("https://odoo.example:8443", "https://odoo.example.", "http://ODOO"):
        refused(message.request(url=other + rest), "no_matching_signature")


def test_only_the_host_is_compared_without_case():
    """S9: a path in another case is another path."""
    refused(signed().request(url=URL.replace("messages", "Messages")), NO_MATCH)


# --- and nothing else is


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"url": URL + "&z=1"},
        {"url": URL.replace("https", "http")},
        {"url": URL.replace("odoo.example", "evil.example")},
        {"url": URL.replace("messages", "messages/1")},
        {"body": BODY + b" "},
        {"body": b""},
        {"url": "not a url"},
    ],
)
def test_nothing_of_a_request_can_be_exchanged(change):
    for key in KEYS:
        refused(signed(key).request(**change), "no_matching_signature")


@pytest.mark.parametrize(
    "covered",
    [
        (),
        ("@method",),
        ("@target-uri",),
        ("@method", "@path"),
        ("@method", "@path", "@query"),
        ("@method", "@authority", "@path"),
        ("@method", "@request-target"),
    ],
)
def test_what_has_to_be_covered(covered):
    with pytest.raises(ms.SignatureRefused, match="not_covered"):
        ms.verify(signed(covered=covered).request(), KEYS, NOW, TOLERANCE)


def test_a_body_has_to_be_covered():
    refused(signed(body=None).request(), "not_covered")
    # A digest of another representation or of one member does not count.
    message = signed(covered=(*COVERED, '"content-digest";key="sha-256"'))
    refused(message.request(), "not_covered")
    # Nor does a digest beside the signature.
    message = signed(message=Message(body=b""), body=None)
    message.headers["Content-Digest"] = "sha-256=:AA==:"
    refused(message.request(), "not_covered")


def test_an_idempotency_key_has_to_be_covered():
    message = signed()
    message.headers["Idempotency-Key"] = "k"
    refused(message.request(), "not_covered")
    message = Message(headers={"idempotency-key": "k"})
    signed(message=message, covered=(*COVERED, "idempotency-key"))
    assert ms.verify(message.request(), KEYS, NOW, TOLERANCE)


@pytest.mark.parametrize(
    ("distance", "reason"),
    [
        (-301, "timestamp_too_old"),
        (-300, ""),
        (-299, ""),
        (0, ""),
        (299, ""),
        (300, ""),
        (301, "timestamp_too_new"),
    ],
)
def test_tolerance_into_the_past_and_the_future(distance, reason):
    request = signed(created=NOW + distance).request()
    if reason:
        refused(request, reason)
    else:
        assert ms.verify(request, KEYS, NOW, TOLERANCE)


def test_tolerance_zero_is_the_exact_second():
    assert ms.verify(signed().request(), KEYS, NOW, 0)
    refused(signed(created=NOW - 1).request(), "timestamp_too_old", tolerance=0)
    refused(signed().request(), "not_configured", tolerance=-1)


def test_expires():
    refused(signed(expires=moment(NOW)).request(), "expired")
    refused(signed(expires=moment(NOW - 1)).request(), "expired")


def test_the_algorithm_is_the_key_s():
    # An attacker who knows the public key uses it as an HMAC secret.
    forged = ms.Key(ED_KEY.key_id, ms.HMAC_SHA256, ED_KEY.material)
    refused(signed(forged).request(), "algorithm_not_of_the_key")
    refused(signed(forged, include_alg=False).request(), "no_matching_signature")

    class Unknown(algorithms.HMAC_SHA256):
        algorithm_id = "none"

    refused(signed(algorithm=Unknown).request(), "algorithm_not_of_the_key")


def test_no_key_of_that_name():
    for keys in ([], [ED_KEY]):
        refused(signed().request(), "unknown_key", keys=keys)
    other = ms.Key("hmac-1", ms.HMAC_SHA256, bytes(32))
    refused(signed().request(), "no_matching_signature", keys=[other])


@pytest.mark.parametrize("nonce", [None, "", "short", "n" * 129, "with blank in it"])
def test_nonces(nonce):
    with pytest.raises(ms.SignatureRefused, match="nonce"):
        ms.verify(signed(nonce=nonce).request(), KEYS, NOW, TOLERANCE)


def test_one_signature():
    message = signed()
    signed(
        message=message,
        label="other",
        append_if_signature_exists=True,
        use_existing_digest=True,
    )
    refused(message.request(), "not_one_signature")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x" * 5000,
        "sig",
        "sig=1",
        "sig=(",
        "sig=()",
        'sig=("@method");created=1;created=2',
        'sig=("@method");created=1.5;keyid="k";nonce="nnnnnnnnnnnnnnnn"',
        'sig=("@method");created=-1700000000;keyid="k";nonce="nnnnnnnnnnnnnnnn"',
        'sig=("@method");created=true;keyid="k";nonce="nnnnnnnnnnnnnnnn"',
        'sig=("@method");created=1700000000;keyid=k;nonce="nnnnnnnnnnnnnnnn"',
        'sig=("@method");created=1700000000;keyid="k";nonce="nnnnnnnnnnnnnnnn";x=1',
        'a=("@method"), a=("@method")',
        "sig=(" + '"@method" ' * 40 + ")",
        "é",
    ],
)
def test_malformed(value):
    message = signed()
    message.headers["Signature-Input"] = value
    with pytest.raises(ms.SignatureRefused):
        ms.verify(message.request(), KEYS, NOW, TOLERANCE)


def test_a_signature_that_is_missing_or_twice():
    message = signed()
    value = message.headers.pop("Signature")
    refused(message.request(), "no_matching_signature")
    for text in (
        "",
        "pyhms=:!!:",
        "pyhms=1",
        f"{value}, {value}",
        f"{value}, b=:AA==:",
    ):
        message.headers["Signature"] = text
        refused(message.request(), "no_matching_signature")
    double = [*signed().headers.items(), *signed().headers.items()]
    with pytest.raises(ms.SignatureRefused):
        ms.verify(message.request(headers=double), KEYS, NOW, TOLERANCE)


@given(
    st.dictionaries(
        st.sampled_from(["signature", "signature-input", "content-digest", "x"]),
        st.text(max_size=80)
        | st.from_regex(r'sig=\("@method" "@target-uri"\)(;[a-z]{1,7}=[0-9"]{1,11})*'),
    ),
    st.binary(max_size=20),
    st.text(max_size=40),
)
def test_never_anything_but_a_refusal(headers, body, url):
    request = ms.Request("POST", url, list(headers.items()), body)
    with pytest.raises(ms.SignatureRefused):
        ms.verify(request, KEYS, NOW, TOLERANCE)
