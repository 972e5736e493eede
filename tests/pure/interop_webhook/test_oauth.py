"""Access tokens: what is asked, what is accepted, and how long it is used."""

import asyncio
import math
import time

import interop_webhook_receiver as hostile
import pytest
from interop_webhook_tools import http_channel, http_sender, oauth, url_guard
from interop_webhook_tools.errors import TokenRefusal

GRANT = oauth.Grant("receiver", "client", "s3cret")


def answer(**members):
    body = {"access_token": "t", "token_type": "Bearer", **members}
    return oauth.json.dumps(body).encode()


@pytest.mark.parametrize(
    ("expires", "seconds"),
    [(3600, 3570), ("3600", 3570), (10, 0), (-5, 0), (10**12, 86370), (1.5, 0)],
)
def test_how_long_a_token_is_used(expires, seconds):
    assert oauth.read_answer(200, None, answer(expires_in=expires)) == ("t", seconds)


@pytest.mark.parametrize("expires", [None, "soon", True, math.nan, [], {}])
def test_unusable_expiry_is_five_minutes(expires):
    assert oauth.read_answer(200, None, answer(expires_in=expires))[1] == 270


@pytest.mark.parametrize(
    ("status", "failure", "body"),
    [
        (None, "timeout", b""),
        (302, None, answer()),
        (401, None, b'{"error": "canary"}'),
        (200, None, b"\xffcanary"),
        (200, None, b'["canary"]'),
        (200, None, answer(access_token="")),
        (200, None, answer(access_token=5)),
        (200, None, answer(access_token="canary token")),
        (200, None, answer(access_token="canary\r\nX-A: b")),
        (200, None, answer(access_token="canary" * 9999)),
        (200, None, answer(token_type="mac")),
    ],
)
def test_answers_without_a_token(status, failure, body):
    with pytest.raises(TokenRefusal) as caught:
        oauth.read_answer(status, failure, body)
    assert "canary" not in str(caught.value)


def test_the_secret_is_not_shown():
    assert "s3cret" not in repr(GRANT)


def test_many_requests_ask_once_and_an_old_refusal_drops_nothing():
    asked = []

    async def ask(grant):
        asked.append(grant)
        await asyncio.sleep(0)
        return f"token-{len(asked)}", 60

    async def run():
        cache = oauth.TokenCache()
        tokens = await asyncio.gather(*(cache.get(GRANT, ask) for _ in range(20)))
        assert set(tokens) == {"token-1"} and len(asked) == 1
        cache.drop(GRANT, "token-1")
        assert await cache.get(GRANT, ask) == "token-2"
        cache.drop(GRANT, "token-1")
        assert await cache.get(GRANT, ask) == "token-2"

    asyncio.run(run())


def test_a_token_without_time_left_is_not_kept():
    asked = []

    async def ask(grant):
        asked.append(grant)
        return "t", 0

    async def run():
        cache = oauth.TokenCache()
        await cache.get(GRANT, ask)
        await cache.get(GRANT, ask)

    asyncio.run(run())
    assert len(asked) == 2


def slow_401(connection, _received):
    time.sleep(1.5)
    hostile.send(connection, 401)
    return True


def slow_token(connection, _received):
    time.sleep(1.5)
    hostile.send(connection, 200, answer())
    return True


@pytest.mark.parametrize(
    ("receiver_does", "token_server_does"),
    [(200, hostile.silent), (slow_401, slow_token)],
)
def test_asking_for_a_token_is_part_of_the_time_of_the_exchange(
    receiver_does, token_server_does
):
    def to(url):
        return http_channel.Receiver(
            key=url,
            url=url,
            allow_http=True,
            ports=url_guard.parse_ports("1024-65535"),
            networks=url_guard.parse_networks("127.0.0.0/8"),
            total_timeout=2.0,
            connect_timeout=0.5,
        )

    sender = http_sender.Sender(now=lambda: "now")
    try:
        with (
            hostile.Receiver(receiver_does) as receiver,
            hostile.Receiver(token_server_does) as server,
        ):
            grant = oauth.Grant(to(server.url), "client", "s3cret")
            requests = [
                http_channel.Request(n, to(receiver.url), b"{}", dict, grant)
                for n in range(6)
            ]
            started = time.monotonic()
            answers = list(sender.run(requests, 10))
            assert time.monotonic() - started < 2.9
            assert len(answers) == 6
            assert {item.failure for item in answers} <= {"timeout", "token"}
    finally:
        sender.close()
