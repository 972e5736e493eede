"""PostgreSQL disappears under load: callers get problem details, and nothing is lost."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from inbound_sender import Sender, check_no_leak, in_odoo
from interop_setup.bench._load import npi

MESSAGES = "/interop/v1/messages"
SENDERS = 6
SECONDS = 8
# Allowed answers: accepted, still running, or Retry-After.
EXPECTED = {
    (200, None),
    (409, "in_flight"),
    (503, "busy"),
    (503, "database_unavailable"),
    (503, "technical"),
}


@pytest.fixture
def world(make_server, make_proxy, tmp_path):
    """Start a server with two workers behind the shipped proxy, and a sender of providers."""
    server = make_server(workers=2, options={"proxy_mode": "True"})
    fast = {
        "zone=interop_address:10m rate=100r/s": "zone=interop_address:10m rate=9999r/s",
        "zone=interop_client:10m rate=50r/s": "zone=interop_client:10m rate=9999r/s",
    }
    proxy = make_proxy(server, fast)
    sender = Sender(server, **in_odoo(server, "set_up"))
    return server, sender, f"{proxy.url}{MESSAGES}", str(tmp_path / "interop.crt")


class Losses:
    """Ends every connection to the database repeatedly, like a restart."""

    def __init__(self, server):
        self.server = server
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.over.set()
        self.thread.join()
        self._allow("true")

    def _run(self):
        number = 0
        while not self.over.wait(0.4):
            number += 1
            if number == 8:
                self._allow("false")
            elif number == 11:
                self._allow("true")
            self.server.cluster.psql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{self.server.database}'"
            )

    def _allow(self, value):
        """Refuse connections for a moment, like a starting server."""
        self.server.cluster.psql(
            f'ALTER DATABASE "{self.server.database}" ALLOW_CONNECTIONS {value}'
        )


def check_ours(response):
    """Check that the answer is JSON of the API; return its status and code."""
    kind = response.headers["Content-Type"]
    assert kind in ("application/json", "application/problem+json"), response.text
    body = response.json()
    found = (response.status_code, body.get("code"))
    assert found in EXPECTED, response.text
    if response.status_code == 503:
        assert int(response.headers["Retry-After"]) > 0
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    return found


def test_a_lost_database_is_503_in_problem_json(world):
    """There is no HTML and no 500, and a repeated message is applied once."""
    server, sender, url, certificate = world
    until = time.monotonic() + SECONDS
    messages = []

    def send(number):
        told, count = [], 0
        while time.monotonic() < until:
            count += 1
            message = sender.provider(npi=npi(1000 * number + count))
            messages.append(message)
            response = requests.post(
                url,
                data=message[1],
                headers=sender.headers(message),
                timeout=60,
                verify=certificate,
            )
            told.append(check_ours(response))
        return told

    with Losses(server), ThreadPoolExecutor(SENDERS) as pool:
        answers = [one for each in pool.map(send, range(SENDERS)) for one in each]
    assert (503, "database_unavailable") in answers, answers
    assert (200, None) in answers, answers
    for message in messages:
        status, body, _headers = sender.post(message)
        assert status == 200, body
    found = in_odoo(server, "effects")
    assert found["providers"] == len(messages)
    check_no_leak(server)
