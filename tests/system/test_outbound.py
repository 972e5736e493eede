"""Outbound messages through real workers, the real job runner and a real receiver."""

import importlib.util
import time

import inside
import pytest
from interop_setup import paths
from interop_setup.server import HTTP_WORKER
from kills import OtherJobs
from standardwebhooks import Webhook
from waiting import wait_for

_spec = importlib.util.spec_from_file_location(
    "interop_webhook_receiver",
    paths.ADDONS / "interop_webhook" / "tests" / "receiver.py",
)
hostile = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(hostile)


PROMPT = 20  # seconds, less than the timeout of an endpoint that never answers


def in_odoo(server, function, **values):
    """Call a function of ``outbound_world`` inside Odoo."""
    return inside.in_odoo(server, function, "outbound_world", **values)


def ids(receiver):
    """Return every received ``webhook-id`` in order."""
    return [request.header("webhook-id") for request in receiver.requests]


def verify(receiver, secret):
    """Verify every request with an independent library; return the names in the content."""
    names = []
    for request in receiver.requests:
        headers = {name.lower(): value for name, value in request.headers}
        names.append(Webhook(secret).verify(request.body, headers)["data"]["name"])
    return names


@pytest.fixture
def server(make_server):
    return make_server(workers=3, channels="root:1")


def test_published_is_delivered_once_and_verified(server):
    """Committed changes arrive once and signed; rolled back changes do not arrive."""
    with hostile.Receiver() as receiver:
        world = in_odoo(server, "set_up", url=receiver.url)
        in_odoo(server, "roll_back", count=5)
        names = in_odoo(server, "publish", count=40)
        assert wait_for(lambda: len(receiver.requests) >= 40)
        time.sleep(2)
        assert sorted(verify(receiver, world["secret"])) == sorted(names)
        assert len(set(ids(receiver))) == 40
        found = in_odoo(server, "states", interface=world["interface"])
        assert {message["state"] for message in found} == {"done"}


@pytest.mark.alone  # the test checks the schedule to the second
def test_refused_connection_is_retried_on_schedule_and_ends_dead(server):
    """The retries are jobs of queue_job with an ETA, without other triggers."""
    with hostile.Receiver() as receiver:
        url = receiver.url
    world = in_odoo(server, "set_up", url=url, schedule="0s, 1s, 3s")
    in_odoo(server, "publish", count=1)

    def dead():
        (message,) = in_odoo(server, "states", interface=world["interface"]) or [{}]
        return message.get("state") == "dead"

    assert wait_for(dead)
    (message,) = in_odoo(server, "states", interface=world["interface"])
    assert message["attempts"] == ["retry", "retry", "dead"]
    assert message["error_class"] == "connect" and message["owner"]
    first, second, third = message["started"]
    assert 0.9 <= second - first <= 6 and 2.9 <= third - second <= 8


def test_receiver_comes_back(server):
    """Messages that were published while the receiver was down arrive later."""
    with hostile.Receiver(503) as receiver:
        # without a circuit, so that every retry of the policy is sent
        world = in_odoo(server, "set_up", url=receiver.url, circuit_failures=0)
        names = in_odoo(server, "publish", count=10)
        assert wait_for(lambda: len(receiver.requests) >= 20)
        receiver.answer = 200
        refused = set(ids(receiver))

        def settled():
            found = in_odoo(server, "states", interface=world["interface"])
            return {message["state"] for message in found} == {"done"}

        assert wait_for(settled)
        assert set(ids(receiver)) == refused, "a retry is the same message"
        assert set(verify(receiver, world["secret"])) == set(names)


def test_promise_2_killed_after_sending_repeats_with_the_same_id(server):
    """After ``kill -9`` between request and result, the same id and bytes are sent again."""
    with hostile.Receiver(hostile.silent) as receiver, OtherJobs(server):
        world = in_odoo(
            server,
            "set_up",
            url=receiver.url,
            lease=8,
            total_timeout=5,
            connect_timeout=1,
        )
        in_odoo(server, "publish", count=3)
        assert wait_for(lambda: len(receiver.requests) >= 3)
        for pid in server.worker_pids(HTTP_WORKER):
            server.kill_worker(HTTP_WORKER, pid)
        receiver.answer = 200

        def settled():
            found = in_odoo(server, "states", interface=world["interface"])
            return len(found) == 3 and {item["state"] for item in found} == {"done"}

        assert wait_for(settled)
        bodies = {}
        for request in receiver.requests:
            bodies.setdefault(request.header("webhook-id"), set()).add(request.body)
        assert len(bodies) == 3
        assert all(len(seen) == 1 for seen in bodies.values())
        assert len(receiver.requests) >= 6
        verify(receiver, world["secret"])


@pytest.mark.alone  # another slow test would keep a transaction open longer
def test_promise_5_no_transaction_of_ours_is_held_across_the_network(server, cluster):
    """While requests are open, the only idle transaction is that of queue_job."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        f" WHERE datname = '{server.database}' AND state = 'idle in transaction'"
        " AND state_change < now() - interval '1 second'"
    )
    with hostile.Receiver(hostile.silent) as receiver:
        world = in_odoo(
            server, "set_up", url=receiver.url, total_timeout=8, connect_timeout=1
        )
        in_odoo(server, "publish", count=5)
        arrived = wait_for(lambda: len(receiver.requests) >= 5)
        assert arrived, in_odoo(server, "states", interface=world["interface"])
        time.sleep(2)
        assert int(cluster.psql(waiting).strip()) <= 1


@pytest.mark.alone  # another slow test would look like an effect of the endpoint
def test_promise_5_a_dead_endpoint_does_not_slow_the_others(server):
    """A healthy receiver is served while another one never answers."""
    with hostile.Receiver(hostile.silent) as hole, hostile.Receiver() as healthy:
        in_odoo(server, "set_up", url=hole.url, total_timeout=25, connect_timeout=1)
        in_odoo(server, "set_up", url=healthy.url)
        in_odoo(server, "publish", count=20)
        assert wait_for(lambda: len(hole.requests) >= 1)
        assert wait_for(lambda: len(healthy.requests) >= 20, PROMPT)
        before = len(healthy.requests)
        started = time.time()
        in_odoo(server, "publish", count=5, name="Later")
        assert wait_for(lambda: len(healthy.requests) >= before + 5, PROMPT)
        assert healthy.requests[-1].at - started < PROMPT
