"""Replays by endpoint, delivered again to a real receiver."""

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestReplay(WebhookCase):
    def _sent(self, interface):
        """Publish a message, deliver it and return it."""
        message = self._publish(interface)
        self._run()
        self.assertEqual(message.state, "done")
        return message

    def test_endpoint_gets_its_messages_again_with_id_and_bytes(self):
        receivers = self._start_receiver(), self._start_receiver()
        interfaces = [self._create_flow(receiver) for receiver in receivers]
        mine, other = [self._sent(interface) for interface in interfaces]
        endpoint = interfaces[0].endpoint_id
        operator = self._create_user("operator")
        with Form(self.env["interop.replay"].with_user(operator)) as form:
            form.reason = "The receiver lost its data"
            form.endpoint_ids.add(endpoint)
            self.assertEqual(form.matching_count, 1)
        replay = form.record
        replay.action_start()
        with self._refused(UserError, "was started"):
            replay.endpoint_ids = [(5,)]
        replay.sudo()._run_batch()
        self.assertEqual((mine.state, other.state), ("pending", "done"))
        self._run()
        first, again = receivers[0].requests
        self.assertEqual(first.header("webhook-id"), again.header("webhook-id"))
        self.assertEqual(first.body, again.body)
        self.assertEqual(len(receivers[1].requests), 1)

    def test_endpoint_and_interface_narrow_each_other(self):
        receiver = self._start_receiver()
        endpoint = self._create_endpoint(url=receiver.url)
        one, two = [
            self._create_interface(endpoint_id=endpoint.id) for _number in range(2)
        ]
        self._sent(one)
        self._sent(two)
        values = {
            "reason": "x",
            "company_id": self.facility.id,
            "endpoint_ids": [(6, 0, endpoint.ids)],
        }
        replay = self.env["interop.replay"].create(values)
        self.assertEqual(replay.matching_count, 2)
        replay.interface_ids = two
        self.assertEqual(replay.matching_count, 1)
        replay.endpoint_ids = self._create_endpoint()
        self.assertEqual(replay.matching_count, 0)
