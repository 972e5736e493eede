"""The way in through real workers and a sender that uses none of our code."""

import json
import os
import subprocess
import urllib.error
import urllib.request
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from interop_setup import odoo_config, paths
from standardwebhooks import Webhook

HERE = Path(__file__).resolve().parent
NPI = "http://hl7.org/fhir/sid/us-npi"
CANARY = "Canary-7Q2Z"


def in_odoo(server, function, module="inbound_world", **values):
    """Call a function of a module beside this one in an Odoo process of its own."""
    result = paths.RUN / f"call-{uuid.uuid4().hex}.json"
    call = {
        "database": server.database,
        "module": module,
        "function": function,
        "values": values,
        "result": str(result),
    }
    environment = odoo_config.environment(server.config)
    python_path = os.pathsep.join(
        filter(None, [str(HERE), environment.get("PYTHONPATH")])
    )
    try:
        subprocess.run(
            [str(paths.VENV_PYTHON), "-m", "interop_setup.odoo_call"],
            input=json.dumps(call),
            text=True,
            cwd=paths.ROOT,
            env={**environment, "PYTHONPATH": python_path},
            check=True,
        )
        return json.loads(result.read_text("utf-8"))
    finally:
        result.unlink(missing_ok=True)


def ask(url, body=None, headers=None):
    """One request: status, JSON body and headers."""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response), response.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def check_no_leak(server):
    """Promise 8: content is in neither Odoo's log nor PostgreSQL's."""
    assert CANARY not in server.log_text()
    assert CANARY not in server.cluster.log.read_text("utf-8", "replace")


class Sender:
    """Signs providers and posts them."""

    def __init__(self, server, client, secret):
        self.url = f"{server.url}/interop/v1/messages"
        self.client = client
        self.webhook = Webhook(secret)

    def provider(self, message_id=None):
        """The bytes of one message about the same provider; by default a new one."""
        message_id = message_id or f"msg_{uuid.uuid4().hex}"
        message = {
            "id": message_id,
            "type": "provider.upserted",
            "schema_version": 1,
            "source": "urn:test",
            "occurred_at": "2026-01-31T08:30:00Z",
            "data": {
                "identifiers": [{"system": NPI, "value": "1234567893"}],
                "name": {"text": CANARY},
                "telecom": [{"system": "email", "value": "canary-7q2z@example.com"}],
            },
        }
        return message_id, json.dumps(message)

    def post(self, message):
        """Sign a message now and send it."""
        message_id, body = message
        now = datetime.now(UTC)
        return ask(
            self.url,
            body.encode(),
            {
                "Content-Type": "application/json",
                "Interop-Client": self.client,
                "webhook-id": message_id,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": self.webhook.sign(message_id, now, body),
            },
        )

    def post_batch(self, messages):
        """Send messages under one signature; the results in order."""
        body = f"[{','.join(body for _message_id, body in messages)}]"
        batch = f"batch_{uuid.uuid4().hex}"
        now = datetime.now(UTC)
        return ask(
            f"{self.url}:batch",
            body.encode(),
            {
                "Content-Type": "application/json",
                "Interop-Client": self.client,
                "webhook-id": batch,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": self.webhook.sign(batch, now, body),
            },
        )

    def post_all(self, messages, threads=12):
        """Send many at once; the answers in order."""
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self.post, messages))


@pytest.fixture
def world(make_server):
    """A server with four workers and a sender that may send providers."""
    server = make_server(workers=4)
    sender = Sender(server, **in_odoo(server, "set_up"))
    return server, sender


def check_without_database(server):
    """The answer is a problem that says come back, and no page."""
    for path in ("/interop/v1/messages", "/interop/v1/health", "/interop/v1/none"):
        status, body, headers = ask(
            server.url + path,
            b"{}" if path.endswith("messages") else None,
            {"X-Odoo-Database": "no_such_database", "Content-Type": "application/json"},
        )
        assert (status, body["code"]) == (503, "database_unavailable")
        assert int(headers["Retry-After"]) > 0
        assert headers["Content-Type"] == "application/problem+json"
        assert "Set-Cookie" not in headers


def test_promise_3_one_effect_however_many_send_it_at_once(world):
    server, sender = world
    message = sender.provider()
    answers = sender.post_all([message] * 60)
    kinds = Counter(
        (status, body.get("code"), headers.get("Idempotent-Replayed"))
        for status, body, headers in answers
    )
    assert kinds[200, None, None] == 1, kinds
    assert set(kinds) <= {
        (200, None, None),
        (200, None, "true"),
        (409, "in_flight", None),
    }, kinds
    assert sender.post(message)[2]["Idempotent-Replayed"] == "true"
    found = in_odoo(server, "effects")
    assert found == {
        "providers": 1,
        "identifiers": ["1234567893"],
        "states": ["done"],
    }
    check_no_leak(server)


def test_many_messages_about_one_unknown_provider_make_one_partner(world):
    """The unique index decides, Odoo runs the losers again, and no log tells names."""
    server, sender = world
    messages = [sender.provider() for _number in range(24)]
    answers = sender.post_all(messages)
    again = [
        message
        for message, (status, _body, _headers) in zip(messages, answers, strict=True)
        if status == 503
    ]
    assert {status for status, _body, _headers in answers} <= {200, 503}, answers
    assert all(sender.post(message)[0] == 200 for message in again)
    found = in_odoo(server, "effects")
    assert (found["providers"], found["identifiers"]) == (1, ["1234567893"])
    assert found["states"] == ["done"] * len(messages)
    check_no_leak(server)
    assert "canary-7q2z" not in server.log_text()


def test_promise_3_one_effect_of_batches_sent_at_once(world):
    """More messages than one commit takes, in several batches that are the same."""
    server, sender = world
    messages = [sender.provider() for _number in range(120)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(sender.post_batch, [messages] * 3))
    # A batch that lost five times to the others is told to come back.
    assert {status for status, _body, _headers in answers} <= {200, 503}, answers
    status, body, _headers = sender.post_batch(messages)
    assert status == 200, body
    assert [result["id"] for result in body["results"]] == [
        message_id for message_id, _body in messages
    ]
    assert {result["status"] for result in body["results"]} == {200}
    found = in_odoo(server, "effects")
    assert (found["providers"], found["identifiers"]) == (1, ["1234567893"])
    assert found["states"] == ["done"] * len(messages)
    again = sender.post_batch(messages)[1]
    assert all(result["replayed"] for result in again["results"])
    check_no_leak(server)


def test_promise_8_refusals_tell_the_log_the_reason_and_no_content(world):
    """Also where no database can be reached: one server start for both."""
    server, sender = world
    check_without_database(server)
    message_id, body = sender.provider()
    sender.webhook = Webhook("whsec_" + "QUJD" * 11)
    status, answer, _headers = sender.post((message_id, body))
    assert (status, answer["code"]) == (401, "unauthorized")
    log = server.log_text()
    assert "reason=no_matching_signature" in log
    assert answer["trace_id"] in log
    check_no_leak(server)
    assert "Traceback" not in log
