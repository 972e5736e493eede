"""What a site writes for OCA's EDI framework: content, and a signed POST with requests."""

import base64
import hashlib
import hmac
import time

import requests

from odoo import models

KEY = b"k" * 32
TIMEOUT = 30


class BenchEdiHandler(models.AbstractModel):
    """Generates and sends the output of one exchange record."""

    _name = "bench.edi.handler"
    _inherit = ["edi.oca.handler.generate", "edi.oca.handler.send"]
    _description = "Signed Delivery of an Exchange Record"

    def generate(self, exchange_record):
        """Return a body of about the size of our envelopes."""
        return '{"data": {"name": "Bench 1"}, "padding": "%s"}' % ("x" * 400)

    def send(self, exchange_record):
        """Sign the body as our engine does and POST it."""
        # sudo: system parameter
        url = self.env["ir.config_parameter"].sudo().get_param("bench_edi.url")
        body = base64.b64decode(exchange_record.exchange_file)
        message_id, now = f"msg_{exchange_record.id:026d}", str(int(time.time()))
        signed = f"{message_id}.{now}.".encode() + body
        digest = hmac.new(KEY, signed, hashlib.sha256).digest()
        answer = requests.post(
            url,
            data=body,
            headers={
                "Content-Type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": now,
                "webhook-signature": "v1," + base64.b64encode(digest).decode(),
            },
            timeout=TIMEOUT,
        )
        answer.raise_for_status()
        return f"{answer.status_code}"
