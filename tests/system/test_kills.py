"""Promises that outlive ``kill -9``: of a worker, of Odoo, of PostgreSQL.

Business goes on all the while: somebody publishes four times a second, and every fourth
transaction is rolled back. Kills come at named moments and at random ones.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from interop_setup import paths, postgres
from interop_setup.process import clean_environment
from interop_setup.server import Server
from kills import Killer, Publisher
from standardwebhooks import Webhook
from test_outbound import hostile, in_odoo, wait_for

KILLS = 200 if os.environ.get("INTEROP_LONG") else 15
STUCK = 120  # seconds
LEASE = 8
ENDPOINT = {"total_timeout": 4, "connect_timeout": 1}


@pytest.fixture(scope="module")
def durable():
    """A throw-away PostgreSQL with fsync on: what it has committed, it keeps."""
    made = postgres.Cluster(paths.RUN / f"pg-kills-{os.getpid()}", fsync=True)
    try:
        made.create()
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture(scope="module")
def server(cluster, template, durable):
    """Odoo with workers on a copy of the template in the durable cluster."""
    name = "kills"
    durable.psql(f"CREATE DATABASE {name} TEMPLATE template0")
    dump = subprocess.run(
        [
            *(cluster.program("pg_dump"), "--no-owner", "--no-acl"),
            *("-h", cluster.socket, "-U", postgres.ROLE, template),
        ],
        check=True,
        capture_output=True,
        env=clean_environment(),
    ).stdout
    subprocess.run(
        [
            *(durable.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"),
            *("-h", durable.socket, "-U", postgres.ROLE, "-d", name),
        ],
        input=dump,
        check=True,
        stdout=subprocess.DEVNULL,
        env=clean_environment(),
    )
    made = Server(
        name=f"kills-{os.getpid()}",
        cluster=durable,
        database=name,
        workers=2,
        channels="root:1",
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def nothing_else(server):
    """Whatever an earlier test set up carries nothing more."""
    yield
    in_odoo(server, "deprecate")


def received(receiver):
    """``{name: (webhook-id, first receipt, times)}``, with one id and one body each."""
    found, bodies = {}, {}
    for request in list(receiver.requests):
        message_id = request.header("webhook-id")
        assert bodies.setdefault(message_id, request.body) == request.body
        name = json.loads(request.body)["data"]["name"]
        known = found.setdefault(name, [message_id, request.at, 0])
        assert known[0] == message_id, "one message per event, whatever dies"
        known[2] += 1
    return found


def check_signatures(receiver, secret):
    """Every request, the repeated ones too, is signed for its own moment."""
    webhook = Webhook(secret)
    for request in receiver.requests:
        moment = datetime.fromtimestamp(int(request.header("webhook-timestamp")), UTC)
        expected = webhook.sign(
            request.header("webhook-id"), moment, request.body.decode()
        )
        assert expected in request.header("webhook-signature").split()
        assert abs(request.at - moment.timestamp()) < 60


def check_outcome(receiver, publisher, killer):
    """Nothing lost, no phantom, nothing stuck; answer the figures in words.

    Stuck is what stays although nothing dies any more: time counts from the last kill
    before the receipt. The longest wait over all kills is told, too.
    """
    found, committed = received(receiver), publisher.committed
    assert not set(committed) - set(found), "lost"
    assert not publisher.rolled_back & set(found), "a phantom of what never was"
    assert set(found) <= set(committed) | publisher.unknown
    longest = max(found[name][1] - at for name, at in committed.items())
    stuck = max(
        found[name][1] - max(at, *(m for m in killer.moments if m <= found[name][1]))
        for name, at in committed.items()
    )
    assert stuck < STUCK, "stuck"
    repeated = sum(1 for _id, _at, times in found.values() if times > 1)
    assert repeated, "the kills did not hit"
    return (
        f"{len(committed)} committed, {len(publisher.unknown)} unknown, "
        f"{len(publisher.rolled_back)} rolled back, {repeated} received more than "
        f"once, longest wait {longest:.1f} s, {stuck:.1f} s of it without a kill"
    )


def open_messages(server):
    """How many messages still wait or are on their way."""
    return int(
        server.cluster.psql(
            "SELECT (SELECT count(*) FROM interop_message"
            "         WHERE state IN ('pending', 'processing'))"
            "     + (SELECT count(*) FROM interop_event)",
            database=server.database,
        )
    )


def test_promise_2_a_lease_that_ends_in_flight_fences_its_result(server):
    """The worker whose lease was taken writes nothing; the message is done once."""
    slow = []

    def answer(connection, _received):
        slow.append(time.monotonic())
        if len(slow) == 1:
            time.sleep(5)
        hostile.send(connection)
        return True

    with hostile.Receiver(answer) as receiver:
        values = {"total_timeout": 8, "connect_timeout": 1}
        world = in_odoo(server, "set_up", url=receiver.url, lease=3, **values)
        in_odoo(server, "publish", count=1)
        assert wait_for(lambda: len(receiver.requests) >= 2, STUCK)

        def settled():
            (message,) = in_odoo(server, "states", interface=world["interface"])
            return message["state"] == "done" and message

        assert wait_for(settled, STUCK)
        time.sleep(5)  # the first worker's answer has come by now
        assert settled()["attempts"] == ["done"]
        assert len(receiver.requests) == 2, "and nobody sends it a third time"
        assert len({request.body for request in receiver.requests}) == 1
        assert len({item.header("webhook-id") for item in receiver.requests}) == 1
        assert "their lease was taken" in server.log_text()


def test_promise_2_nothing_lost(server):
    """Whatever dies: nothing lost, no phantom, repeats are the same, none is stuck."""
    with hostile.Receiver() as receiver:
        world = in_odoo(server, "set_up", url=receiver.url, lease=LEASE, **ENDPOINT)
        killer = Killer(server, receiver, hostile.send, seed=20260301)
        ways, counted = list(killer.ways), Counter()
        with Publisher(server) as publisher:
            for number in range(KILLS):
                way = ways[number % len(ways)]
                killer.kill(way)
                counted[way] += 1
        assert wait_for(
            lambda: set(publisher.committed) <= set(received(receiver)), STUCK
        )
        assert wait_for(lambda: not open_messages(server), STUCK)
        report = check_outcome(receiver, publisher, killer)
        check_signatures(receiver, world["secret"])
        states = {
            item["state"]
            for item in in_odoo(server, "states", interface=world["interface"])
        }
        assert states == {"done"}
        sys.stdout.write(f"{dict(counted)}: {report}\n")
        assert killer.missed == 0, "a kill waited in vain for its moment"
