"""Who sends when: places among the requests to one receiver, and among all."""

import threading

import interop_webhook_receiver as hostile
import pytest
from interop_webhook_tools import http_sender, url_guard
from interop_webhook_tools.http_channel import Receiver, Request


@pytest.fixture
def narrow():
    """A sender with room for two requests among all receivers."""
    sender = http_sender.Sender(now=lambda: "now", max_in_flight=2)
    yield sender
    sender.close()


def to(url, **values):
    return Receiver(
        key=url,
        url=url,
        allow_http=True,
        ports=url_guard.parse_ports("1024-65535"),
        networks=url_guard.parse_networks("127.0.0.0/8"),
        **values,
    )


def test_a_long_queue_makes_room_for_others(narrow):
    """Sixty requests to one receiver do not keep the only one to another waiting."""
    sent = []  # in this order: a header is asked for when its request is sent

    def request(ref, receiver):
        return Request(ref, to(receiver.url), b"", lambda: sent.append(ref) or {})

    with hostile.Receiver() as busy, hostile.Receiver() as other:
        requests = [*(request(n, busy) for n in range(60)), request("other", other)]
        answers = list(narrow.run(requests, 20))
    assert {answer.status for answer in answers} == {200}
    assert len(sent) == len(answers) == 61
    assert sent.index("other") < 30


def test_no_more_at_once_than_there_is_room_for(narrow):
    lock, now, most = threading.Lock(), [0], [0]
    together = threading.Event()

    def answer(connection, _received):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        together.wait(0.02)
        with lock:
            now[0] -= 1
        hostile.send(connection)
        return True

    with hostile.Receiver(answer) as receiver:
        target = to(receiver.url, concurrency=8)
        requests = [Request(n, target, b"", dict) for n in range(24)]
        answers = list(narrow.run(requests, 20))
    assert {answer.status for answer in answers} == {200}
    assert most == [2]


def test_what_waits_at_the_deadline_is_not_sent(narrow):
    with hostile.Receiver(hostile.silent) as hole:
        target = to(hole.url, total_timeout=0.6, concurrency=2)
        requests = [Request(n, target, b"", dict) for n in range(9)]
        kinds = [answer.failure for answer in narrow.run(requests, 0.3)]
    assert sorted(kinds) == ["not_sent"] * 7 + ["timeout"] * 2
