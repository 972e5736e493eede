"""A load generator with several connections in one process.

Odoo's workers answer one request per connection, so every request opens a connection.
"""

import base64
import hashlib
import hmac
import http.client
import json
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

NPI = "http://hl7.org/fhir/sid/us-npi"


class Side(NamedTuple):
    """One kind of request: path, client and key."""

    path: str
    client: str
    key: bytes
    expected: int  # HTTP status


class Request(NamedTuple):
    """One request, ready to be sent."""

    path: str
    body: bytes
    headers: dict[str, str]
    expected: int


def key_of(secret: str) -> bytes:
    """The bytes of a ``whsec_`` text."""
    return base64.b64decode(secret.removeprefix("whsec_"))


def prepare(side: Side, number: int, size: int, database: str) -> Request:
    """Return a signed message of ``size`` bytes about a new provider, for a database."""
    message_id = f"msg_{uuid.uuid4().hex}"
    message = {
        "id": message_id,
        "type": "provider.upserted",
        "schema_version": 1,
        "source": "urn:bench",
        "occurred_at": "2026-01-31T08:30:00Z",
        "data": {
            "identifiers": [{"system": NPI, "value": npi(number)}],
            "name": {"prefix": ["Dr."], "given": ["Ada"], "family": f"No{number}"},
            "active": True,
            "telecom": [
                {"system": "phone", "value": "+1 555 0100", "use": "work"},
                {"system": "email", "value": f"p{number}@mercy.example"},
            ],
            "address": {
                "lines": ["534 Erewhon Street"],
                "city": "Springfield",
                "postal_code": "62701",
                "country": "US",
            },
        },
    }
    # White space is part of the signed bytes, because senders may indent their JSON.
    body = json.dumps(message).encode().ljust(size)
    now = str(int(time.time()))
    signed = f"{message_id}.{now}.".encode() + body
    digest = hmac.new(side.key, signed, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "X-Odoo-Database": database,  # as the shipped proxy sets it
        "Interop-Client": side.client,
        "webhook-id": message_id,
        "webhook-timestamp": now,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
    return Request(side.path, body, headers, side.expected)


def npi(number: int) -> str:
    """The National Provider Identifier with this number, check digit included."""
    digits = f"{100_000_000 + number}"
    total = 24  # of the prefix 80840
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{digits}{-total % 10}"


def send(url: str, request: Request) -> float:
    """Send one request; return its duration in seconds.

    :raises RuntimeError: the status is not the expected one
    """
    target = urlsplit(url)
    start = time.perf_counter()
    connection = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
    try:
        connection.request("POST", request.path, request.body, request.headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    took = time.perf_counter() - start
    if answer.status != request.expected:
        raise RuntimeError(f"{request.path}: {answer.status} {text[:300]!r}")
    return took


def flood(
    url: str, requests: Iterable[Request], connections: int
) -> tuple[float, list[float]]:
    """Send all requests over ``connections``; return the total and the single seconds."""
    requests = list(requests)
    with ThreadPoolExecutor(connections) as pool:
        start = time.perf_counter()
        times = list(pool.map(lambda request: send(url, request), requests))
        return time.perf_counter() - start, times


def pace(
    url: str, make: Callable[[int], Request], rate: float, seconds: float
) -> list[float]:
    """Send ``rate`` requests per second at even intervals; return the seconds of each.

    A late answer does not delay the next request.
    """
    count = int(rate * seconds)
    start = time.perf_counter() + 0.05

    def one(number: int) -> float:
        request = make(number)
        time.sleep(max(0.0, start + number / rate - time.perf_counter()))
        return send(url, request)

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(count)))
