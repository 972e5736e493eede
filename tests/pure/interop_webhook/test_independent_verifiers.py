"""What we sign is verified by the libraries that receivers use, in two languages.

Random payloads (ten thousand in a long run), each signed by us and verified by the
``standardwebhooks`` and ``svix`` libraries for Python and for JavaScript; every tenth one
is tampered with and has to be refused by all four.
"""

import base64
import json
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import standardwebhooks
import svix.webhooks
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from interop_base_tools import canonical, envelope, signing
from interop_setup import node, npm, paths
from interop_setup.examples import examples

HERE = Path(__file__).resolve().parent
PAYLOADS = examples(10_000)
SECRET = signing.generate_hmac_secret()
KEYS = [signing.SigningKey.from_text(SECRET)]
PYTHON = [standardwebhooks.Webhook(SECRET), svix.webhooks.Webhook(SECRET)]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(1 - 2**53, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(TEXTS, PLAIN, max_size=2)


def verified_in_python(headers, body):
    """How many of the two Python libraries accept the message."""
    accepted = 0
    for library in PYTHON:
        try:
            library.verify(body, headers)
            accepted += 1
        except (
            standardwebhooks.WebhookVerificationError,
            svix.webhooks.WebhookVerificationError,
        ):
            pass
    return accepted


@contextmanager
def javascript():
    """One node process that verifies line by line, as they are made."""
    if not npm.EXAMPLES.parent.joinpath("svix").exists():
        pytest.skip("the npm packages are not there; ./setup/test fetches them")
    process = subprocess.Popen(
        [
            node.folder() / "node",
            HERE / "verify_stream.cjs",
            paths.NPM / "node_modules",
            SECRET,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def signed(number, data, age):
    """One message: headers, body, and whether it is left as it was signed."""
    body = canonical.canonical_bytes(data)
    message_id = envelope.new_id(now_ms=1000 * number)
    headers = signing.headers(message_id, int(time.time()) - age, body, KEYS)
    good = number % 10 != 0
    return headers, body if good else body + b" ", good


def test_random_payloads_are_verified_by_four_libraries():
    """Any JSON, any id that we make, ages within the tolerance."""
    count = 0
    with javascript() as process:

        @settings(
            max_examples=PAYLOADS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.dictionaries(TEXTS, VALUES, max_size=3), st.integers(-120, 120))
        def sign_and_verify(data, age):
            nonlocal count
            count += 1
            headers, body, good = signed(count, data, age)
            assert verified_in_python(headers, body) == (2 if good else 0)
            text = base64.b64encode(body).decode()
            line = {"headers": headers, "body": text, "good": good}
            process.stdin.write(json.dumps(line) + "\n")

        sign_and_verify()
        told, _errors = process.communicate(timeout=60)
    assert count >= PAYLOADS
    assert json.loads(told) == {"checked": 2 * count, "wrong": 0}
