"""Inbound messages through real workers, from a sender that shares no code."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from inbound_sender import Sender, ask, check_no_leak, in_odoo
from standardwebhooks import Webhook


@pytest.fixture
def world(make_server):
    """A server with four workers and a sender that may send providers."""
    server = make_server(workers=4)
    sender = Sender(server, **in_odoo(server, "set_up"))
    return server, sender


def check_without_database(server):
    """Check that the answer is a problem with Retry-After, not an HTML page."""
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
    answers = sender.post_all([message] * 200, threads=48)
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
    """The unique index decides, Odoo repeats the other requests, and no log has names."""
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
    """Identical batches with more messages than one commit contains."""
    server, sender = world
    messages = [sender.provider() for _number in range(120)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(sender.post_batch, [messages] * 3))
    # A batch that failed five times is answered with Retry-After.
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
    """Also without a reachable database; one server start for both cases."""
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
