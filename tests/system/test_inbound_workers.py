"""Several workers: concurrent clients, repeated messages, and a killed worker."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from inbound_sender import Sender, check_no_leak, in_odoo
from interop_setup.bench._load import npi
from interop_setup.server import HTTP_WORKER
from sessions import locked, somebody_waits

CLIENTS = 50
EACH = 2
AGAIN = 24
# a line of the log: time, process id, level, database, logger, request
_SERVED = re.compile(r",\d{3} (\d+) INFO \S+ werkzeug: .*POST /interop/v1/messages ")


@pytest.fixture
def world(make_server):
    """A server with four workers and a sender that may send providers."""
    server = make_server(workers=4)
    sender = Sender(server, **in_odoo(server, "set_up"))
    return server, sender


def test_fifty_clients_at_once_and_replays_on_every_worker(world):
    """Each message is applied once, and every worker gives the same answer."""
    server, sender = world
    clients = [
        Sender(server, **made)
        for made in in_odoo(server, "more_clients", count=CLIENTS)
    ]
    messages = [
        [client.provider(npi=npi(EACH * number + index)) for index in range(EACH)]
        for number, client in enumerate(clients)
    ]

    def send_all(number):
        return [clients[number].post(message) for message in messages[number]]

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [one for each in pool.map(send_all, range(CLIENTS)) for one in each]
    assert {status for status, _body, _headers in answers} == {200}, answers
    found = in_odoo(server, "effects")
    assert found["providers"] == CLIENTS * EACH
    assert len(set(found["identifiers"])) == CLIENTS * EACH
    assert found["states"] == ["done"] * (CLIENTS * EACH)

    first = sender.provider()
    _status, answer, _headers = sender.post(first)
    seen = len(server.log_text())
    for status, body, headers in sender.post_all([first] * AGAIN):
        assert (status, headers["Idempotent-Replayed"]) == (200, "true")
        assert body == answer
    assert len(set(_SERVED.findall(server.log_text()[seen:]))) > 1, "one worker only"
    assert in_odoo(server, "effects")["providers"] == CLIENTS * EACH + 1
    check_no_leak(server)


def test_a_revoked_key_is_refused_at_once_by_every_worker(world):
    """Each worker caches the catalogue, and no worker caches the state of a key."""
    server, sender = world
    first = sender.provider()
    statuses = {status for status, _body, _headers in sender.post_all([first] * AGAIN)}
    assert statuses <= {200, 409}, statuses
    in_odoo(server, "revoke", client=sender.client)
    seen = len(server.log_text())
    statuses = {status for status, _body, _headers in sender.post_all([first] * AGAIN)}
    assert statuses <= {401, 429}, statuses
    assert len(set(_SERVED.findall(server.log_text()[seen:]))) > 1, "one worker only"


def test_a_facility_code_that_changed_is_unknown_to_every_worker(world):
    """Each worker remembers the codes, and is told by the others to forget them."""
    server, sender = world
    numbers = iter(range(3 * AGAIN))

    def send(facility):
        messages = []
        for _number in range(AGAIN):
            message_id, body = sender.provider(npi=npi(next(numbers)))
            body = json.dumps({**json.loads(body), "facility": facility})
            messages.append((message_id, body))
        answers = sender.post_all(messages)
        return {(status, body.get("code")) for status, body, _headers in answers}

    in_odoo(server, "call_facility", code="MERCY")
    assert send("MERCY") == {(200, None)}
    in_odoo(server, "call_facility", code="ANNE")
    seen = len(server.log_text())
    assert send("MERCY") == {(422, "unknown_facility")}
    assert len(set(_SERVED.findall(server.log_text()[seen:]))) > 1, "one worker only"
    assert send("ANNE") == {(200, None)}


def test_a_worker_killed_within_a_request_leaves_nothing_half_done(world):
    """A worker is killed before the commit: nothing is stored, and a repeat is applied once."""
    server, sender = world
    message = sender.provider()
    caught = []

    def post():
        try:
            caught.append(sender.post(message))
        except OSError as error:
            caught.append(error)

    with locked(server, "interop_attempt", "EXCLUSIVE"):
        thread = threading.Thread(target=post)
        thread.start()
        wait_for(lambda: somebody_waits(server, "interop_attempt"))
        for pid in server.worker_pids(HTTP_WORKER):
            server.kill_worker(HTTP_WORKER, pid)
        thread.join(60)
    assert isinstance(caught[0], OSError), caught
    wait_for(lambda: not somebody_waits(server, "interop_attempt"))
    assert in_odoo(server, "effects") == {
        "providers": 0,
        "identifiers": [],
        "states": [],
    }
    server.wait_healthy(60)
    status, body, headers = sender.post(message)
    assert (status, body["status"]) == (200, "done")
    assert "Idempotent-Replayed" not in headers
    status, again, headers = sender.post(message)
    assert (status, again, headers["Idempotent-Replayed"]) == (200, body, "true")
    assert in_odoo(server, "effects") == {
        "providers": 1,
        "identifiers": ["1234567893"],
        "states": ["done"],
    }
    check_no_leak(server)


def wait_for(condition, seconds=30):
    """Wait until a condition is true.

    :raises TimeoutError: the condition was not true in time
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)
