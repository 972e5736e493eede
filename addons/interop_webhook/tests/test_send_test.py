"""The button Send Test: a real message, before anything real may move."""

import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestSendTest(WebhookCase):
    def _draft_flow(self, answer=200, **endpoint):
        receiver = self._start_receiver(answer)
        endpoint = self._create_endpoint(url=receiver.url, **endpoint)
        interface = self._create_interface(endpoint_id=endpoint.id, activate=False)
        return receiver, endpoint, interface

    def _result(self, endpoint, action):
        params = action["params"]
        self.assertEqual(params["endpoint_id"], endpoint.id)
        return endpoint.get_test_result(params["reference"])

    def test_test_message_leaves_before_the_interface_is_active(self):
        receiver, endpoint, interface = self._draft_flow()
        action = endpoint.action_send_test()
        result = self._result(endpoint, action)
        self.assertFalse(result["finished"])
        self._run()
        result = self._result(endpoint, action)
        self.assertTrue(result["finished"] and result["success"])
        self.assertIn("200", result["text"])
        message = self.env["interop.message"].browse(result["message_id"])
        self.assertTrue(message.test)
        self.assertEqual(message.interface_id, interface)
        body = json.loads(receiver.requests[0].body)
        self.assertEqual(body["type"], "interop.test")
        self.assertTrue(body["test"])
        self.assertEqual(body["data"]["endpoint"], endpoint.code)

    def test_nothing_else_leaves_with_it(self):
        receiver, endpoint, interface = self._draft_flow()
        self._activate(interface)
        real = self._publish(interface)
        interface._set_suspended()
        # another interface of the same endpoint is active, so its lane is open
        active = self._create_interface(endpoint_id=endpoint.id)
        endpoint._send_test(interface)
        self._run()
        types = [json.loads(item.body)["type"] for item in receiver.requests]
        self.assertEqual(types, ["interop.test"])
        self.assertEqual((real.state, real.attempt_count), ("pending", 0))
        self.assertTrue(active._moves())

    def test_failed_test_is_tried_once(self):
        receiver, endpoint, _interface = self._draft_flow(500)
        action = endpoint.action_send_test()
        self._run()
        result = self._result(endpoint, action)
        self.assertTrue(result["finished"])
        self.assertFalse(result["success"])
        self.assertIn("500", result["text"])
        self._run()
        self.assertEqual(len(receiver.requests), 1)

    def test_interface_has_the_button_too(self):
        _receiver, endpoint, interface = self._draft_flow()
        action = interface.action_send_test()
        self._run()
        self.assertTrue(self._result(endpoint, action)["success"])

    def test_what_is_missing_is_said_at_once(self):
        _receiver, endpoint, interface = self._draft_flow(secret=False)
        with self.assertRaisesRegex(UserError, "secret"):
            endpoint.action_send_test()
        endpoint.action_rotate_secret()
        endpoint._set_paused("Test")
        with self.assertRaisesRegex(UserError, "paused"):
            endpoint.action_send_test()
        endpoint._set_active()
        interface.system_id.environment = "production"
        with self.assertRaisesRegex(UserError, "production"):
            endpoint.action_send_test()
        lonely = self._create_endpoint()
        with self.assertRaisesRegex(UserError, "interface"):
            lonely.action_send_test()
        interface.endpoint_id = False
        with self.assertRaisesRegex(UserError, "endpoint"):
            interface.action_send_test()

    def test_stop_holds_a_test_back(self):
        receiver, endpoint, interface = self._draft_flow()
        endpoint.action_send_test()
        interface.system_id._set_stopped("Test")
        self._run()
        self.assertFalse(receiver.connections)
        interface.system_id._set_resumed()
        self._run()
        self.assertEqual(len(receiver.requests), 1)

    def test_users_may_not_send_tests(self):
        _receiver, endpoint, _interface = self._draft_flow()
        with self.assertRaises(AccessError):
            endpoint.with_user(self._create_user("user")).action_send_test()
        self.assertTrue(
            endpoint.with_user(self._create_user("operator")).action_send_test()
        )
