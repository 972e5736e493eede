"""What becomes of a message by what the receiver does."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from odoo.tests import tagged

from odoo.addons.interop_base import clock

from . import receiver as hostile
from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestOutcome(WebhookCase):
    def test_statuses(self):
        for status, state, error_class in (
            (204, "done", False),
            (302, "dead", "config"),
            (400, "dead", "config"),
            (401, "pending", "auth"),
            (403, "pending", "auth"),
            (408, "pending", "timeout"),
            (425, "pending", "throttled"),
            (429, "pending", "throttled"),
            (500, "pending", "http_5xx"),
            (599, "pending", "http_5xx"),
        ):
            with self.subTest(status=status):
                message = self._deliver(status)
                self.assertEqual(
                    (message.state, message.error_class), (state, error_class)
                )
                self.assertEqual(message.attempt_ids.http_status, status)

    def test_policy_may_retry_other_refusals(self):
        self.assertEqual(
            self._deliver(400, policy={"retry_other_4xx": True}).state, "pending"
        )

    def test_refused_credentials_have_a_short_schedule(self):
        """S10: a clock that jumped or a rotation does not make messages dead at once."""
        message = self._deliver(401, policy={"auth_schedule": "0s, 40s, 70s"})
        for tries, low, high in ((1, 30, 50), (2, 50, 90)):
            self.assertEqual(
                (message.state, message.attempt_count, message.error_class),
                ("pending", tries, "auth"),
            )
            wait = message.next_attempt_at - clock.database_now(self.env.cr)
            self.assertTrue(low < wait.total_seconds() < high, wait)
            self._make_due(message)
            self._run()
        self.assertEqual((message.state, message.attempt_count), ("dead", 3))
        message.action_retry()
        self._make_due(message)
        self._run()
        self.assertEqual(message.state, "pending", "a person gives it all tries again")

    def test_refused_credentials_count_in_a_row_only(self):
        """S10: an outage before the refusal does not spend its schedule."""
        receiver = self._start_receiver(503)
        interface = self._create_flow(receiver)
        interface.retry_policy_id = self.env["interop.retry.policy"].create(
            {"name": "P", "schedule": "0s, 1s, 1s, 1s", "auth_schedule": "0s, 1s"}
        )
        message = self._publish(interface)
        for answer, state in (
            (503, "pending"),
            (503, "pending"),
            (401, "pending"),
            (403, "dead"),
        ):
            receiver.answer = answer
            self._make_due(message)
            self._run()
            self.assertEqual(message.state, state, message.attempt_count)

    def test_refused_credentials_without_a_schedule_fail_at_once(self):
        """S10: the policy decides."""
        self.assertEqual(
            self._deliver(401, policy={"auth_schedule": False}).state, "dead"
        )
        message = self._deliver(
            401, policy={"auth_schedule": False, "retry_other_4xx": True}
        )
        self.assertEqual(message.state, "pending")

    def test_faults_of_the_network_are_retried(self):
        for answer, error_class in (
            (hostile.reset_after_receipt, "connect"),
            (hostile.slow_drip, "timeout"),
            (hostile.garbage, "connect"),
        ):
            with self.subTest(answer=answer.__name__):
                message = self._deliver(answer, total_timeout=1, connect_timeout=1)
                self.assertEqual(
                    (message.state, message.error_class), ("pending", error_class)
                )
                self.assertFalse(message.attempt_ids.http_status)

    def test_redirect_is_not_followed(self):
        inner = self._start_receiver()
        message = self._deliver(hostile.redirect(inner.url))
        self.assertEqual(message.state, "dead")
        self.assertFalse(inner.requests)

    def test_retry_after_is_honored_and_clamped(self):
        def date(**offset):
            return lambda: format_datetime(
                datetime.now(UTC) + timedelta(**offset), usegmt=True
            )

        for value, policy, low, high in (
            ("300", {}, 295, 301),
            ("999999", {"max_retry_after": 60}, 55, 61),
            ("-5", {}, 1, 21),
            ("garbage", {}, 1, 21),
            ("1", {}, 1, 21),
            (date(hours=1), {}, 3590, 3601),
            (date(hours=-23), {}, 1, 21),
        ):
            with self.subTest(value=value):

                def busy(connection, received, own=value):
                    answer = own() if callable(own) else own
                    hostile.send(connection, 429, headers=[("Retry-After", answer)])
                    return True

                start = clock.now()  # the try is between this and the end
                due = self._deliver(busy, policy).next_attempt_at
                self.assertGreaterEqual((due - start).total_seconds(), low)
                self.assertLessEqual((due - clock.now()).total_seconds(), high)

    def test_gone_disables_the_endpoint_and_tells_its_owner(self):
        receiver = self._start_receiver(410)
        interface = self._create_flow(receiver)
        endpoint = interface.endpoint_id
        messages = self._publish(interface) | self._publish(interface)
        self._run()
        self.assertEqual(endpoint.state, "disabled")
        self.assertIn("410", endpoint.state_reason)
        self.assertEqual(endpoint.activity_ids.user_id, endpoint.system_id.owner_id)
        self.assertEqual(set(messages.mapped("state")), {"dead"})
        later = self._publish(interface)
        self._run()
        self.assertEqual((later.state, later.attempt_count), ("pending", 0))
        endpoint._set_active()
        receiver.answer = 200
        self._run()
        self.assertEqual(later.state, "done")

    def test_refused_connection_is_retried_on_schedule_and_ends_dead_with_an_owner(
        self,
    ):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        interface.retry_policy_id = self.env["interop.retry.policy"].create(
            {"name": "Short", "schedule": "0s, 10s, 100s", "jitter_percent": 10}
        )
        receiver.close()
        message = self._publish(interface)
        for low, high in ((8, 11), (89, 110)):
            self._run()
            self.assertEqual(
                (message.state, message.error_class), ("pending", "connect")
            )
            delay = (message.next_attempt_at - clock.now()).total_seconds()
            self.assertTrue(low <= delay <= high, delay)
            self._run()  # not due: nothing happens
            self._make_due(message)
        self._run()
        self.assertEqual((message.state, message.error_class), ("dead", "connect"))
        self.assertEqual(message.owner_user_id, interface.system_id.owner_id)
        self.assertEqual(len(message.attempt_ids), 3)
        self.assertTrue(message.cause and message.error_message)
        self._run()
        self.assertEqual(len(message.attempt_ids), 3)

    def test_dead_message_is_retried_by_its_button(self):
        receiver = self._start_receiver(400)
        interface = self._create_flow(receiver)
        message = self._publish(interface)
        self._run()
        self.assertEqual(message.state, "dead")
        receiver.answer = 200
        message.action_retry()
        self._run()
        self.assertEqual(message.state, "done")
        self.assertEqual(
            len({item.header("webhook-id") for item in receiver.requests}), 1
        )
