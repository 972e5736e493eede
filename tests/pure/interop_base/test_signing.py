"""Standard Webhooks: vectors, independent libraries, tampering, skew, fuzzing."""

import base64
import importlib.util
import json
import time
from pathlib import Path

import pytest
import standardwebhooks
import svix.webhooks
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_base_tools import signing
from interop_base_tools.errors import SignatureError
from interop_base_tools.signing import SigningKey, VerifyingKey
from interop_setup.examples import examples

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
CASES = json.loads((VECTORS / "standard_webhooks.json").read_text())
NOW = 1_700_000_000
SECRET = signing.generate_hmac_secret()
PRIVATE, PUBLIC = signing.generate_ed25519_keypair()
KEYS = {
    "v1": (SigningKey.from_text(SECRET), VerifyingKey.from_text(SECRET)),
    "v1a": (SigningKey.from_text(PRIVATE), VerifyingKey.from_text(PUBLIC)),
}
IDS = st.text(
    st.sampled_from([chr(c) for c in range(33, 127) if chr(c) not in ".,"]),
    min_size=1,
    max_size=signing.MAX_ID_LENGTH,
)
TEXT = st.text(max_size=60)


def refused(headers, body, keys, now=NOW, tolerance=300):
    """Return the reason of the refusal."""
    with pytest.raises(SignatureError) as caught:
        signing.verify(headers, body, keys, now, tolerance)
    return caught.value.reason


@pytest.mark.parametrize("case", CASES["valid"], ids=lambda c: c["name"])
def test_vectors_sign_and_verify(case):
    body = base64.b64decode(case["body_base64"])
    key = SigningKey.from_text(case["signing_key"])
    made = signing.headers(case["id"], case["timestamp"], body, [key])
    assert made["webhook-signature"] == case["signature"]
    verifying = VerifyingKey.from_text(case["verifying_key"], key_id="k")
    verified = signing.verify(made, body, [verifying], case["timestamp"])
    assert verified.msg_id == case["id"]
    assert verified.timestamp == case["timestamp"]
    assert verified.key is verifying


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda c: c["name"])
def test_vectors_refused(case):
    text = case["verifying_key"]
    keys = [VerifyingKey.from_text(text)] if text else []
    body = base64.b64decode(case["body_base64"])
    pairs = [(header["name"], header["value"]) for header in case["headers"]]
    assert refused(pairs, body, keys, case["now"], case["tolerance"]) == case["reason"]


def test_vector_file_equals_the_output_of_its_script():
    path = VECTORS / "generate.py"
    spec = importlib.util.spec_from_file_location("generate_vectors", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.TARGET.read_text() == module.document()


@given(msg_id=IDS, body=TEXT)
@settings(max_examples=examples(200), deadline=None)
@pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.webhooks.Webhook])
def test_independent_libraries_accept_our_signatures(library, msg_id, body):
    body = json.dumps({"data": body}, ensure_ascii=False).encode("utf-8", "replace")
    keys = [KEYS["v1a"][0], KEYS["v1"][0]]
    made = signing.headers(msg_id, int(time.time()), body, keys)
    library(SECRET).verify(body, made)


@given(msg_id=IDS, body=st.binary(max_size=200), stamp=st.integers(10**9, 10**11 - 1))
@pytest.mark.parametrize("scheme", ["v1", "v1a"])
def test_sign_then_verify(scheme, msg_id, body, stamp):
    signing_key, verifying_key = KEYS[scheme]
    made = signing.headers(msg_id, stamp, body, [signing_key])
    verified = signing.verify(list(made.items()), body, [verifying_key], stamp, 0)
    assert (verified.msg_id, verified.timestamp) == (msg_id, stamp)


