"""Vendors' signatures: their documented examples, and everything that is no proof."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import rfc3339
from interop_rest_vendor_tools import vendor_envelope as envelope
from interop_rest_vendor_tools import vendor_signatures as vs
from interop_rest_vendor_tools.vendor_signatures import SignatureRefused
from standardwebhooks import Webhook

NOW = 1_700_000_000
verify = partial(vs.verify, read_time=rfc3339.parse)
KEY = b"a secret of the vendor"
BODY = b'{"id": "evt_1", "data": {"name": "Ada"}}'
GITHUB = vs.Scheme("hmac-sha256", "X-Hub-Signature-256", prefix="sha256=")
STRIPE = vs.Scheme(
    "hmac-sha256",
    "Stripe-Signature",
    listed="comma",
    prefix="v1=",
    template="{timestamp}.{body}",
    timestamp_header="Stripe-Signature",
    timestamp_prefix="t=",
)
SLACK = vs.Scheme(
    "hmac-sha256",
    "X-Slack-Signature",
    prefix="v0=",
    template="v0:{timestamp}:{body}",
    timestamp_header="X-Slack-Request-Timestamp",
)
SHOPIFY = vs.Scheme("hmac-sha256", "X-Shopify-Hmac-Sha256", encoding="base64")
STANDARD = vs.Scheme(
    "hmac-sha256",
    "webhook-signature",
    encoding="base64",
    listed="space",
    prefix="v1,",
    template="{id}.{timestamp}.{body}",
    timestamp_header="webhook-timestamp",
    id_header="webhook-id",
    key_encoding="base64",
)
SCHEMES = [GITHUB, STRIPE, SLACK, SHOPIFY, STANDARD]


def sent(headers, body=BODY, method="POST", path="/hook?a=1"):
    return vs.Sent(method, path, list(headers.items()), body)


def signed(scheme, body=BODY, key=KEY, moment=NOW, msg_id="msg_1", **changes):
    """A request as the vendor would send it."""
    request = vs.Sent("POST", "/hook?a=1", [], body)
    timestamp = str(moment) if scheme.timestamp_header else ""
    headers = {scheme.header: vs.sign(scheme, request, key, timestamp, msg_id)}
    if scheme.timestamp_header and scheme.timestamp_header != scheme.header:
        headers[scheme.timestamp_header] = timestamp
    if scheme.id_header:
        headers[scheme.id_header] = msg_id
    return request._replace(headers=list({**headers, **changes}.items()))


def refused(scheme, request, reason=None, keys=(KEY,), now=NOW):
    with pytest.raises(SignatureRefused) as caught:
        verify(scheme, request, keys, now)
    assert reason in (None, caught.value.reason)


# --- made by others


def test_the_example_of_github():
    # "Testing the webhook payload validation" of GitHub's documentation.
    request = sent(
        {
            "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c2"
            "2c46f4379c8b043e17"
        },
        b"Hello, World!",
    )
    assert verify(GITHUB, request, [b"It's a Secret to Everybody"], NOW)


def test_the_example_of_slack():
    # "Verifying requests from Slack" of its documentation.
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    request = sent(
        {
            "X-Slack-Request-Timestamp": "1531420618",
            "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd275196"
            "66489c69b503",
        },
        body,
    )
    key = b"8f742231b10e8888abcd99yyyzzz85a5"
    assert verify(SLACK, request, [key], 1531420618).timestamp == 1531420618


def test_the_vector_of_standard_webhooks():
    request = sent(
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1a,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
    )
    key = vs.decode_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64")
    proven = verify(STANDARD, request, [key], 1614265330)
    assert proven == ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330)


def test_signed_by_the_library_of_standard_webhooks():
    text = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    moment = datetime.fromtimestamp(NOW, UTC)
    request = sent(
        {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(NOW),
            "webhook-signature": Webhook(text).sign("msg_1", moment, BODY.decode()),
        }
    )
    assert verify(STANDARD, request, [vs.decode_key(text, "base64")], NOW)


def test_shopify_by_hand():
    value = base64.b64encode(hmac.digest(KEY, BODY, hashlib.sha256)).decode()
    request = sent({"x-shopify-hmac-sha256": value})
    assert verify(SHOPIFY, request, [KEY], NOW) == ("", None)


def test_ed25519_over_what_discord_signs():
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    scheme = vs.Scheme(
        "ed25519",
        "X-Signature-Ed25519",
        template="{timestamp}{body}",
        timestamp_header="X-Signature-Timestamp",
    )
    headers = {
        "X-Signature-Timestamp": str(NOW),
        "X-Signature-Ed25519": private.sign(str(NOW).encode() + BODY).hex(),
    }
    keys = [bytes(31) + b"\x01", private.public_key().public_bytes_raw()]
    assert verify(scheme, sent(headers), keys[1:], NOW).timestamp == NOW
    refused(scheme, sent(headers, BODY + b" "), "no_matching_signature", keys[1:])


# --- every scheme


@pytest.mark.parametrize("scheme", SCHEMES)
def test_accepts_its_own_and_nothing_else(scheme):
    assert not vs.problems(scheme)
    request = signed(scheme)
    assert verify(scheme, request, [b"x" * 20, KEY], NOW)
    refused(scheme, request._replace(body=BODY + b" "), "no_matching_signature")
    refused(scheme, request, "no_matching_signature", [b"y" * 20])
    refused(scheme, request, "no_key", [])
    refused(scheme, request._replace(headers=[]), "malformed_header")
    refused(scheme, request._replace(headers=request.headers * 2), "malformed_header")
    for other in SCHEMES:
        if other is not scheme:
            refused(other, request)


@pytest.mark.parametrize("scheme", [STRIPE, SLACK, STANDARD])
@pytest.mark.parametrize(
    ("distance", "fine"),
    [(-301, 0), (-300, 1), (-299, 1), (299, 1), (300, 1), (301, 0)],
)
def test_tolerance(scheme, distance, fine):
    request = signed(scheme, moment=NOW + distance)
    if fine:
        assert verify(scheme, request, [KEY], NOW).timestamp == NOW + distance
    else:
        refused(scheme, request)


@pytest.mark.parametrize(
    "value", ["123", " 1700000000", "1700000000.5", "01700000000", "1_700_000_000", "x"]
)
def test_odd_timestamps(value):
    request = signed(SLACK, moment=value)
    if value.strip() != value:  # blanks around a header are not part of it
        refused(SLACK, request, "no_matching_signature")
    else:
        refused(SLACK, request, "malformed_timestamp")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("unix_ms", "1700000000123"),
        ("rfc3339", "2023-11-14T22:13:20Z"),
        ("rfc3339", "2023-11-14T23:13:20.5+01:00"),
        # case 27
        ("rfc3339", "2023-11-14T22:13:20.1234567Z"),
        ("rfc3339", "2023-11-14t22:13:20.123456789z"),
        ("http", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("http", "Tue, 14 Nov 2023 23:13:20 +0100"),
    ],
)
def test_timestamps_as_vendors_write_them(form, text):
    scheme = SLACK._replace(timestamp_format=form)
    proven = verify(scheme, signed(scheme, moment=text), [KEY], NOW)
    assert int(proven.timestamp) == NOW
    refused(scheme, signed(scheme, moment="yesterday"), "malformed_timestamp")


def test_several_signatures_during_a_rotation():
    old = vs.sign(STRIPE, sent({}), b"another key of 16+", str(NOW), "")
    new = vs.sign(STRIPE, sent({}), KEY, str(NOW), "")
    both = f"{old},{new.partition(',')[2]}"
    assert verify(STRIPE, sent({"Stripe-Signature": both}), [KEY], NOW)
    many = new + f",{new.partition(',')[2]}" * 8
    refused(STRIPE, sent({"Stripe-Signature": many}), "too_many_signatures")
    refused(
        STRIPE, sent({"Stripe-Signature": f"t={NOW}," + new}), "malformed_timestamp"
    )
    refused(STRIPE, sent({"Stripe-Signature": f"t={NOW}"}), "malformed_header")


@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("junk", ["", "zz", "=", "A", "AAAA\n", "aé" * 32])
def test_junk_in_a_signature(encoding, junk):
    scheme = GITHUB._replace(encoding=encoding)
    good = signed(scheme).headers[0][1]
    for value in (f"sha256={junk}", good + junk if junk else "sha256=", good[1:]):
        refused(scheme, sent({scheme.header: value}))


def test_method_and_path_can_be_signed():
    scheme = GITHUB._replace(template="{method}|{path}|{body}")
    request = signed(scheme)
    assert verify(scheme, request, [KEY], NOW)
    refused(scheme, request._replace(path="/hook?a=2"), "no_matching_signature")
    refused(scheme, request._replace(method="PUT"), "no_matching_signature")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"template": "{timestamp}"}, "no_body"),
        ({"template": "{body}{secret}"}, "unknown_place"),
        ({"template": "{body}{"}, "unknown_place"),
        ({"template": "{body}{timestamp}"}, "no_timestamp_header"),
        ({"timestamp_header": "x-time"}, "timestamp_not_signed"),
        ({"template": "{id}{body}"}, "no_id_header"),
        ({"id_header": "x-id"}, "id_not_signed"),
    ],
)
def test_schemes_that_make_no_sense_accept_nothing(changes, problem):
    scheme = GITHUB._replace(**changes)
    assert problem in vs.problems(scheme)
    refused(scheme, signed(GITHUB), "not_configured")


SEPARATED = [
    ("{timestamp}{body}", ()),  # SendGrid, Discord: a time has one length
    ("{body}{timestamp}", ()),
    ("{method}{url}{body}{timestamp}", ()),  # HubSpot
    ("{id}.{timestamp}{body}", ()),
    ("{id}{body}", ("ambiguous",)),
    ("{body}{id}", ("ambiguous",)),
    ("{id}{timestamp}.{body}", ("ambiguous",)),
    ("{body}{body}", ("ambiguous",)),
]


@pytest.mark.parametrize(("template", "wrong"), SEPARATED)
def test_parts_need_a_separator(template, wrong):
    """S8: else bytes could move from one part to another."""
    scheme = STANDARD._replace(
        template=template,
        id_header="webhook-id" if "{id}" in template else "",
        timestamp_header="webhook-timestamp" if "{timestamp}" in template else "",
    )
    assert scheme.ambiguous is bool(wrong)
    assert scheme.weak is (bool(wrong) or not scheme.timestamp_header)
    # One that is in use goes on, and is called weak.
    assert not vs.problems(scheme)
    assert verify(scheme, signed(scheme), [KEY], NOW) is not None


def test_bytes_cannot_move_between_the_parts():
    """S8: the same signed bytes, cut in another place, prove nothing."""
    for template, first, second in (
        ("{id}:{body}", ("a", b"b:c"), ("a:b", b"c")),
        ("{body}:{id}", ("c", b"a:b"), ("b:c", b"a")),
    ):
        scheme = STANDARD._replace(template=template, timestamp_header="")
        good = signed(scheme, first[1], msg_id=first[0])
        assert verify(scheme, good, [KEY], NOW).msg_id == first[0]
        moved = dict(good.headers) | {"webhook-id": second[0]}
        request = good._replace(body=second[1], headers=list(moved.items()))
        refused(scheme, request, "ambiguous_id")
    for template, good_path, bad_path, bad_body in (
        ("{path}{body}", "/hook", "/hook?a", b"b"),
        ("{path}|{body}", "/hook?a", "/hook?a|b", b""),
    ):
        scheme = GITHUB._replace(template=template)
        body = b"?ab" if "|" not in template else b"b|"
        good = signed(scheme, body)._replace(path=good_path)
        value = vs.sign(scheme, good, KEY, "", "")
        good = good._replace(headers=[(scheme.header, value)])
        assert verify(scheme, good, [KEY], NOW)
        request = good._replace(path=bad_path, body=bad_body)
        refused(scheme, request, "ambiguous_path")


@given(
    st.sampled_from(["unix", "unix_ms", "rfc3339", "http"]),
    st.sampled_from(
        ["{timestamp}{body}", "{body}{timestamp}", "{id}.{timestamp}{body}"]
    ),
    st.integers(1_600_000_000, 1_800_000_000),
    st.text("0123456789Z:.+", max_size=6),
    st.integers(-6, 6),
)
def test_a_time_has_one_end(form, template, moment, body, shift):
    """S8: moved by any number of bytes it is no time any more."""
    text = vs.written(form, moment)
    whole = text + body if template.endswith("{body}") else body + text
    at = len(text) + shift if template.endswith("{body}") else len(body) - shift
    if not shift or not 0 <= at <= len(whole):
        return
    moved = whole[:at] if template.endswith("{body}") else whole[at:]
    try:
        found = vs._parsed(form, moved, rfc3339.parse)
    except ValueError:
        return
    assert found is None


def test_the_address_can_be_signed():
    """As HubSpot documents its third version: method, address, body and time."""
    scheme = GITHUB._replace(
        template="{method}{url}{body}{timestamp}",
        encoding="base64",
        prefix="",
        timestamp_header="X-HubSpot-Request-Timestamp",
        timestamp_format="unix_ms",
    )
    url = "https://odoo.example/interop/v1/webhooks/hubspot"
    moment = str(1000 * NOW + 7)
    raw = hmac.digest(KEY, b"POST" + url.encode() + BODY + moment.encode(), "sha256")
    request = sent(
        {
            scheme.header: base64.b64encode(raw).decode(),
            scheme.timestamp_header: moment,
        }
    )._replace(url=url)
    proven = verify(scheme, request, [KEY], NOW)
    assert proven.timestamp == NOW + 0.007
    refused(scheme, request._replace(url=url + "2"), "no_matching_signature")
    refused(scheme, request._replace(url=url + "?x"), "ambiguous_path")


def test_weak_ones():
    assert [scheme.weak for scheme in SCHEMES] == [True, False, False, True, False]
    assert SLACK._replace(algorithm="hmac-sha1").weak


def test_keys():
    assert vs.decode_key("ab" * 16, "hex") == b"\xab" * 16
    assert vs.decode_key("ab" * 16, "text") == b"ab" * 16
    for text, encoding in (("short", "text"), ("zz" * 16, "hex"), ("!" * 24, "base64")):
        with pytest.raises(ValueError):
            vs.decode_key(text, encoding)


@given(
    st.sampled_from(SCHEMES),
    st.lists(
        st.tuples(
            st.sampled_from(
                ["stripe-signature", "x-hub-signature-256", "webhook-id", "x"]
            ),
            st.text(max_size=60) | st.from_regex(r"t=\d{10},v1=[0-9a-f]{64}"),
        )
    ),
    st.binary(max_size=20),
)
def test_never_anything_but_a_refusal(scheme, headers, body):
    refused(scheme, vs.Sent("POST", "/", headers, body))


# --- what the body says


def test_pointers():
    document = {"a": {"b/c": [1, {"~": "x"}]}, "n": 7, "t": True, "": "empty"}
    assert envelope.find(document, "") is document
    assert envelope.text_at(document, "/a/b~1c/1/~0") == "x"
    assert envelope.text_at(document, "/n") == "7"
    assert envelope.text_at(document, "/") == "empty"
    for pointer in ("/t", "/a", "/none", "/a/b~1c/2", "/a/b~1c/01", "/n/x"):
        assert envelope.text_at(document, pointer) == ""
    assert envelope.is_pointer("/a~1b") and envelope.is_pointer("")
    assert not envelope.is_pointer("a") and not envelope.is_pointer("/~2")
