"""Two databases on one server: the host selects one, and neither sees the other."""

import time
import urllib.request
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import inside
import pytest
from inbound_sender import Sender, ask, in_odoo
from interop_setup.server import Server

OTHER_NPI = "1245319599"


class Hosted(Sender):
    """A sender that selects its database by host, like clients behind a proxy."""

    def __init__(self, server, database, made):
        super().__init__(server, **made)
        self.hosted = {"Host": f"{database}.example"}

    def post(self, message, **more):
        """Sign a message now and send it to the database of this sender."""
        message_id, body = message
        return self._ask("messages", message_id, body, **more)

    def status(self, message_id):
        """Return the status of a message."""
        return self._ask(f"messages/{message_id}", message_id)

    def _ask(self, path, signed_id, body="", **more):
        now = datetime.now(UTC)
        signature = self.webhook.sign(signed_id, now, body)
        headers = {
            "Content-Type": "application/json",
            "Interop-Client": self.client,
            "webhook-id": signed_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
            **self.hosted,
            **more,
        }
        url = self.url.removesuffix("messages") + path
        return ask(url, body.encode() or None, headers)


@pytest.fixture
def world(cluster, make_database):
    """Start a server with two databases, each with a client of the same code."""
    names = [make_database(), make_database()]
    server = Server(
        name=f"system-{uuid.uuid4().hex[:10]}",
        cluster=cluster,
        database=names[0],
        workers=2,
        options={"db_name": ",".join(names), "dbfilter": "^%d$"},
    )
    server.start(wait=False)
    try:
        wait(server, names)
        senders = []
        for name in names:
            at = SimpleNamespace(database=name, config=server.config)
            senders.append((at, Hosted(server, name, in_odoo(at, "set_up"))))
        yield server, *senders
    finally:
        inside.end(server)
        server.kill()


def wait(server, names, seconds=120):
    """Wait until each database answers.

    :raises TimeoutError: a database does not answer
    """
    deadline = time.monotonic() + seconds
    for name in names:
        request = urllib.request.Request(
            f"{server.url}/interop/v1/health", headers={"Host": f"{name}.example"}
        )
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30):
                    break
            except OSError:
                if time.monotonic() > deadline:
                    raise TimeoutError from None
                time.sleep(0.2)


def check_unavailable(answer):
    """Check for a problem with Retry-After, without page, redirect or cookie."""
    status, body, headers = answer
    assert (status, body["code"]) == (503, "database_unavailable"), answer
    assert int(headers["Retry-After"]) > 0
    assert headers["Content-Type"] == "application/problem+json"
    for name in ("Set-Cookie", "Location"):
        assert name not in headers


def test_two_databases_on_one_server(world):
    server, (first_at, first), (second_at, second) = world
    check_no_database_selected(server, first, second_at.database)

    message = first.provider()
    assert first.post(message)[:2] == (200, first.status(message[0])[1])
    assert in_odoo(first_at, "effects")["states"] == ["done"]
    assert in_odoo(second_at, "effects")["states"] == []

    # The other database has neither this key nor this message.
    assert first.post(message, **second.hosted)[0] == 401
    status, body, _headers = second.status(message[0])
    assert (status, body["code"]) == (404, "not_found")
    other = second.provider(message_id=message[0], npi=OTHER_NPI)
    status, body, headers = second.post(other)
    assert (status, "Idempotent-Replayed" in headers) == (200, False)
    assert in_odoo(first_at, "effects")["identifiers"] == ["1234567893"]
    assert in_odoo(second_at, "effects")["identifiers"] == [OTHER_NPI]

    # A client with the same code in the other database has separate limits and states.
    in_odoo(first_at, "limit", client=first.client, rate=1)
    statuses = [first.post(message)[0] for _number in range(3)]
    assert 429 in statuses
    assert {second.post(other)[0] for _number in range(4)} == {200}
    assert "interop request failed" not in server.log_text()


def check_no_database_selected(server, sender, other):
    """An unknown host, a missing host, or a database that the host must not use."""
    message = sender.provider()
    for headers in (
        {"Host": "nowhere.example"},
        {"Host": "127.0.0.1"},
        {"X-Odoo-Database": other},  # the host of the first database
        {"X-Odoo-Database": "no_such_database"},
    ):
        check_unavailable(sender.post(message, **headers))
        sent = {**sender.hosted, **headers}
        for path in ("/interop/v1/health", "/interop/v1/none", "/interop/v1"):
            check_unavailable(ask(server.url + path, headers=sent))
    request = urllib.request.Request(
        f"{server.url}/interop/v1/problems", headers={"Host": "nowhere.example"}
    )
    with urllib.request.urlopen(request, timeout=30) as page:
        assert b'id="database_unavailable"' in page.read()


def test_no_database_reachable(make_server):
    """The database disappears and returns while the workers run; nothing was stored."""
    server = make_server(workers=2)
    sender = Sender(server, **in_odoo(server, "set_up"))
    message = sender.provider()
    assert sender.post(message)[0] == 200
    lost = sender.provider(npi=OTHER_NPI)
    with unreachable(server):
        for _number in range(4):
            check_unavailable(sender.post(lost))
            for path in ("/interop/v1/health", "/interop/v1/none"):
                check_unavailable(ask(server.url + path))
    status, _body, headers = sender.post(lost)
    assert (status, "Idempotent-Replayed" in headers) == (200, False)
    assert sender.post(message)[2]["Idempotent-Replayed"] == "true"
    assert in_odoo(server, "effects")["states"] == ["done"] * 2


@contextmanager
def unreachable(server):
    """Refuse new connections to the database of a server, and end existing ones."""

    def allow(yes):
        server.cluster.psql(
            f'ALTER DATABASE "{server.database}" ALLOW_CONNECTIONS {yes}'
        )

    allow("false")
    try:
        server.cluster.psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{server.database}'"
        )
        yield
    finally:
        allow("true")
