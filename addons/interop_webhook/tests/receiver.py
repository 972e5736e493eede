"""A webhook receiver for tests: a real server on loopback that misbehaves on demand.

It speaks HTTP on raw sockets, because a framework would not let it break the rules.
"""

import contextlib
import gzip
import socket
import ssl
import struct
import threading
import time


class Received:
    """One request as it arrived; ``headers`` are (name, value) pairs in order."""

    def __init__(self, line, headers, body):
        self.method, self.path, self.version = line.split(" ", 2)
        self.headers = headers
        self.body = body
        self.at = time.time()

    def header(self, name):
        """Return the value of a header that is there exactly once, else None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if len(values) == 1 else None


class Receiver:
    """Listens on ``127.0.0.1`` and answers each request as ``answer`` says.

    ``answer`` is a status code, or a function ``(connection, received)`` that writes to
    the socket itself and returns True when the connection may be kept alive.
    """

    def __init__(self, answer=200, tls=None, host="127.0.0.1"):
        self.answer = answer
        self.requests = []
        self.connections = 0
        self._tls = tls
        self._stopping = False
        self._open = set()
        self._lock = threading.Lock()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=family, backlog=256)
        self.port = self._socket.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if tls else 'http'}://{shown}:{self.port}/hook"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def close(self):
        """Stop listening and drop every connection."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _accept(self):
        while not self._stopping:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(
                target=self._serve, args=(connection,), daemon=True
            ).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, ssl.SSLError, ValueError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.add(connection)
            stream = connection.makefile("rb")
            while not self._stopping:
                received = self._read(stream)
                if received is None:
                    break
                with self._lock:
                    self.requests.append(received)
                if not self._respond(connection, received):
                    break
        self._open.discard(connection)

    def _read(self, stream):
        line = stream.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            return None
        headers = []
        while (text := stream.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = text.partition(":")
            headers.append((name, value.strip()))
        size = next((int(v) for k, v in headers if k.lower() == "content-length"), 0)
        return Received(line, headers, stream.read(size))

    def _respond(self, connection, received):
        if callable(self.answer):
            return self.answer(connection, received)
        send(connection, self.answer)
        return True


def send(connection, status=200, body=b"ok", headers=()):
    """Write one complete answer."""
    body = b"" if status in (204, 304) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)


# --- misbehavior ----------------------------------------------------------------------


def redirect(location):
    """Answer 302 to ``location``."""

    def answer(connection, received):
        send(connection, 302, headers=[("Location", location)])
        return True

    return answer


def reset_after_receipt(connection, received):
    """Take the request and reset the connection without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return False


def silent(connection, received):
    """Take the request and never answer."""
    time.sleep(30)
    return False


def slow_drip(connection, received):
    """Send one byte of the answer every 50 ms, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b".")
        time.sleep(0.05)


def slow_head(connection, received):
    """Drip the header lines, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-A: 1\r\n")
        time.sleep(0.05)


def endless(connection, received):
    """Answer 200 with a body that never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def gzip_bomb(connection, received):
    """Answer 200 with 50 MB in a few kilobytes."""
    packed = gzip.compress(b"\0" * 50_000_000, 9)
    send(connection, 200, packed, [("Content-Encoding", "gzip")])
    return True


def garbage(connection, received):
    """Answer something that is not HTTP."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    return False


def huge_header(connection, received):
    """Answer with a header line of a megabyte."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 1_000_000 + b"\r\n\r\n")
    return False


def truncated(connection, received):
    """Promise more than is sent, then hang up."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    return False


def hang_up_after_answer(connection, received):
    """Answer 200, keep-alive by omission, and close without saying so."""
    send(connection)
    return False
