"""CloudEvents 1.0: attributes, content types, and bytes that stay what they were."""

import json
from urllib.parse import unquote

from standardwebhooks import Webhook

from odoo.tests import tagged

from . import receiver as hostile
from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestCloudevents(WebhookCase):
    def _received(self, **endpoint):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, **endpoint)
        message = self._publish(interface, city="Lund")
        self._run()
        self.assertEqual(message.state, "done", message.error_message)
        (received,) = receiver.requests
        headers = {name.lower(): value for name, value in received.headers}
        secret = interface.endpoint_id.secret_ids._get_value()
        Webhook(secret).verify(received.body, headers)
        self.assertEqual(received.body, message._payload_bytes())
        return message, headers, json.loads(received.body)

    def test_none_sends_the_envelope(self):
        _message, headers, body = self._received()
        self.assertEqual(headers["content-type"], "application/json")
        self.assertFalse([name for name in headers if name.startswith("ce-")])
        self.assertNotIn("specversion", body)

    def test_binary_adds_headers(self):
        self.env["ir.config_parameter"].set_param("interop_base.source", "Mercy & Søn")
        message, headers, body = self._received(cloudevents="binary")
        self.assertEqual(headers["content-type"], "application/json")
        self.assertEqual(headers["ce-specversion"], "1.0")
        self.assertEqual(headers["ce-id"], message.external_id)
        self.assertEqual(headers["ce-type"], message.contract_id.message_type)
        # the binding encodes a header value once more
        self.assertEqual(unquote(headers["ce-source"]), "Mercy%20&%20S%C3%B8n")
        self.assertEqual(headers["ce-time"], body["occurred_at"])
        self.assertEqual(headers["ce-sequence"], str(message.sequence))
        self.assertEqual(body["data"]["city"], "Lund")

    def test_structured_wraps_the_envelope(self):
        message, headers, body = self._received(cloudevents="structured")
        self.assertEqual(headers["content-type"], "application/cloudevents+json")
        self.assertFalse([name for name in headers if name.startswith("ce-")])
        self.assertEqual(body["specversion"], "1.0")
        self.assertEqual(body["id"], message.external_id)
        self.assertEqual(body["data"]["data"]["city"], "Lund")
        self.assertEqual(message.size, len(message._payload_bytes()))

    def test_what_is_frozen_stays_so_when_the_endpoint_changes(self):
        answers = iter([503, 200])
        receiver = self._start_receiver(
            lambda connection, received: hostile.send(connection, next(answers)) or True
        )
        interface = self._create_flow(receiver, cloudevents="structured")
        message = self._publish(interface)
        self._run()
        interface.endpoint_id.cloudevents = "binary"
        self._make_due(message)
        self._run()
        first, second = receiver.requests
        self.assertEqual(first.body, second.body)
        self.assertEqual(second.header("content-type"), "application/cloudevents+json")
        self.assertIsNone(second.header("ce-id"))

    def test_test_messages_say_so_in_every_form(self):
        for form, read in (
            ("none", lambda item: json.loads(item.body)["test"]),
            ("binary", lambda item: item.header("ce-testmessage") == "true"),
            ("structured", lambda item: json.loads(item.body)["testmessage"]),
        ):
            with self.subTest(form=form):
                receiver = self._start_receiver()
                interface = self._create_flow(receiver, cloudevents=form)
                interface.endpoint_id.action_send_test()
                self._run()
                self.assertTrue(read(receiver.requests[0]))

    def test_wrong_content_fails_alone(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, cloudevents="binary")
        bad, good = self._publish(interface), self._publish(interface)
        (payload_id,) = self.env["interop.payload"]._store_many(
            [(self.facility.id, "none", b"[]")]
        )
        self.env.cr.execute(
            "UPDATE interop_message SET payload_id = %s WHERE id = %s",
            [payload_id, bad.id],
        )
        self.env.invalidate_all()
        self._run()
        self.assertEqual((bad.state, bad.error_code), ("dead", "wrong_content"))
        self.assertEqual(good.state, "done")
