"""A receiver with very low cost: one process, one event loop, raw HTTP/1.1.

Each ``POST`` is a delivery and is answered 200 after the delay. ``GET`` controls it:

- ``/reset?delay=0.1&record=1`` clears the counters and sets delay and recording;
- ``/stats`` answers the number of deliveries and the times of the first and the last;
- ``/log`` answers ``[[time, name], …]`` of the deliveries while ``record`` was 1.

Run it as ``python -m interop_setup.bench._receiver``. Its first line is the port.
"""

import asyncio
import json
import time
import urllib.parse

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BACKLOG = 1024


class Counters:
    """The counters, and the settings of the answers."""

    def __init__(self) -> None:
        self.reset(0.0, record=False)

    def reset(self, delay: float, *, record: bool) -> None:
        """Clear the counters; answer after ``delay`` seconds from now on."""
        self.delay, self.record = delay, record
        self.count, self.first, self.last = 0, 0.0, 0.0
        self.log: list[tuple[float, bytes]] = []

    def note(self, body: bytes) -> None:
        """Count one delivery."""
        now = time.time()
        self.first = self.first or now
        self.last = now
        self.count += 1
        if self.record:
            self.log.append((now, body))

    def control(self, target: str) -> object:
        """Return the answer of a GET."""
        url = urllib.parse.urlsplit(target)
        values = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/reset":
            self.reset(float(values["delay"]), record=values["record"] == "1")
        if url.path == "/log":
            return [[at, json.loads(body)["data"]["name"]] for at, body in self.log]
        return {"count": self.count, "first": self.first, "last": self.last}


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, counters: Counters) -> None:
        self.counters = counters
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            size = content_length(head)
            if len(self.buffer) < end + 4 + size:
                return
            body = self.buffer[end + 4 : end + 4 + size]
            self.buffer = self.buffer[end + 4 + size :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        """Count a delivery, or execute a GET."""
        if head.startswith(b"POST"):
            self.counters.note(body)
            if self.counters.delay:
                loop = asyncio.get_running_loop()
                loop.call_later(self.counters.delay, self._write, ANSWER)
            else:
                self._write(ANSWER)
            return
        text = json.dumps(self.counters.control(head.split(b" ", 2)[1].decode()))
        start = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n"
        self._write((start + text).encode())

    def _write(self, answer: bytes) -> None:
        """Write the answer, unless the connection is closed."""
        if self.transport and not self.transport.is_closing():
            self.transport.write(answer)


def content_length(head: bytes) -> int:
    """Return the size of the body, 0 if the head has no content length."""
    lower = head.lower()
    start = lower.find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    start += len(b"\r\ncontent-length:")
    end = lower.find(b"\r\n", start)
    return int(lower[start : end if end >= 0 else None])


async def serve() -> None:
    """Serve until the process is ended."""
    counters = Counters()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(counters), "127.0.0.1", 0, backlog=BACKLOG
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
