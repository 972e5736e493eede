"""What the load of the inbound bench is made of."""

import base64
import hashlib
import hmac
import json

import pytest
from interop_setup.bench import _load as load
from interop_setup.bench import inbound


@pytest.mark.parametrize("number", [0, 1, 42, 23_456_789, 99_999_999])
def test_providers_have_valid_identifiers(number):
    """Luhn over the prefix 80840 and the ten digits."""
    text = load.npi(number)
    digits = [int(digit) for digit in f"80840{text}"]
    doubled = [2 * digit for digit in digits[-2::-2]]
    total = sum(digits[-1::-2]) + sum(value // 10 + value % 10 for value in doubled)
    assert len(text) == 10 and total % 10 == 0


def test_requests_have_their_size_and_signature():
    side = load.Side("/x", "gateway", b"k" * 32, 202)
    request = load.prepare(side, 7, 2048, "bench")
    assert len(request.body) == 2048
    assert request.expected == 202
    assert request.headers["X-Odoo-Database"] == "bench"
    message = json.loads(request.body)
    headers = request.headers
    assert message["id"] == headers["webhook-id"]
    signed = f"{message['id']}.{headers['webhook-timestamp']}.".encode() + request.body
    digest = hmac.new(side.key, signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_statements_are_read_from_the_log():
    line = (
        '127.0.0.1 - - [22/Nov/2026 20:00:00] "POST /interop/v1/messages HTTP/1.1" '
        "202 - 18 0.007 0.004"
    )
    assert inbound._LOGGED.findall(line) == [("/interop/v1/messages", "18")]


def test_percentile():
    assert inbound.percentile([3, 1, 2], 0.5) == 2
    assert inbound.percentile([1], 0.99) == 1
