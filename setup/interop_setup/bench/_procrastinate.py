"""A job of procrastinate per delivery: what a site could build with a queue in PostgreSQL.

Runs in an environment of its own, see ``_rivals.py``: ``DSN URL COUNT CONCURRENCY``.
Defers all jobs, then lets one worker do them.
"""

import asyncio
import json
import sys

import aiohttp
import procrastinate
from _client import DATA, signed

BATCH = 1000


async def main(dsn: str, url: str, count: int, concurrency: int) -> None:
    """Make the tables, defer the jobs, work until none is left."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn))
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency)
    ) as session:

        @app.task(name="deliver")
        async def deliver(number: int, body: str) -> None:
            """Sign and send one body."""
            content = body.encode()
            async with session.post(
                url, data=content, headers=signed(number, content)
            ) as answer:
                await answer.read()
                answer.raise_for_status()

        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            body = json.dumps(DATA)
            for start in range(0, count, BATCH):
                numbers = range(start, min(start + BATCH, count))
                await deliver.batch_defer_async(
                    *({"number": number, "body": body} for number in numbers)
                )
            await app.run_worker_async(
                wait=False, concurrency=concurrency, install_signal_handlers=False
            )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
