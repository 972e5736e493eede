"""A typical webhook controller: verify an HMAC, parse the JSON, create one record."""

import base64
import hashlib
import hmac
import json

from odoo.http import Controller, request, route

KEY = b"k" * 32


class BenchYardstick(Controller):
    """One minimal route."""

    @route(
        "/bench/yardstick",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
    )
    def receive(self):
        """Receive one message."""
        http = request.httprequest
        body = http.get_data()
        message_id = http.headers.get("webhook-id", "")
        signed = f"{message_id}.{http.headers.get('webhook-timestamp', '')}.".encode()
        digest = hmac.new(KEY, signed + body, hashlib.sha256).digest()
        expected = "v1," + base64.b64encode(digest).decode()
        if not hmac.compare_digest(expected, http.headers.get("webhook-signature", "")):
            return request.make_json_response({"error": "signature"}, status=401)
        data = json.loads(body)
        # sudo: the request has no user; its signature was verified
        request.env["bench.row"].sudo().create(
            {"message_id": message_id, "name": data["type"], "body": body.decode()}
        )
        return request.make_json_response({"ok": True})
