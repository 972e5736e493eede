"""A typical integration: one job per delivery, sent with requests."""

import base64
import hashlib
import hmac
import time

import requests

from odoo import models

KEY = b"k" * 32
TIMEOUT = 30


class BenchYardstick(models.AbstractModel):
    """Sends each delivery in a job."""

    _name = "bench.yardstick"
    _description = "A Job per Delivery"

    def _deliver(self, url, number, body):
        """Sign ``body`` like the delivery engine and POST it."""
        message_id, now = f"msg_{number:026d}", str(int(time.time()))
        signed = f"{message_id}.{now}.{body}".encode()
        digest = hmac.new(KEY, signed, hashlib.sha256).digest()
        answer = requests.post(
            url,
            data=body.encode(),
            headers={
                "Content-Type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": now,
                "webhook-signature": "v1," + base64.b64encode(digest).decode(),
            },
            timeout=TIMEOUT,
        )
        answer.raise_for_status()
