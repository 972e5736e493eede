"""Every setting is read by code and changes behavior."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..models.endpoint_connection import EndpointConnection
from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestSettings(WebhookCase):
    def _set(self, **values):
        self.env["res.config.settings"].create(
            {f"interop_webhook_{name}": value for name, value in values.items()}
        ).execute()

    def test_defaults_of_new_endpoints(self):
        self._set(connect_timeout=2, total_timeout=9, max_response_kb=5)
        endpoint = self._create_endpoint()
        receiver = EndpointConnection(endpoint).receiver()
        self.assertEqual(receiver.connect_timeout, 2)
        self.assertEqual(receiver.total_timeout, 9)
        self.assertEqual(receiver.max_response_bytes, 5 * 1024)

    def test_allowed_ports_hold_for_new_and_existing_endpoints(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        self._set(allowed_ports="443")
        with self.assertRaises(ValidationError):
            self._create_endpoint(url="https://198.41.0.4:8443/")
        message = self._publish(interface)
        self._run()
        self.assertEqual((message.state, message.error_class), ("dead", "config"))
        self.assertFalse(receiver.connections)
        self._set(allowed_ports=f"443, {receiver.port}")
        message.action_retry()
        self._run()
        self.assertEqual(message.state, "done")

    def test_values_that_are_refused(self):
        for values in (
            {"allowed_ports": "everything"},
            {"allowed_ports": "0"},
            {"connect_timeout": -1},
            {"connect_timeout": 30, "total_timeout": 20},
            {"total_timeout": 61},
            {"max_response_kb": 0},
        ):
            with self.subTest(**values), self.assertRaises(ValidationError):
                self._set(**values)
