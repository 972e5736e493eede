"""What most integrations do with a webhook: check an HMAC, read, create one record."""

import base64
import hashlib
import hmac
import json

from odoo.http import Controller, request, route

KEY = b"k" * 32


class BenchYardstick(Controller):
    """One route, as short as it can be."""

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
        """Take one message."""
        http = request.httprequest
        body = http.get_data()
        message_id = http.headers.get("webhook-id", "")
        signed = f"{message_id}.{http.headers.get('webhook-timestamp', '')}.".encode()
        digest = hmac.new(KEY, signed + body, hashlib.sha256).digest()
        expected = "v1," + base64.b64encode(digest).decode()
        if not hmac.compare_digest(expected, http.headers.get("webhook-signature", "")):
            return request.make_json_response({"error": "signature"}, status=401)
        data = json.loads(body)
        # sudo: nobody is signed in, the signature is the proof
        request.env["bench.row"].sudo().create(
            {"message_id": message_id, "name": data["type"], "body": body.decode()}
        )
        return request.make_json_response({"ok": True})
