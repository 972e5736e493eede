"""A sender that shares no code with the addons, and calls of tests into Odoo."""

import json
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import inside
from standardwebhooks import Webhook

NPI = "http://hl7.org/fhir/sid/us-npi"
CANARY = "Canary-7Q2Z"


def in_odoo(server, function, module="inbound_world", **values):
    """Call a function of ``inbound_world`` (or ``module``) inside Odoo."""
    return inside.in_odoo(server, function, module, **values)


def ask(url, body=None, headers=None):
    """Send one request; return status, JSON body and headers."""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response), response.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def check_no_leak(server):
    """Check that no log of Odoo or PostgreSQL contains content (promise 8)."""
    assert CANARY not in server.log_text()
    assert CANARY not in server.cluster.log.read_text("utf-8", "replace")


class Sender:
    """Signs providers and posts them."""

    def __init__(self, server, client, secret):
        self.url = f"{server.url}/interop/v1/messages"
        self.client = client
        self.webhook = Webhook(secret)

    def provider(self, message_id=None, npi="1234567893"):
        """Return the bytes of a message about a provider, by default a new message."""
        message_id = message_id or f"msg_{uuid.uuid4().hex}"
        message = {
            "id": message_id,
            "type": "provider.upserted",
            "schema_version": 1,
            "source": "urn:test",
            "occurred_at": "2026-01-31T08:30:00Z",
            "data": {
                "identifiers": [{"system": NPI, "value": npi}],
                "name": {"text": CANARY},
                "telecom": [{"system": "email", "value": "canary-7q2z@example.com"}],
            },
        }
        return message_id, json.dumps(message)

    def headers(self, message):
        """Return the headers of a message that is signed now."""
        message_id, body = message
        now = datetime.now(UTC)
        return {
            "Content-Type": "application/json",
            "Interop-Client": self.client,
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.webhook.sign(message_id, now, body),
        }

    def post(self, message):
        """Sign a message now and send it."""
        return ask(self.url, message[1].encode(), self.headers(message))

    def post_batch(self, messages):
        """Send messages under one signature; return the results in order."""
        body = f"[{','.join(body for _message_id, body in messages)}]"
        batch = f"batch_{uuid.uuid4().hex}"
        now = datetime.now(UTC)
        return ask(
            f"{self.url}:batch",
            body.encode(),
            {
                "Content-Type": "application/json",
                "Interop-Client": self.client,
                "webhook-id": batch,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": self.webhook.sign(batch, now, body),
            },
        )

    def post_all(self, messages, threads=12):
        """Send many messages at once; return the answers in order."""
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self.post, messages))
