"""A small outgoing proxy for tests: real tunnels, on loopback, by CONNECT only."""

import contextlib
import socket
import threading


class Proxy:
    """Listens on ``127.0.0.1`` and opens a tunnel for each ``CONNECT``.

    ``answer`` is the status it answers with: 200 opens the tunnel, anything else does
    not, and None answers nothing at all. ``leads_to`` is where tunnels really go,
    whatever was asked for. ``asked`` are the targets of ``CONNECT``, ``heads`` the
    whole heads as text.
    """

    def __init__(self, answer=200, leads_to=None):
        self.answer = answer
        self.leads_to = leads_to
        self.asked, self.heads = [], []
        self._open = set()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def close(self):
        """Stop listening and drop every tunnel."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._socket.accept()
                threading.Thread(
                    target=self._serve, args=(connection,), daemon=True
                ).start()

    def _serve(self, connection):
        self._open.add(connection)
        with connection, contextlib.suppress(OSError, ValueError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096) or b"\r\n\r\n"
            text = head.decode()
            method, target, _version = text.split("\r\n")[0].split(" ")
            self.heads.append(text)
            self.asked.append(target if method == "CONNECT" else f"{method} {target}")
            if self.answer is None:
                connection.recv(1)
                return
            opens = self.answer == 200 and method == "CONNECT"
            status = self.answer if method == "CONNECT" else 405
            if not opens:
                connection.sendall(f"HTTP/1.1 {status} No\r\n\r\n".encode())
                return
            host, _colon, port = target.rpartition(":")
            goal = self.leads_to or (host.strip("[]"), int(port))
            with socket.create_connection(goal, 5) as onward:
                self._open.add(onward)
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(
                    target=_copy, args=(onward, connection), daemon=True
                )
                back.start()
                _copy(connection, onward)
                back.join(5)


def _copy(source, target):
    """Hand on bytes until one side ends."""
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
