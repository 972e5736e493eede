"""Deliveries to a real receiver: signatures, outcomes, retries, limits."""

import base64
import json
from datetime import timedelta
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from odoo.tests import tagged

from odoo.addons.interop_base import clock

from . import receiver as hostile
from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestDelivery(WebhookCase):
    def _secret_value(self, endpoint, kind="hmac"):
        secret = endpoint.secret_ids.filtered(lambda item: item.kind == kind)
        return secret[:1]._get_value()

    def _verify(self, endpoint, received):
        """Verify with the independent library, as a receiver would."""
        headers = {name.lower(): value for name, value in received.headers}
        return Webhook(self._secret_value(endpoint)).verify(received.body, headers)

    def _signatures(self, received):
        return [part.split(",")[0] for part in received.header("webhook-signature").split()]

    # === SIGNATURES === #

    def test_delivery_is_signed_and_recorded(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        message = self._publish(interface, city="Lund")
        self.assertEqual(message.lane, f"endpoint:{interface.endpoint_id.id}")
        self._run()
        (received,) = receiver.requests
        verified = self._verify(interface.endpoint_id, received)
        self.assertEqual(verified["data"], {"name": "Dr. Ada", "city": "Lund"})
        self.assertEqual(verified["id"], message.external_id)
        self.assertEqual(received.header("webhook-id"), message.external_id)
        self.assertEqual(received.header("content-type"), "application/json")
        self.assertEqual(received.body, message._payload_bytes())
        trace_id = message.traceparent.split("-")[1]
        self.assertEqual(received.header("traceparent").split("-")[1], trace_id)
        self.assertEqual((message.state, message.answer_status), ("done", 200))
        attempt = message.attempt_ids
        self.assertEqual((attempt.outcome, attempt.http_status), ("done", 200))
        self.assertEqual(attempt.excerpt, "ok")

    def test_v1a_is_verified_with_the_public_key(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, signature_version="v1a")
        self._publish(interface)
        self._run()
        (received,) = receiver.requests
        self.assertEqual(self._signatures(received), ["v1a"])
        public = interface.endpoint_id.secret_ids.public_value.removeprefix("whpk_")
        signed = b".".join(
            [
                received.header("webhook-id").encode(),
                received.header("webhook-timestamp").encode(),
                received.body,
            ]
        )
        signature = received.header("webhook-signature").removeprefix("v1a,")
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public))
        key.verify(base64.b64decode(signature), signed)  # raises when it is not ours

    def test_both_versions_are_sent_together(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, signature_version="both")
        self._publish(interface)
        self._run()
        self.assertEqual(sorted(self._signatures(receiver.requests[0])), ["v1", "v1a"])

    def test_rotation_overlaps_and_ends(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        endpoint = interface.endpoint_id
        old = endpoint.secret_ids
        old_value = old._get_value()
        endpoint.action_rotate_secret()
        new_value = (endpoint.secret_ids - old)._get_value()
        self._publish(interface)
        self._run()
        self.assertEqual(self._signatures(receiver.requests[0]), ["v1", "v1"])
        headers = {name.lower(): value for name, value in receiver.requests[0].headers}
        for value in (old_value, new_value):
            Webhook(value).verify(receiver.requests[0].body, headers)
        self.env.cr.execute(
            "UPDATE interop_secret SET valid_from = %s, valid_to = %s WHERE id = %s",
            [clock.now() - timedelta(hours=1), clock.now() - timedelta(seconds=1), old.id],
        )
        old.invalidate_recordset()
        self._publish(interface)
        self._run()
        self.assertEqual(self._signatures(receiver.requests[1]), ["v1"])

    def test_retry_has_the_same_id_and_bytes_and_a_fresh_timestamp(self):
        answers = iter([503, 200])
        receiver = self._start_receiver(
            lambda connection, received: hostile.send(connection, next(answers)) or True
        )
        interface = self._create_flow(receiver)
        message = self._publish(interface)
        with patch.object(clock, "timestamp", return_value=1_700_000_000):
            self._run()
        self.assertEqual((message.state, message.attempt_count), ("pending", 1))
        self.assertGreater(message.next_attempt_at, clock.now())
        self._make_due(message)
        self._run()
        first, second = receiver.requests
        self.assertEqual(first.body, second.body)
        self.assertEqual(first.header("webhook-id"), second.header("webhook-id"))
        self.assertEqual(first.header("webhook-timestamp"), "1700000000")
        self.assertGreater(int(second.header("webhook-timestamp")), 1_700_000_000)
        self.assertEqual(message.state, "done")
        self.assertEqual(message.attempt_ids.mapped("outcome"), ["retry", "done"])
        self.assertEqual(message.attempt_ids.mapped("number"), [1, 2])

    # === OUTCOMES === #

    def _deliver(self, answer, policy=None, **endpoint):
        receiver = self._start_receiver(answer)
        interface = self._create_flow(receiver, **endpoint)
        interface.retry_policy_id = self.env["interop.retry.policy"].create(
            {"name": "Test", "schedule": "0s, 10s", **(policy or {})}
        )
        message = self._publish(interface)
        self._run()
        return message

    def test_statuses(self):
        for status, state, error_class in (
            (204, "done", False),
            (302, "dead", "config"),
            (400, "dead", "config"),
            (401, "dead", "auth"),
            (408, "pending", "timeout"),
            (425, "pending", "throttled"),
            (429, "pending", "throttled"),
            (500, "pending", "http_5xx"),
            (599, "pending", "http_5xx"),
        ):
            with self.subTest(status=status):
                message = self._deliver(status)
                self.assertEqual((message.state, message.error_class), (state, error_class))
                self.assertEqual(message.attempt_ids.http_status, status)

    def test_policy_may_retry_other_refusals(self):
        self.assertEqual(
            self._deliver(400, policy={"retry_other_4xx": True}).state, "pending"
        )

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
        for value, policy, low, high in (
            ("300", {}, 295, 301),
            ("999999", {"max_retry_after": 60}, 55, 61),
            ("-5", {}, 1, 21),
            ("garbage", {}, 1, 21),
            ("1", {}, 1, 21),
        ):
            with self.subTest(value=value):

                def busy(connection, received, own=value):
                    hostile.send(connection, 429, headers=[("Retry-After", own)])
                    return True

                message = self._deliver(busy, policy)
                delay = (message.next_attempt_at - clock.now()).total_seconds()
                self.assertTrue(low <= delay <= high, delay)

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

    def test_refused_connection_is_retried_on_schedule_and_ends_dead_with_an_owner(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        interface.retry_policy_id = self.env["interop.retry.policy"].create(
            {"name": "Short", "schedule": "0s, 10s, 100s", "jitter_percent": 10}
        )
        receiver.close()
        message = self._publish(interface)
        for low, high in ((8, 11), (89, 110)):
            self._run()
            self.assertEqual((message.state, message.error_class), ("pending", "connect"))
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
        self.assertEqual(len({item.header("webhook-id") for item in receiver.requests}), 1)

    # === FAIL CLOSED === #

    def test_without_a_usable_secret_nothing_leaves(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, signature_version="both")
        secret = interface.endpoint_id.secret_ids.filtered(
            lambda item: item.kind == "ed25519_private"
        )
        secret._set_revoked()
        message = self._publish(interface)
        self._run()
        self.assertEqual((message.state, message.error_code), ("dead", "no_secret"))
        self.assertFalse(receiver.connections)
        self.assertFalse(message.attempt_ids.http_status)

    def test_nothing_leaves_while_the_endpoint_is_paused(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        interface.endpoint_id.action_pause()
        message = self._publish(interface)
        self._run()
        self.assertEqual((message.state, message.attempt_count), ("pending", 0))
        self.assertFalse(receiver.connections)
        interface.endpoint_id.action_resume()
        self._run()
        self.assertEqual(message.state, "done")

    def test_a_claim_is_given_back_when_the_endpoint_was_paused_meanwhile(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        message = self._publish(interface)
        pump = self.env["interop.pump"]
        (claim,) = self.env["interop.message"]._set_claimed(
            pump._lanes(interface, 10), interface.ids, 60
        )
        interface.endpoint_id._set_paused("Test")
        deliveries, results = self.env["interop.transport.webhook"]._prepare([claim])
        self.assertFalse(deliveries)
        self.env["interop.message"]._set_results(results)
        self.assertEqual((message.state, message.attempt_count), ("pending", 0))
        self.assertFalse(message.attempt_ids)

    def test_address_is_checked_for_each_connection(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        message = self._publish(interface)
        # what a change of the network list by another transaction looks like
        self.env.cr.execute(
            "UPDATE interop_endpoint SET allowed_networks = NULL WHERE id = %s",
            [interface.endpoint_id.id],
        )
        interface.endpoint_id.invalidate_recordset()
        self._run()
        self.assertEqual((message.state, message.error_class), ("dead", "config"))
        self.assertIn("loopback", message.error_message)
        self.assertFalse(receiver.connections)

    # === FIELDS OF THE ENDPOINT === #

    def test_extra_headers_are_sent(self):
        receiver = self._start_receiver()
        interface = self._create_flow(
            receiver, header_ids=[(0, 0, {"name": "X-Facility", "value": "North"})]
        )
        self._publish(interface)
        self._run()
        self.assertEqual(receiver.requests[0].header("x-facility"), "North")

    def test_concurrency_bounds_connections(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, concurrency=2)
        for _number in range(12):
            self._publish(interface)
        self._run()
        self.assertEqual(len(receiver.requests), 12)
        self.assertLessEqual(receiver.connections, 2)

    def test_timeout_is_that_of_the_endpoint(self):
        message = self._deliver(hostile.silent, total_timeout=1, connect_timeout=1)
        self.assertEqual(message.error_class, "timeout")
        self.assertTrue(900 <= message.attempt_ids.duration_ms <= 2500)

    def test_connect_timeout_is_that_of_the_endpoint(self):
        receiver = self._start_receiver()
        flow = self._create_flow(receiver, connect_timeout=3, total_timeout=7)
        self.assertEqual(flow.endpoint_id._receiver().connect_timeout, 3)

    def test_answer_is_read_up_to_the_limit(self):
        message = self._deliver(hostile.endless, max_response_kb=1)
        self.assertEqual(message.state, "done")
        self.assertEqual(set(message.attempt_ids.excerpt), {"x"})
        self.assertEqual(message.interface_id.endpoint_id._receiver().max_response_bytes, 1024)

    def test_larger_messages_than_allowed_do_not_leave(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, payload_limit_kb=1)
        message = self._publish(interface, city="x" * 1100)
        self._run()
        self.assertEqual((message.state, message.error_code), ("dead", "too_large"))
        self.assertFalse(receiver.connections)

    def test_purged_content_is_not_sent(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        message = self._publish(interface)
        self.env.cr.execute(
            "UPDATE interop_message SET payload_id = NULL WHERE id = %s", [message.id]
        )
        message.invalidate_recordset()
        self._run()
        self.assertEqual((message.state, message.error_code), ("dead", "content_purged"))
        self.assertFalse(receiver.connections)

    def test_interfaces_share_an_endpoint(self):
        receiver = self._start_receiver()
        first = self._create_flow(receiver)
        second = self._create_interface(
            endpoint_id=first.endpoint_id.id, contract_ids=[(6, 0, first.contract_ids.ids)]
        )
        partner = self.env["res.partner"].create(
            {"name": "Dr. Ada", "company_id": self.facility.id}
        )
        self.env["interop.event"]._publish(first.contract_ids.message_type, partner)
        self._commit()
        self._run()
        messages = self._message_of(partner)
        self.assertEqual(messages.interface_id, first | second)
        self.assertEqual(set(messages.mapped("state")), {"done"})
        bodies = [json.loads(item.body) for item in receiver.requests]
        self.assertEqual(len({body["id"] for body in bodies}), 2)

    def test_one_dead_endpoint_leaves_the_others_alone(self):
        hole = self._start_receiver(hostile.silent)
        healthy = self._start_receiver()
        slow = self._create_flow(hole, total_timeout=1, connect_timeout=1, concurrency=1)
        quick = self._create_flow(healthy)
        stuck = self._publish(slow)
        fine = self._publish(quick)
        self._run()
        self.assertEqual((stuck.state, fine.state), ("pending", "done"))
