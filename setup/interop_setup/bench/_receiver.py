"""A receiver that costs next to nothing: one process, one event loop, raw HTTP/1.1.

``POST`` anywhere is a delivery, answered 200 after the delay. ``GET`` controls it:

- ``/reset?delay=0.1&record=1`` forgets everything and sets how to answer;
- ``/stats`` answers how many deliveries came and when the first and the last did;
- ``/log`` answers ``[[time, name], …]`` of what came while ``record`` was 1.

Started as ``python -m interop_setup.bench._receiver``; its first line names the port.
"""

import asyncio
import json
import time
import urllib.parse

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BACKLOG = 1024


class Counters:
    """What has come, and how to answer."""

    def __init__(self) -> None:
        self.reset(0.0, record=False)

    def reset(self, delay: float, *, record: bool) -> None:
        """Forget everything; answer after ``delay`` seconds from now on."""
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
        """What a GET is answered."""
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
        """Count a delivery, or do what a GET asks for."""
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
        """Write, unless the other side is gone."""
        if self.transport and not self.transport.is_closing():
            self.transport.write(answer)


def content_length(head: bytes) -> int:
    """The size of the body that follows, 0 when the head names none."""
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
