"""A small reverse proxy of the demo: one address for the browser.

With workers Odoo serves its websocket on a separate port and expects a reverse proxy. This
proxy reads the first line of a connection, connects it to one of the two ports of Odoo, and
passes bytes. Browsers open a new connection for a websocket, so the first line is
sufficient.
"""

import contextlib
import socket
import socketserver
import threading

CHUNK = 65536
FIRST_LINE_SECONDS = 30
WEBSOCKET = b"GET /websocket"


class _Connection(socketserver.BaseRequestHandler):
    """One connection of a browser."""

    server: "FrontDoor"

    def handle(self) -> None:
        """Connect it to the right port and pass bytes until one side ends."""
        self.request.settimeout(FIRST_LINE_SECONDS)
        with contextlib.suppress(OSError):
            start = self.request.recv(CHUNK)
            if not start:
                return
            websocket = start.startswith(WEBSOCKET)
            port = self.server.websocket_port if websocket else self.server.http_port
            with socket.create_connection(("127.0.0.1", port)) as odoo:
                self.request.settimeout(None)
                odoo.sendall(start)
                back = threading.Thread(
                    target=_pass, args=(odoo, self.request), daemon=True
                )
                back.start()
                _pass(self.request, odoo)
                back.join()


class FrontDoor(socketserver.ThreadingTCPServer):
    """Listens on a free loopback port.

    :param http_port: of Odoo's workers
    :param websocket_port: of Odoo's evented process
    :param port: to listen on; any free one when 0
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, http_port: int, websocket_port: int, port: int = 0):
        super().__init__(("127.0.0.1", port), _Connection)
        self.http_port = http_port
        self.websocket_port = websocket_port
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The address for the browser."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()


def _pass(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes in one direction; close the target when the source closes."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
