"""Deliveries to a real receiver: signatures, outcomes, retries, limits."""

import base64
import json
import time
from datetime import timedelta
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from odoo.tests import tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.models.log.message_leases import MessageLeases

from ..models.endpoint_connection import EndpointConnection
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
        return [
            part.split(",")[0] for part in received.header("webhook-signature").split()
        ]

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
        self.assertAlmostEqual(
            old.valid_to, clock.now() + timedelta(hours=24), delta=timedelta(minutes=1)
        )
        new_value = (endpoint.secret_ids - old)._get_value()
        self._publish(interface)
        self._run()
        self.assertEqual(self._signatures(receiver.requests[0]), ["v1", "v1"])
        headers = {name.lower(): value for name, value in receiver.requests[0].headers}
        for value in (old_value, new_value):
            Webhook(value).verify(receiver.requests[0].body, headers)
        self.env.cr.execute(
            "UPDATE interop_secret SET valid_from = %s, valid_to = %s WHERE id = %s",
            [
                clock.now() - timedelta(hours=1),
                clock.now() - timedelta(seconds=1),
                old.id,
            ],
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
        (claim,) = MessageLeases(self.env).claim(
            pump._lanes(interface, 10), interface.ids, 60
        )
        interface.endpoint_id._set_paused("Test")
        deliveries, results = self.env["interop.transport.webhook"]._prepare([claim])
        self.assertFalse(deliveries)
        MessageLeases(self.env).record(results)
        self.assertEqual((message.state, message.attempt_count), ("pending", 0))
        self.assertFalse(message.attempt_ids)

    def _queries(self, count):
        """Return how many queries a batch for this many endpoints takes."""
        receiver = self._start_receiver()
        flows = self.env["interop.interface"].browse()
        for _number in range(count):
            flows |= self._create_flow(receiver)
        messages = [self._publish(flow) for flow in flows]
        pump, transport = (
            self.env["interop.pump"],
            self.env["interop.transport.webhook"],
        )
        claims = MessageLeases(self.env).claim(pump._lanes(flows, 100), flows.ids, 60)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        deliveries, _results = transport._prepare(claims)
        self.assertEqual(len(deliveries), len(messages))
        results = list(transport._exchange(deliveries, time.monotonic() + 10))
        by_id = {claim.message_id: claim for claim in claims}
        transport._note_results([(item, by_id[item.message_id]) for item in results])
        return self.env.cr.sql_log_count - before

    def test_what_endpoints_are_like_is_read_of_all_at_once(self):
        """One batch for fifty endpoints: not fifty times the queries of one."""
        few, many = self._queries(2), self._queries(6)
        self.assertLessEqual(many - few, 2 * 4, "a search of the credentials of each")

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
        self.assertEqual(
            EndpointConnection(flow.endpoint_id).receiver().connect_timeout, 3
        )

    def test_answer_is_read_up_to_the_limit(self):
        message = self._deliver(hostile.endless, max_response_kb=1)
        self.assertEqual(message.state, "done")
        self.assertEqual(set(message.attempt_ids.excerpt), {"x"})
        self.assertEqual(
            EndpointConnection(message.interface_id.endpoint_id)
            .receiver()
            .max_response_bytes,
            1024,
        )

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
        self.assertEqual(
            (message.state, message.error_code), ("dead", "content_purged")
        )
        self.assertFalse(receiver.connections)

    def test_interfaces_share_an_endpoint(self):
        receiver = self._start_receiver()
        first = self._create_flow(receiver)
        second = self._create_interface(
            endpoint_id=first.endpoint_id.id,
            contract_ids=[(6, 0, first.contract_ids.ids)],
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

    def test_subscriptions_filter_by_domain_and_facility(self):
        receiver = self._start_receiver()
        endpoint = self._create_endpoint(url=receiver.url)
        endpoint.system_id.company_ids |= self.other_facility
        interface = self._create_interface(
            endpoint_id=endpoint.id, filter_domain="[('city', '=', 'Lund')]"
        )
        partners = self.env["res.partner"].create(
            [
                {"name": name, "city": city, "company_id": facility.id}
                for name, city, facility in (
                    ("Wanted", "Lund", self.facility),
                    ("Elsewhere", "Oslo", self.facility),
                    ("Other facility", "Lund", self.other_facility),
                )
            ]
        )
        message_type = interface.contract_ids.message_type
        self.env["interop.event"]._publish(message_type, partners)
        self._commit()
        self._run()
        names = [json.loads(item.body)["data"]["name"] for item in receiver.requests]
        self.assertEqual(names, ["Wanted"])
        self.assertFalse(self._message_of(partners[1]) | self._message_of(partners[2]))

    def test_one_dead_endpoint_leaves_the_others_alone(self):
        hole = self._start_receiver(hostile.silent)
        healthy = self._start_receiver()
        slow = self._create_flow(
            hole, total_timeout=1, connect_timeout=1, concurrency=1
        )
        quick = self._create_flow(healthy)
        stuck = self._publish(slow)
        fine = self._publish(quick)
        self._run()
        self.assertEqual((stuck.state, fine.state), ("pending", "done"))