@given(data=st.data(), body=st.binary(min_size=1, max_size=64))
@pytest.mark.parametrize("scheme", ["v1", "v1a"])
def test_any_changed_byte_of_the_body_is_refused(scheme, data, body):
    signing_key, verifying_key = KEYS[scheme]
    made = signing.headers("msg_1", NOW, body, [signing_key])
    position = data.draw(st.integers(0, len(body) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = bytearray(body)
    changed[position] ^= flip
    assert refused(made, bytes(changed), [verifying_key]) == "no_matching_signature"


@given(data=st.data())
@settings(max_examples=examples(300))
@pytest.mark.parametrize("scheme", ["v1", "v1a"])
def test_any_changed_character_of_a_header_is_refused(scheme, data):
    signing_key, verifying_key = KEYS[scheme]
    made = signing.headers("msg_1", NOW, b"{}", [signing_key])
    name = data.draw(st.sampled_from(signing.HEADERS))
    value = made[name]
    position = data.draw(st.integers(0, len(value) - 1))
    new = data.draw(st.characters(min_codepoint=0, max_codepoint=0x200))
    if new == value[position]:
        return
    made[name] = value[:position] + new + value[position + 1 :]
    assert refused(made, b"{}", [verifying_key])


@pytest.mark.parametrize("skew", [-301, -300, -299, 0, 299, 300, 301])
@pytest.mark.parametrize("scheme", ["v1", "v1a"])
def test_skew_into_past_and_future(scheme, skew):
    signing_key, verifying_key = KEYS[scheme]
    made = signing.headers("msg_1", NOW + skew, b"{}", [signing_key])
    if abs(skew) <= 300:
        assert signing.verify(made, b"{}", [verifying_key], NOW, 300)
    else:
        expected = "timestamp_too_old" if skew < 0 else "timestamp_too_new"
        assert refused(made, b"{}", [verifying_key]) == expected


@pytest.mark.parametrize("tolerance", [None, False, True, -1, 0.5, "300"])
def test_an_odd_tolerance_is_refused_and_never_means_off(tolerance):
    made = signing.headers("msg_1", NOW, b"{}", [KEYS["v1"][0]])
    keys = [KEYS["v1"][1]]
    assert refused(made, b"{}", keys, NOW, tolerance) == "not_configured"


def test_tolerance_zero_is_the_exact_second():
    made = signing.headers("msg_1", NOW, b"{}", [KEYS["v1"][0]])
    assert signing.verify(made, b"{}", [KEYS["v1"][1]], NOW, 0)
    assert refused(made, b"{}", [KEYS["v1"][1]], NOW + 1, 0) == "timestamp_too_old"


def test_rotation_the_old_and_the_new_key_both_verify_and_the_match_is_named():
    old, new = (signing.generate_hmac_secret() for _ in range(2))
    made = signing.headers(
        "msg_1", NOW, b"{}", [SigningKey.from_text(new), SigningKey.from_text(old)]
    )
    assert made["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        key = VerifyingKey.from_text(secret, key_id=secret)
        assert signing.verify(made, b"{}", [key], NOW).key.key_id == secret
    keys = [VerifyingKey.from_text(text, n) for n, text in enumerate((SECRET, old))]
    assert signing.verify(made, b"{}", keys, NOW).key.key_id == 1


def test_header_names_in_any_case_and_repeats_in_different_case():
    made = signing.headers("msg_1", NOW, b"{}", [KEYS["v1"][0]])
    upper = {name.upper(): value for name, value in made.items()}
    assert signing.verify(upper, b"{}", [KEYS["v1"][1]], NOW)
    both = {**made, "Webhook-Id": "msg_1"}
    assert refused(both, b"{}", [KEYS["v1"][1]]) == "duplicate_header"


def test_hmac_signature_of_a_public_key_is_no_way_in():
    """Key confusion: the public key's bytes used as an HMAC secret."""
    raw = KEYS["v1a"][1].material
    forged = signing.headers("msg_1", NOW, b"{}", [SigningKey("v1", raw)])
    assert refused(forged, b"{}", [KEYS["v1a"][1]]) == "no_matching_signature"


@pytest.mark.parametrize("point", sorted(signing._SMALL_ORDER), ids=bytes.hex)
@pytest.mark.parametrize("sign_bit", [0, 0x80])
def test_public_keys_under_which_anyone_signs_are_refused(point, sign_bit):
    raw = point[:31] + bytes([point[31] | sign_bit])
    with pytest.raises(SignatureError):
        VerifyingKey.from_text("whpk_" + base64.b64encode(raw).decode())
    made = signing.headers("msg_1", NOW, b"{}", [KEYS["v1a"][0]])
    assert refused(made, b"{}", [VerifyingKey("v1a", raw)]) == "malformed_key"


def _on_curve_order_divides_eight(encoded):
    """Return whether an encoded point times eight is the neutral element."""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    y = int.from_bytes(encoded, "little") % p
    square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
    x = pow(square, (p + 3) // 8, p)
    if x * x % p != square:
        x = x * pow(2, (p - 1) // 4, p) % p
    if x * x % p != square:
        return False
    for _ in range(3):
        product = d * x * x * y * y % p
        x, y = (
            2 * x * y * pow(1 + product, -1, p) % p,
            (y * y + x * x) * pow(1 - product, -1, p) % p,
        )
    return (x, y) == (0, 1)


@pytest.mark.parametrize("point", sorted(signing._SMALL_ORDER), ids=bytes.hex)
def test_the_refused_points_are_of_small_order(point):
    assert _on_curve_order_divides_eight(point)
    assert not _on_curve_order_divides_eight(KEYS["v1a"][1].material)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_" + base64.b64encode(b"x" * 32).decode().rstrip("="),
        # Names without the key, which is another one in each process.
        pytest.param(SECRET + "\n", id="a line's end"),
        pytest.param(" " + SECRET, id="a space before"),
        pytest.param(SECRET.replace("whsec_", "whsec_*"), id="a wrong character"),
        "whsec_" + base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        "whpk_" + base64.b64encode(b"x" * 31).decode(),
        "whsk_" + base64.b64encode(b"x" * 33).decode(),
        "whsk_" + base64.b64encode(b"x" * 64).decode(),
        None,
        b"whsec_",
    ],
)
def test_malformed_keys_are_refused(text):
    with pytest.raises(SignatureError) as caught:
        signing.decode_secret(text)
    assert caught.value.reason == "malformed_key"
    assert "xxxx" not in str(caught.value)


def test_key_texts():
    assert len(signing.decode_secret(SECRET)) == 32
    assert signing.decode_secret(SECRET) == signing.decode_secret(SECRET[6:])
    assert signing.public_key_of(PRIVATE) == PUBLIC
    seed, public = signing.decode_secret(PRIVATE), signing.decode_secret(PUBLIC)
    long_form = "whsk_" + base64.b64encode(seed + public).decode()
    assert signing.decode_secret(long_form) == seed
    assert signing.public_key_of(long_form) == PUBLIC
    assert VerifyingKey.from_text(PRIVATE).material == public
    assert signing.generate_hmac_secret() != SECRET
    for wrong in (SECRET, PUBLIC, None):
        with pytest.raises(SignatureError):
            signing.public_key_of(wrong)
    with pytest.raises(SignatureError):
        SigningKey.from_text(PUBLIC)


def test_repr_shows_no_key_material():
    shown = repr([KEYS, SigningKey.from_text(SECRET, "id7")])
    assert "id7" in shown
    assert SECRET[6:] not in shown
    assert repr(signing.decode_secret(SECRET)) not in shown


@pytest.mark.parametrize(
    "msg_id, stamp, body, keys, reason",
    [
        ("a.b", NOW, b"", "ok", "malformed_id"),
        ("", NOW, b"", "ok", "malformed_id"),
        ("a", 5, b"", "ok", "malformed_timestamp"),
        ("a", True, b"", "ok", "malformed_timestamp"),
        ("a", 1.7e9, b"", "ok", "malformed_timestamp"),
        ("a", NOW, "text", "ok", "malformed_body"),
        ("a", NOW, b"", "none", "no_key"),
        ("a", NOW, b"", "many", "too_many_keys"),
        ("a", NOW, b"", "short", "malformed_key"),
    ],
)
def test_sign_fails_closed(msg_id, stamp, body, keys, reason):
    key = KEYS["v1"][0]
    lists = {"ok": [key], "none": [], "many": [key] * 9}
    lists["short"] = [SigningKey("v1", b"")]
    with pytest.raises(SignatureError) as caught:
        signing.sign(msg_id, stamp, body, lists[keys])
    assert caught.value.reason == reason


def test_too_many_or_foreign_keys_are_refused():
    made = signing.headers("msg_1", NOW, b"{}", [KEYS["v1"][0]])
    key = KEYS["v1"][1]
    assert refused(made, b"{}", [key] * 9) == "too_many_keys"
    assert refused(made, b"{}", [SECRET]) == "malformed_key"
    assert refused(made, b"{}", [key, VerifyingKey("v1", b"")]) == "malformed_key"
    assert refused(made, b"{}", [VerifyingKey("v2", b"x" * 32)]) == "malformed_key"
    assert refused(made, b"{}", None) == "no_key"
    assert refused(made, "{}", [key]) == "malformed_body"


ANYTHING = st.one_of(
    st.none(), st.integers(), st.binary(max_size=20), st.text(max_size=40), st.floats()
)
SIGNATURES = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.builds("{},{}".format, st.sampled_from(["v1", "v1a", "v2", ""]), TEXT),
        st.binary(max_size=66).map(lambda b: "v1a," + base64.b64encode(b).decode()),
    ),
    max_size=10,
).map(" ".join)
NAMES = st.one_of(st.sampled_from([*signing.HEADERS, "Webhook-Id"]), ANYTHING)
VALUES = st.one_of(ANYTHING, SIGNATURES, st.just(str(NOW)), IDS)
PLAUSIBLE = st.fixed_dictionaries(
    {
        "webhook-id": st.one_of(IDS, ANYTHING),
        "webhook-timestamp": st.one_of(st.just(str(NOW)), ANYTHING),
        "webhook-signature": st.one_of(SIGNATURES, ANYTHING),
    }
)
HEADERS = st.one_of(
    PLAUSIBLE,
    st.lists(st.tuples(NAMES, VALUES), max_size=6),
    ANYTHING,
    st.lists(ANYTHING),
)
KEY_LISTS = st.one_of(
    st.just([KEYS["v1"][1], KEYS["v1a"][1]]),
    st.lists(st.builds(VerifyingKey, ANYTHING, ANYTHING), max_size=3),
    ANYTHING,
)


@given(
    headers=HEADERS,
    body=st.one_of(st.binary(max_size=50), ANYTHING),
    keys=KEY_LISTS,
    now=st.one_of(st.just(NOW), ANYTHING),
    tolerance=st.one_of(st.just(300), ANYTHING),
)
@settings(max_examples=examples(1500), deadline=None)
def test_verify_raises_only_signature_error(headers, body, keys, now, tolerance):
    with pytest.raises(SignatureError) as caught:
        signing.verify(headers, body, keys, now, tolerance)
    assert caught.value.reason
    assert caught.value.__context__ is None
