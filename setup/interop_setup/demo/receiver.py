"""The receiver: the clearing house that receives the invoices of the hospital.

The program runs outside Odoo. It verifies every webhook with the published
``standardwebhooks`` library, writes one line per webhook to a file, and answers. It reads
its orders as one JSON object from standard input::

    {"port": 8080, "secret": "whsec_…", "log": "/…/received.jsonl", "lose_answers": 1}

``lose_answers`` is the number of deliveries that are written to the file and answered 503,
like a receiver that fails after processing. The sender has to retry them.
"""

import hashlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

MAX_BODY = 1 << 20
READY = "listening"


class Desk:
    """The shared state of the handler threads: key, file and answers to lose."""

    def __init__(self, orders: dict):
        self.webhook = Webhook(orders["secret"])
        self.path = orders["log"]
        self.lose = orders["lose_answers"]
        self.lock = threading.Lock()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Verify one delivery, write it to the file, and return the HTTP status."""
        try:
            message = self.webhook.verify(body, headers)
            line = {
                "verified": True,
                "id": headers["webhook-id"],
                "envelope_id": message["id"],
                "type": message["type"],
                "sequence": message["sequence"],
                "document": message["data"].get("number", ""),
                "total": message["data"].get("total", ""),
                "partner": message["data"].get("partner", {}),
            }
        except (WebhookVerificationError, ValueError, KeyError) as error:
            line = {"verified": False, "reason": repr(error)}
        line["sha256"] = hashlib.sha256(body).hexdigest()
        with self.lock:
            line["status"] = self._status(line["verified"])
            with open(self.path, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        return line["status"]

    def _status(self, verified: bool) -> int:
        """Return the HTTP status of the answer."""
        if not verified:
            return 401
        if self.lose:
            self.lose -= 1
            return 503
        return 204


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    desk: Desk

    def do_POST(self) -> None:
        """Take one delivery."""
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= MAX_BODY:
            self.send_error(413)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.desk.take(headers, self.rfile.read(length))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Print nothing, because the file has all deliveries."""


def main() -> None:
    """Receive until ended."""
    orders = json.load(sys.stdin)
    Handler.desk = Desk(orders)
    server = ThreadingHTTPServer(("127.0.0.1", orders["port"]), Handler)
    server.daemon_threads = True
    print(READY, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
