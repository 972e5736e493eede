"""Vendors that sign with a private key: ECDSA P-256 and RSA with SHA-256."""

import base64
from functools import lru_cache, partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import rfc3339
from interop_rest_vendor_tools import vendor_keys
from interop_rest_vendor_tools import vendor_signatures as vs
from interop_rest_vendor_tools.vendor_signatures import SignatureRefused

NOW = 1800000000
verify = partial(vs.verify, read_time=rfc3339.parse)
BODY = b'[{"event":"delivered"}]\r\n'
SCHEMES = {
    name: vs.Scheme(
        name,
        "X-Signature",
        encoding="base64",
        template="{timestamp}{body}",
        timestamp_header="X-Timestamp",
    )
    for name in vendor_keys.ALGORITHMS
}


@lru_cache
def private(algorithm, number):
    """A private key, the same one for the same number."""
    if algorithm == vendor_keys.RSA:
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def pem(key):
    """The public half as vendors show it."""
    return (
        key.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def signature(algorithm, signed, number=0, hashed=None):
    """What the vendor would send."""
    key, hashed = private(algorithm, number), hashed or SHA256()
    if algorithm == vendor_keys.RSA:
        return key.sign(signed, padding.PKCS1v15(), hashed)
    return key.sign(signed, ec.ECDSA(hashed))


def sent(value, body=BODY):
    """A request with a signature."""
    text = value if isinstance(value, str) else base64.b64encode(value).decode()
    headers = [("X-Timestamp", str(NOW)), ("X-Signature", text)]
    return vs.Sent("POST", "/", headers, body)


def refused(algorithm, request, keys):
    """The reason of a refusal."""
    with pytest.raises(SignatureRefused) as caught:
        verify(SCHEMES[algorithm], request, keys, NOW)
    return caught.value.reason


@pytest.mark.parametrize("algorithm", vendor_keys.ALGORITHMS)
def test_its_own_and_nothing_else(algorithm):
    keys = [
        vendor_keys.read(pem(private(algorithm, number)), algorithm)
        for number in (1, 0)
    ]
    signed = str(NOW).encode() + BODY
    good = signature(algorithm, signed)
    scheme = SCHEMES[algorithm]
    assert not vs.problems(scheme) and not scheme.weak
    assert verify(scheme, sent(good), keys, NOW).timestamp == NOW
    hexadecimal = scheme._replace(encoding="hex")
    assert verify(hexadecimal, sent(good.hex()), keys, NOW)
    wrong = "no_matching_signature"
    assert refused(algorithm, sent(good, BODY + b" "), keys) == wrong
    assert refused(algorithm, sent(good), keys[:1]) == wrong
    assert refused(algorithm, sent(signature(algorithm, BODY)), keys) == wrong
    other_hash = signature(algorithm, signed, hashed=SHA384())
    assert refused(algorithm, sent(other_hash), keys) == wrong
    assert refused(algorithm, sent(b"x" * len(good)), keys) == wrong
    assert refused(algorithm, sent(good), []) == "no_key"


def test_ecdsa_as_two_numbers():
    key = vendor_keys.read(pem(private(vendor_keys.ECDSA, 0)), vendor_keys.ECDSA)
    signed = str(NOW).encode() + BODY
    numbers = utils.decode_dss_signature(signature(vendor_keys.ECDSA, signed))
    raw = b"".join(number.to_bytes(32, "big") for number in numbers)
    assert verify(SCHEMES[vendor_keys.ECDSA], sent(raw), [key], NOW)
    for odd in (bytes(64), b"\xff" * 64, bytes(32) + raw[32:], raw[:32] + bytes(32)):
        assert refused(vendor_keys.ECDSA, sent(odd), [key]) == "no_matching_signature"


@pytest.mark.parametrize("algorithm", vendor_keys.ALGORITHMS)
def test_how_vendors_show_their_keys(algorithm):
    text = pem(private(algorithm, 0))
    middle = "".join(text.splitlines()[1:-1])
    der = base64.b64decode(middle)
    for shown in (text, text.replace("\n", "\r\n"), text.replace("\n", " "), middle):
        assert vendor_keys.read(shown, algorithm) == der


def test_what_is_no_key():
    other_curve = ec.generate_private_key(ec.SECP384R1())
    short = rsa.generate_private_key(65537, 1024)
    secret = private(vendor_keys.ECDSA, 0).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    cases = [
        (vendor_keys.ECDSA, pem(other_curve)),
        (vendor_keys.ECDSA, pem(private(vendor_keys.RSA, 0))),
        (vendor_keys.ECDSA, pem(ed25519.Ed25519PrivateKey.generate())),
        (vendor_keys.ECDSA, secret.decode()),
        (vendor_keys.RSA, pem(private(vendor_keys.ECDSA, 0))),
        (vendor_keys.RSA, pem(short)),
        ("hmac-sha256", pem(private(vendor_keys.RSA, 0))),
    ]
    cases += [
        (algorithm, text)
        for algorithm in vendor_keys.ALGORITHMS
        for text in ("", "AAAA", "ł", "x" * 9000, "-----BEGIN PUBLIC KEY-----")
    ]
    for algorithm, text in cases:
        with pytest.raises(ValueError, match="public key"):
            vendor_keys.read(text, algorithm)


@given(
    st.sampled_from(vendor_keys.ALGORITHMS),
    st.binary(max_size=300) | st.text(max_size=80),
    st.binary(max_size=100),
)
def test_never_anything_but_a_refusal(algorithm, value, key):
    good = vendor_keys.read(pem(private(algorithm, 0)), algorithm)
    for keys in ([good], [key], [key, good]):
        assert refused(algorithm, sent(value), keys)
