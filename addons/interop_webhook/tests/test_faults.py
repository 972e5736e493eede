"""Faults around a delivery: clocks that jump, endpoints that are to be deleted."""

import os
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base import clock

from ..models import interop_transport_webhook
from . import receiver as hostile
from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestFaults(WebhookCase):
    def _database_now(self):
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        return self.env.cr.fetchone()[0]

    def _jump(self, hours):
        """Let the clock of this Odoo jump; the database's goes on as it did."""
        real = clock.now
        return patch.object(
            clock, "now", side_effect=lambda: real() + timedelta(hours=hours)
        )

    def test_end_of_the_process_closes_its_connections(self):
        """A forked process leaves those of its parent alone."""
        sender = interop_transport_webhook.sender()
        interop_transport_webhook._close_sender(os.getppid())
        self.assertIs(interop_transport_webhook.sender(), sender)
        interop_transport_webhook._close_sender(os.getpid())
        interop_transport_webhook._close_sender(os.getpid())
        self.assertTrue(sender._loop.is_closed())
        self.assertIsNot(interop_transport_webhook.sender(), sender)

    def test_clock_jump_neither_delays_nor_repeats_a_delivery(self):
        for hours in (24, -24):
            with self.subTest(hours=hours):
                receiver = self._start_receiver()
                with self._jump(-48):  # a secret counts from when it was made
                    interface = self._create_flow(receiver)
                with self._jump(hours):
                    message = self._publish(interface)
                    self._run()
                    self._run()
                self.assertEqual(message.state, "done")
                self.assertEqual(len(receiver.requests), 1)

    def test_clock_jump_leaves_retries_and_leases_to_the_database(self):
        receiver = self._start_receiver(503)
        interface = self._create_flow(receiver)
        with self._jump(24):
            message = self._publish(interface)
            self._run()
            self.assertEqual(message.state, "pending")
            wait = message.next_attempt_at - self._database_now()
            self.assertLess(wait, timedelta(hours=1))
            self._run()
        self.assertEqual(len(receiver.requests), 1, "not due yet, whatever our clock")

    def test_circuit_pause_and_rate_go_by_the_databases_clock(self):
        """Case 16: all workers compare with the database's clock."""
        for hours in (24, -24):
            with self.subTest(hours=hours):
                receiver = self._start_receiver(503)
                with self._jump(-48):  # a secret counts from when it was made
                    interface = self._create_flow(
                        receiver, circuit_failures=1, circuit_seconds=60, rate_limit=600
                    )
                self.env.flush_all()
                with self._jump(hours):
                    other = self._create_endpoint(rate_limit=600, secret=False)
                    self._publish(interface)
                    self._run()
                    health = self.env["interop.endpoint.health"].search(
                        [("endpoint_id", "in", (interface.endpoint_id | other).ids)]
                    )
                    tokens_at = health.filtered(
                        lambda row, own=other: row.endpoint_id == own
                    ).tokens_at
                    circuit = health.filtered("circuit_until")
                    self.assertEqual(interface.endpoint_id.health, "open")
                now = self._database_now()
                self.assertLess(abs((tokens_at - now).total_seconds()), 60)
                left = (circuit.circuit_until - now).total_seconds()
                self.assertTrue(30 < left <= 60, left)

    def test_pause_goes_by_the_databases_clock(self):
        """Case 16: what a receiver asks for starts when it asks."""

        def busy(connection, _received):
            hostile.send(connection, 429, headers=[("Retry-After", "50")])
            return True

        receiver = self._start_receiver(busy)
        interface = self._create_flow(receiver)
        with self._jump(24):
            self._publish(interface)
            self._run()
        health = self.env["interop.endpoint.health"].search(
            [("endpoint_id", "=", interface.endpoint_id.id)]
        )
        left = (health.paused_until - self._database_now()).total_seconds()
        self.assertTrue(30 < left <= 50, left)

    def test_endpoint_with_deliveries_pending_cannot_be_deleted(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        message = self._publish(interface)
        with (
            self.assertRaises(IntegrityError),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            interface.endpoint_id.unlink()
        self.env.invalidate_all()
        self.assertEqual(message.state, "pending")
        self._run()
        self.assertEqual(message.state, "done")

    def test_archived_endpoint_keeps_what_waits(self):
        """Case 15: archived before that was refused, it delivers nothing and says so."""
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        message = self._publish(interface)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_endpoint SET active = false WHERE id = %s",
            [interface.endpoint_id.id],
        )
        self.env.invalidate_all()
        self._run()
        self.assertEqual((message.state, receiver.requests), ("pending", []))
        self.assertEqual(message.attempt_count, 0)
        self.assertIn("is archived", message.waiting_reason)
        with self._refused(UserError, "not archived"):
            interface._set_suspended()
            interface._set_active()
        interface.endpoint_id.active = True
        self._run()
        self.assertEqual(message.state, "done")
        self.assertEqual(len(receiver.requests), 1)

    def test_endpoint_in_use_cannot_be_archived(self):
        """Case 15: for people and over RPC alike."""
        interface = self._create_flow(self._start_receiver())
        endpoint = interface.endpoint_id.with_user(self._create_user("admin"))
        for archive in (
            lambda: endpoint.write({"active": False}),
            endpoint.action_archive,
        ):
            with self._refused(ValidationError, "deliver to it"):
                archive()
        interface._set_deprecated()
        interface._set_retired()
        endpoint.action_archive()
        self.assertFalse(endpoint.active)

    def test_reset_after_receipt_repeats_with_the_same_id_and_bytes(self):
        receiver = self._start_receiver(hostile.reset_after_receipt)
        interface = self._create_flow(receiver)
        message = self._publish(interface)
        self._run()
        self.assertEqual((message.state, message.error_class), ("pending", "connect"))
        receiver.answer = 200
        self._make_due(message)
        self._run()
        self.assertEqual(message.state, "done")
        first, *_others, last = receiver.requests
        self.assertEqual(first.body, last.body)
        self.assertEqual(first.header("webhook-id"), last.header("webhook-id"))
