"""Limits apply across workers: rates, and repeated failed authentication."""

import json
import urllib.error
import urllib.request
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook
from test_inbound import in_odoo

RATE = 100
SENT = 260
FAILURES = 20  # the default of the Settings


def ask(server, client, secret):
    """Send a signed call of the health route; return status and headers."""
    now = datetime.now(UTC)
    request = urllib.request.Request(
        f"{server.url}/interop/v1/health",
        headers={
            "Interop-Client": client,
            "webhook-id": "health",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign("health", now, ""),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.headers
    except urllib.error.HTTPError as error:
        body = json.load(error)
        assert error.headers["Content-Type"] == "application/problem+json", body
        return error.code, error.headers


def ask_often(server, client, secret, times):
    """Send many calls at once."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _number: ask(server, client, secret), range(times)))


@pytest.mark.alone  # the sliding minute depends on the duration of the test
def test_limits_are_of_all_workers_together(make_server):
    """A rate is used up once; failed authentications use up nothing and raise one alarm."""
    server = make_server(workers=4)
    world = in_odoo(server, "set_up")
    client, secret = world["client"], world["secret"]
    in_odoo(server, "limit", client=client, rate=RATE)

    wrong = "whsec_" + "QUJD" * 11
    refused = Counter(
        status for status, _headers in ask_often(server, client, wrong, 60)
    )
    assert refused.keys() == {401, 429}, refused
    # The number is exact, because each failure below the limit is counted in the database.
    assert refused[401] == FAILURES, refused
    nobody = Counter(
        status
        for status, _headers in ask_often(server, f"no-{uuid.uuid4().hex}", wrong, 60)
    )
    assert nobody == refused

    answers = ask_often(server, client, secret, SENT)
    statuses = Counter(status for status, _headers in answers)
    assert statuses.keys() == {200, 429}, statuses
    # The sliding minute may allow a few more calls while the test runs.
    assert RATE - 4 <= statuses[200] <= RATE + 10, statuses
    for status, headers in answers:
        assert headers["RateLimit-Policy"] == f'"client";q={RATE};w=60'
        assert (status == 429) == ("Retry-After" in headers)

    assert in_odoo(server, "alarms", client=client) == 1
    log = server.log_text()
    assert log.count(f"repeated failed authentication: client={client}") == 1
    assert "Traceback" not in log
