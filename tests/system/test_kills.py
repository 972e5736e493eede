"""Promises that hold after ``kill -9`` of a worker, of Odoo, and of PostgreSQL.

A process publishes four times per second, and every fourth transaction is rolled back. Kills
happen at selected and at random moments.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime

import inside
import pytest
from interop_setup import databases, paths, postgres
from interop_setup.process import clean_environment
from interop_setup.server import Server
from kills import Killer, OtherJobs, Publisher
from standardwebhooks import Webhook
from test_outbound import hostile, in_odoo
from waiting import wait_for

# Each of the six ways once.
KILLS = 200 if os.environ.get("INTEROP_LONG") else 6
# Maximum seconds that a message waits after a kill. queue_job looks for jobs of killed
# workers once per minute, and skips those of the last ten seconds.
STUCK = 120
LEASE = 8
ENDPOINT = {"total_timeout": 4, "connect_timeout": 1}


@pytest.fixture(scope="module")
def durable():
    """Create a temporary PostgreSQL with fsync, which keeps all commits."""
    made = postgres.Cluster(paths.RUN / f"pg-kills-{os.getpid()}", fsync=True)
    try:
        made.create()
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture(scope="module")
def server(cluster, template, durable):
    """Start Odoo with workers on a copy of the template in the durable cluster."""
    name = "kills"
    durable.psql(f"CREATE DATABASE {name} TEMPLATE template0")
    # Use a copy, because a template with connections cannot be copied.
    copy = databases.clone(cluster, template, databases.throw_away_name(name))
    dump = subprocess.run(
        [
            *(cluster.program("pg_dump"), "--no-owner", "--no-acl"),
            *("-h", cluster.socket, "-U", postgres.ROLE, copy),
        ],
        check=True,
        capture_output=True,
        env=clean_environment(),
    ).stdout
    databases.drop(cluster, copy)
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
    inside.end(made)
    made.kill()


@pytest.fixture(autouse=True)
def nothing_else(server):
    """Suspend the interfaces of earlier tests."""
    yield
    in_odoo(server, "deprecate")


@contextmanager
def cron_off(server):
    """Disable the cron that starts the pump once per minute."""
    switch = """UPDATE ir_cron SET active = {} WHERE id = (SELECT res_id FROM ir_model_data
                 WHERE module = 'interop_base' AND name = 'ir_cron_rearm')"""
    server.cluster.psql(switch.format("false"), database=server.database)
    try:
        yield
    finally:
        server.cluster.psql(switch.format("true"), database=server.database)


def received(receiver):
    """Return ``{name: (webhook-id, first receipt, count)}``; each has one id and one body."""
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
    """Check that every request, also a repeated one, has the time of its attempt."""
    webhook = Webhook(secret)
    for request in receiver.requests:
        moment = datetime.fromtimestamp(int(request.header("webhook-timestamp")), UTC)
        expected = webhook.sign(
            request.header("webhook-id"), moment, request.body.decode()
        )
        assert expected in request.header("webhook-signature").split()
        assert abs(request.at - moment.timestamp()) < 60


def check_outcome(receiver, publisher, killer, dead, retried_at):
    """Check that no message is lost, invented or stuck; return the figures as text.

    A message is stuck if the time from its commit (or the last kill after it) to its first
    receipt is too long. Times without Odoo or PostgreSQL do not count. The figures also have
    the total times.

    :param dead: messages that three kills hit by chance, and that were retried
    :param retried_at: time of their retry
    """
    found, committed = received(receiver), publisher.committed
    lost = set(committed) - set(found)
    phantoms = publisher.rolled_back & set(found)
    spans = [
        (at, found[name][1])
        for name, at in committed.items()
        if name in found and found[name][1] < retried_at
    ]
    whole = max(until - since for since, until in spans)
    longest = max(
        killer.waited(killer.last_before(since, until), until) for since, until in spans
    )
    repeated = sum(1 for _id, _at, times in found.values() if times > 1)
    report = (
        f"{len(committed)} committed, {len(lost)} lost, {len(publisher.unknown)} unknown, "
        f"{len(publisher.rolled_back)} rolled back, {len(phantoms)} phantoms, "
        f"{repeated} received more than once, {len(dead)} dead after three kills and "
        f"retried by a person, longest wait of the others {whole:.1f} s, after the last "
        f"kill {longest:.1f} s with servers running"
    )
    assert not lost, report
    # Such messages are rare: two in a run of 200 kills, and possibly in a short run.
    assert len(dead) <= max(2, KILLS // 20), report
    assert not phantoms, report
    assert set(found) <= set(committed) | publisher.unknown, report
    assert longest < STUCK, report
    assert repeated, f"the kills did not hit: {report}"
    return report


def open_messages(server):
    """Return the number of messages that wait or are being delivered."""
    return int(
        server.cluster.psql(
            "SELECT (SELECT count(*) FROM interop_message"
            "         WHERE state IN ('pending', 'processing'))"
            "     + (SELECT count(*) FROM interop_event)",
            database=server.database,
        )
    )


def test_promise_2_a_lease_that_ends_in_flight_fences_its_result(server):
    """A worker that lost its lease writes nothing, and the message is done once."""
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
        time.sleep(5)  # the first worker has its answer now
        assert settled()["attempts"] == ["done"]
        assert len(receiver.requests) == 2, "and nobody sends it a third time"
        assert len({request.body for request in receiver.requests}) == 1
        assert len({item.header("webhook-id") for item in receiver.requests}) == 1
        assert "another worker has the lease" in server.log_text()


def test_promise_2_a_quiet_system_goes_on_by_itself_after_a_kill(server):
    """Without new events and without the cron, queue_job finds the killed run.

    The job of the killed run occupies the only place of the channel.
    """
    killed = []
    with hostile.Receiver() as receiver:
        in_odoo(server, "set_up", url=receiver.url, lease=LEASE, **ENDPOINT)
        killer = Killer(server, receiver, hostile.send, seed=3)

        def answer(connection, _request):
            if not killed:
                killed.append(time.monotonic())
                killer.workers()
                return False
            hostile.send(connection)
            return True

        receiver.answer = answer
        with cron_off(server):
            names = in_odoo(server, "publish", count=12)
            assert wait_for(lambda: killed and not open_messages(server), STUCK)
            # Kill everything, because a received request may not be answered yet.
            took = time.monotonic() - killed[0]
            sys.stdout.write(f"a quiet system went on after {took:.1f} s\n")
            assert took < STUCK
            assert set(names) <= set(received(receiver))


def test_promise_7_a_message_that_kills_its_worker_ends_dead_with_an_owner(server):
    """Only one message becomes dead after three kills; the others are delivered."""
    with hostile.Receiver() as receiver, OtherJobs(server):
        values = {"total_timeout": 2, "connect_timeout": 1}
        world = in_odoo(server, "set_up", url=receiver.url, lease=4, **values)
        killer = Killer(server, receiver, hostile.send, seed=1)
        killed = []

        def answer(connection, request):
            name = json.loads(request.body)["data"]["name"]
            if name == "Neighbor 5":
                killed.append(request.header("webhook-id"))
                killer.workers()
                return False
            time.sleep(
                0.2
            )  # the other requests are still open when the worker is killed
            hostile.send(connection)
            return True

        receiver.answer = answer

        def states():
            return in_odoo(server, "states", interface=world["interface"])

        def poisoned():
            return killed and server.cluster.psql(
                f"SELECT state FROM interop_message WHERE external_id = '{killed[0]}'",
                database=server.database,
            )

        with Publisher(server, pause=0.5, size=1) as publisher:
            names = in_odoo(server, "publish", count=12, name="Neighbor")
            assert wait_for(lambda: poisoned() == "dead", 3 * STUCK), states()
        expected = {*names, *publisher.committed} - {"Neighbor 5"}
        assert wait_for(lambda: expected <= set(received(receiver)), STUCK)
        assert wait_for(lambda: not open_messages(server), STUCK)
        by_id = {item["id"]: item for item in states()}
        dead = by_id.pop(killed[0])
        assert (dead["state"], dead["error_code"]) == ("dead", "worker_died")
        assert dead["owner"] == "admin" and dead["attempts"] == []
        assert len(killed) == 3 and len(set(killed)) == 1
        assert {item["state"] for item in by_id.values()} == {"done"}


def test_promise_2_a_replay_survives_kills(server):
    """A replay completes although workers and all of Odoo are killed."""
    count = 240
    with hostile.Receiver() as receiver, OtherJobs(server):
        values = {"total_timeout": 2, "connect_timeout": 1}
        world = in_odoo(server, "set_up", url=receiver.url, lease=4, **values)
        names = in_odoo(server, "publish", count=count)
        assert wait_for(lambda: set(names) <= set(received(receiver)), STUCK)
        assert wait_for(lambda: not open_messages(server), STUCK)
        killer = Killer(server, receiver, hostile.send, seed=2)
        # A batch contains the messages of ten seconds, so this replay has two batches.
        replay = in_odoo(
            server, "replay", interface=world["interface"], per_second=count // 15
        )

        def again():
            found = received(receiver)
            return sum(1 for name in names if found[name][2] > 1)

        def state():
            return in_odoo(server, "replay_state", replay=replay)

        with Publisher(server, pause=1, size=1):
            assert wait_for(lambda: again() >= count // 12, STUCK)
            killer.workers()
            assert wait_for(lambda: again() >= count // 4, STUCK)
            killer.odoo()
            assert wait_for(lambda: again() == count, 2 * STUCK), state()
        assert wait_for(lambda: state()["state"] == "done", STUCK), state()
        assert wait_for(lambda: not open_messages(server), STUCK)
        assert state() == {"state": "done", "total": count, "moved": count}
        found = in_odoo(server, "states", interface=world["interface"])
        assert {item["state"] for item in found} == {"done"}


def test_promise_2_nothing_lost(server):
    """After all kinds of kills, no message is lost, invented, changed or stuck."""
    with hostile.Receiver() as receiver, OtherJobs(server):
        world = in_odoo(server, "set_up", url=receiver.url, lease=LEASE, **ENDPOINT)
        killer = Killer(server, receiver, hostile.send, seed=20260301)
        ways, counted = list(killer.ways), Counter()
        with Publisher(server) as publisher:
            for number in range(KILLS):
                way = ways[number % len(ways)]
                killer.kill(way)
                counted[way] += 1
        assert wait_for(lambda: not open_messages(server), STUCK)
        inside.end(server)  # the connection ended with PostgreSQL
        # By chance three kills may hit one message. It becomes dead and has an owner.
        dead = in_odoo(server, "retry_dead", interface=world["interface"])
        retried_at = time.time()
        assert {tuple(item) for item in dead} <= {("worker_died", "admin")}
        assert wait_for(
            lambda: set(publisher.committed) <= set(received(receiver)), STUCK
        )
        assert wait_for(lambda: not open_messages(server), STUCK)
        report = check_outcome(receiver, publisher, killer, dead, retried_at)
        check_signatures(receiver, world["secret"])
        states = {
            item["state"]
            for item in in_odoo(server, "states", interface=world["interface"])
        }
        assert states == {"done"}
        sys.stdout.write(f"{dict(counted)}: {report}\n")
        assert killer.missed == 0, "a kill waited in vain for its moment"
