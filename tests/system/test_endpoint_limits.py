"""Limits of an endpoint hold over several workers: rate, order, circuit."""

import json
import time
from collections import Counter, defaultdict

import pytest
from interop_setup.server import HTTP_WORKER
from kills import OtherJobs
from test_outbound import hostile, in_odoo
from waiting import wait_for

PER_MINUTE = 480  # eight per second


@pytest.fixture
def server(make_server):
    # two concurrent pumps: a second job starts while the first one runs
    return make_server(workers=4, channels="root:2")


def publish_in_parts(server, parts, count):
    """Publish in several transactions, so that more than one pump is armed."""
    names = []
    for number in range(parts):
        names += in_odoo(server, "publish", count=count, name=f"Part {number}")
    return names


@pytest.mark.alone  # requests are counted per second
def test_rate_and_order_hold_over_workers(server):
    """No second has more requests than the rate and its burst, and the order is kept."""
    with hostile.Receiver() as receiver:
        in_odoo(
            server,
            "set_up",
            url=receiver.url,
            rate_limit=PER_MINUTE,
            ordering="strict",
        )
        names = publish_in_parts(server, 3, 15)
        assert wait_for(lambda: len(receiver.requests) >= len(names))
        time.sleep(2)
        received = [json.loads(item.body)["data"]["name"] for item in receiver.requests]
        assert received == names
        times = [item.at for item in receiver.requests]
        fullest = max(sum(start <= at < start + 1 for at in times) for start in times)
        assert fullest <= 2 * PER_MINUTE / 60, "a second's worth, and what was saved up"
        assert times[-1] - times[0] >= (len(names) - 2 * 8) / 8


@pytest.mark.alone  # probes are counted, too
def test_a_failing_receiver_is_left_alone_and_found_again(server):
    """With an open circuit, one probe is sent at a time; a success delivers all messages."""
    with hostile.Receiver(503) as receiver:
        world = in_odoo(
            server,
            "set_up",
            url=receiver.url,
            schedule="0s" + ", 1s" * 30,
            circuit_failures=5,
            circuit_seconds=3,
        )
        names = publish_in_parts(server, 2, 10)
        assert wait_for(lambda: len(receiver.requests) >= 5)
        time.sleep(2)
        asked = len(receiver.requests)
        assert asked <= len(names), "what was on its way, and nothing after it"
        time.sleep(8)
        assert asked <= len(receiver.requests) <= asked + 3, "only probes"
        receiver.answer = 200

        def settled():
            found = in_odoo(server, "states", interface=world["interface"])
            return {message["state"] for message in found} == {"done"}

        assert wait_for(settled)
        bodies = {item.header("webhook-id"): item.body for item in receiver.requests}
        assert len(bodies) == len(names)


def test_promise_6_order_per_key_survives_failures_and_kills(server):
    """After failures and kills the order is first in, first out; a blocked key blocks itself."""
    keys, rounds = 5, 6
    accepted, refused = defaultdict(list), Counter()
    log = []

    def answer(connection, request):
        key, number = json.loads(request.body)["data"]["name"].split(":")
        # The first key fails for a while, and every third message of the others fails once.
        fails = 3 if (key, number) == ("0", "0") else int(number) % 3 == 1
        if refused[key, number] < fails:
            refused[key, number] += 1
            hostile.send(connection, 503)
        else:
            log.append(key)
            accepted[key].append(int(number))
            hostile.send(connection)
        return True

    with hostile.Receiver(answer) as receiver, OtherJobs(server):
        world = in_odoo(
            server,
            "set_up",
            url=receiver.url,
            schedule="0s" + ", 1s" * 30,
            lease=6,
            total_timeout=3,
            connect_timeout=1,
            ordering="key",
            circuit_failures=0,
        )
        in_odoo(server, "publish_rounds", keys=keys, rounds=rounds)
        assert wait_for(lambda: len(log) >= keys * rounds // 3)
        for pid in server.worker_pids(HTTP_WORKER):
            server.kill_worker(HTTP_WORKER, pid)

        def settled():
            found = in_odoo(server, "states", interface=world["interface"])
            states = {message["state"] for message in found}
            return len(found) == keys * rounds and states == {"done"}

        assert wait_for(settled)
        for key, numbers in accepted.items():
            # Messages of a killed worker arrive again, before later messages.
            assert numbers == sorted(numbers), key
            assert sorted(set(numbers)) == list(range(rounds)), key
        assert log.index("0") > keys, "the others did not wait for the blocked key"
        assert sum(refused.values()) >= keys, "nothing failed: nothing was proven"
