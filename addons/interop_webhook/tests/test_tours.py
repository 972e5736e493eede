"""In the browser: from nothing to a verified delivery."""

from unittest.mock import patch

from standardwebhooks import Webhook

from odoo.tests import HttpCase, tagged

from ..models.interop_endpoint import InteropEndpoint
from .common import WebhookMixin


@tagged("post_install", "-at_install")
class TestTours(WebhookMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_interop()

    def test_administrator_sends_a_first_verified_test_message(self):
        admin = self._create_user("admin")
        admin.write(dict.fromkeys(("login", "name", "password"), "interop_admin"))
        receiver = self._start_receiver()
        original = InteropEndpoint.get_test_result

        def pumped(endpoint, reference):
            # no job runner in this test: who asks for the result moves the message
            endpoint.env["interop.pump"].sudo()._run_inline()
            return original(endpoint, reference)

        with patch.object(InteropEndpoint, "get_test_result", pumped):
            self.start_tour(
                "/odoo",
                "interop_webhook_first_delivery",
                login="interop_admin",
                cookies={"interop_receiver": receiver.url},
            )
        endpoint = self.env["interop.endpoint"].search([("code", "=", "tour-endpoint")])
        (received,) = receiver.requests
        headers = {name.lower(): value for name, value in received.headers}
        secret = endpoint.secret_ids._get_value()
        body = Webhook(secret).verify(received.body, headers)
        self.assertEqual((body["type"], body["test"]), ("interop.test", True))
