"""Write ``standard_webhooks.json``: vectors for our implementation and for partners'.

Uses the standard library and ``cryptography`` alone, none of the suite's code, and is
deterministic: ``python tests/vectors/generate.py`` rewrites the same file.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TARGET = Path(__file__).with_name("standard_webhooks.json")
NOW = 1614265330
OFFICIAL_SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OFFICIAL_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
OFFICIAL_BODY = b'{"test": 2432232314}'
OFFICIAL_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

BODIES = {
    "official": OFFICIAL_BODY,
    "empty": b"",
    "not_utf8": b"\xff\xfe\x00\x80",
    "unicode": '{"name":"Zoë Ünal","city":"東京"}'.encode(),
    "blanks": b' {"a" : 1}\r\n',
    "two_kilobytes": b'{"data":"' + b"x" * 2036 + b'"}',
}


def b64(raw):
    """Return standard base64 text."""
    return base64.b64encode(raw).decode("ascii")


def seed(name, size):
    """Return deterministic key bytes; for vectors only."""
    return hashlib.shake_256(f"interop vector {name}".encode()).digest(size)


def signed_bytes(msg_id, timestamp, body):
    """Return what is signed."""
    return f"{msg_id}.{timestamp}.".encode("ascii") + body


def sign_v1(key, msg_id, timestamp, body):
    """Return a v1 signature."""
    message = signed_bytes(msg_id, timestamp, body)
    return "v1," + b64(hmac.new(key, message, hashlib.sha256).digest())


def sign_v1a(private, msg_id, timestamp, body):
    """Return a v1a signature."""
    return "v1a," + b64(private.sign(signed_bytes(msg_id, timestamp, body)))


def key_texts(size):
    """Return (raw HMAC key, its text) of a given size."""
    raw = seed(f"hmac {size}", size)
    return raw, "whsec_" + b64(raw)


def valid_vectors():
    """Return one vector per body and key."""
    private = Ed25519PrivateKey.from_private_bytes(seed("ed25519", 32))
    public = "whpk_" + b64(private.public_key().public_bytes_raw())
    vectors = [
        {
            "name": "official",
            "signing_key": OFFICIAL_SECRET,
            "verifying_key": OFFICIAL_SECRET,
            "id": OFFICIAL_ID,
            "timestamp": NOW,
            "body_base64": b64(OFFICIAL_BODY),
            "signature": OFFICIAL_SIGNATURE,
        }
    ]
    for name, body in BODIES.items():
        msg_id = f"msg_{name}"
        common = {"id": msg_id, "timestamp": NOW, "body_base64": b64(body)}
        for size in (24, 32, 64):
            raw, text = key_texts(size)
            vectors.append(
                {
                    "name": f"v1 {name}, key of {size} bytes",
                    "signing_key": text,
                    "verifying_key": text,
                    **common,
                    "signature": sign_v1(raw, msg_id, NOW, body),
                }
            )
        vectors.append(
            {
                "name": f"v1a {name}",
                "signing_key": "whsk_" + b64(seed("ed25519", 32)),
                "verifying_key": public,
                **common,
                "signature": sign_v1a(private, msg_id, NOW, body),
            }
        )
    return vectors


def refused_vectors():
    """Return messages that must be refused, and the reason for the log."""
    raw, text = key_texts(32)
    other_raw, _other_text = key_texts(24)
    good = sign_v1(raw, "msg_1", NOW, b"{}")
    digest = good.removeprefix("v1,")

    def case(name, reason, *, now=NOW, tolerance=300, key=text, body=b"{}", **changed):
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(NOW),
            "webhook-signature": good,
        }
        headers.update({f"webhook-{part}": value for part, value in changed.items()})
        pairs = [
            {"name": name, "value": value}
            for name, values in headers.items()
            for value in _listed(values)
        ]
        return {
            "name": name,
            "reason": reason,
            "headers": pairs,
            "body_base64": b64(body),
            "verifying_key": key,
            "now": now,
            "tolerance": tolerance,
        }

    def bad_timestamp(value):
        signature = sign_v1(raw, "msg_1", value, b"{}")
        return case(
            f"timestamp {value!r}",
            "malformed_timestamp",
            timestamp=value,
            signature=signature,
        )

    return [
        case("too old by one second", "timestamp_too_old", now=NOW + 301),
        case("too new by one second", "timestamp_too_new", now=NOW - 301),
        case(
            "tolerance 0, one second late",
            "timestamp_too_old",
            now=NOW + 1,
            tolerance=0,
        ),
        case(
            "tolerance 0, one second early",
            "timestamp_too_new",
            now=NOW - 1,
            tolerance=0,
        ),
        case("other body", "no_matching_signature", body=b"{ }"),
        case("other id", "no_matching_signature", id="msg_2"),
        case(
            "other key",
            "no_matching_signature",
            signature=sign_v1(other_raw, "msg_1", NOW, b"{}"),
        ),
        case(
            "unknown version alone", "no_matching_signature", signature=f"v9,{digest}"
        ),
        case("version v1a with an HMAC", "malformed_header", signature=f"v1a,{digest}"),
        case("no key", "no_key", key=None),
        case("id twice", "duplicate_header", id=["msg_1", "msg_1"]),
        case("id twice, joined by a server", "duplicate_header", id="msg_1,msg_1"),
        case("signature twice", "duplicate_header", signature=[good, good]),
        case("signature twice, joined", "malformed_header", signature=f"{good},{good}"),
        case("no id", "malformed_header", id=[]),
        case("no timestamp", "malformed_header", timestamp=[]),
        case("no signature", "malformed_header", signature=[]),
        case("empty id", "malformed_id", id=""),
        case("id with a dot", "malformed_id", id="msg.1"),
        case("id with a blank", "malformed_id", id="msg 1"),
        case("id with a letter beyond ASCII", "malformed_id", id="msg_é"),
        case("id of 129 characters", "malformed_id", id="m" * 129),
        case("empty signature", "malformed_header", signature=""),
        case("signature without a version", "malformed_header", signature=digest),
        case(
            "signature with a list in a list", "malformed_header", signature=f"{good},"
        ),
        case("junk in base64", "malformed_header", signature=f"v1,*{digest}"),
        case("base64 without padding", "malformed_header", signature=good.rstrip("=")),
        case("base64 with more padding", "malformed_header", signature=f"{good}="),
        case("base64 not canonical", "malformed_header", signature=_sloppy(good)),
        case("two blanks between", "malformed_header", signature=f"{good}  {good}"),
        case("line feed at the end", "malformed_header", signature=f"{good}\n"),
        case("nine signatures", "too_many_signatures", signature=" ".join([good] * 9)),
        *map(
            bad_timestamp,
            (
                "",
                "0",
                "-1614265330",
                "+1614265330",
                "1614265330.9",
                " 1614265330",
                "1614265330 ",
                "01614265330",
                "1_614_265_330",
                "1614265330junk",
                "1614265330\n",
                "1.614265330e9",
                "161426533",
                "161426533000",
            ),
        ),
        case(
            "timestamp in other digits", "malformed_timestamp", timestamp="١٦١٤٢٦٥٣٣٠"
        ),
    ]


def _listed(value):
    """Return a header's values as a list."""
    return value if isinstance(value, list) else [value]


def _sloppy(signature):
    """Return another base64 text of the same bytes: unused bits that are not zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = signature[-2]
    return signature[:-2] + alphabet[alphabet.index(last) + 1] + "="


def document():
    """Return the whole file's text."""
    content = {
        "description": "Standard Webhooks 1.0 vectors, made by generate.py",
        "valid": valid_vectors(),
        "refused": refused_vectors(),
    }
    return json.dumps(content, indent=2, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="ascii")
