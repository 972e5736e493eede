"""The bare HTTP client loop: sign and POST with aiohttp.

There is no database and no record, so the rate is the maximum of one Python process on
this machine. Run it as ``python -m interop_setup.bench._client URL COUNT CONCURRENCY``. It
prints the number of answered requests per second.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import sys
import time

import aiohttp

KEY = os.urandom(32)
DATA = {
    "specversion": "1.0",
    "type": "bench.happened",
    "source": "bench",
    "data": {"name": "Bench 1"},
    "padding": "x" * 350,  # about the size of one of our envelopes
}


def signed(number: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    message_id, now = f"msg_{number:026d}", str(int(time.time()))
    digest = hmac.new(KEY, f"{message_id}.{now}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": now,
        "webhook-signature": "v1," + base64.b64encode(digest.digest()).decode(),
    }


async def send_all(url: str, count: int, concurrency: int) -> float:
    """Send ``count`` requests, ``concurrency`` at a time; return requests per second."""
    body = json.dumps(DATA).encode()
    numbers = iter(range(count))

    async def work(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            async with session.post(
                url, data=body, headers=signed(number, body)
            ) as answer:
                await answer.read()

    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency)
    ) as session:
        start = time.perf_counter()
        await asyncio.gather(*(work(session) for _number in range(concurrency)))
        return count / (time.perf_counter() - start)


if __name__ == "__main__":
    print(asyncio.run(send_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
