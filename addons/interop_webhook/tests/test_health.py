"""Circuit, pause, rate, suspension, and what the form says about an endpoint."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.interop_base import clock, const

from . import receiver as hostile
from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestHealth(WebhookCase):
    def _health(self, endpoint):
        row = self.env["interop.endpoint.health"].search(
            [("endpoint_id", "=", endpoint.id)]
        )
        row.invalidate_recordset()
        endpoint.invalidate_recordset()
        return row

    def _pass_time(self, endpoint, **values):
        """Let the waits of an endpoint be over, or set columns of its row."""
        values = values or {
            "circuit_until": clock.now() - timedelta(seconds=1),
            "paused_until": None,
        }
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_endpoint_health SET "
            + ", ".join(f"{name} = %s" for name in values)
            + " WHERE endpoint_id = %s",
            [*values.values(), endpoint.id],
        )
        return self._health(endpoint)

    def _open(self, receiver, failures=3, **endpoint):
        """Return a flow whose circuit just opened, and its waiting messages."""
        interface = self._create_flow(
            receiver, circuit_failures=failures, circuit_seconds=60, **endpoint
        )
        messages = self.env["interop.message"].union(
            *[self._publish(interface) for _number in range(failures)]
        )
        self._run()
        self.assertEqual(self._health(interface.endpoint_id).circuit, "open")
        self._make_due(messages)
        return interface, messages

    # === CIRCUIT === #

    def test_open_circuit_sends_nothing_and_spends_no_retry(self):
        receiver = self._start_receiver(503)
        interface, messages = self._open(receiver)
        self.assertEqual(len(receiver.requests), 3)
        self._run()
        self.assertEqual(len(receiver.requests), 3)
        self.assertEqual(set(messages.mapped("attempt_count")), {1})
        endpoint = interface.endpoint_id
        self.assertEqual(endpoint.health, "open")
        self.assertTrue(endpoint.held_until > clock.now())
        due = self.env["interop.pump"].sudo()._next_due()
        self.assertEqual(due, self._health(endpoint).circuit_until)

    def test_exactly_one_message_probes(self):
        receiver = self._start_receiver(503)
        interface, messages = self._open(receiver)
        messages |= self._publish(interface)
        self._pass_time(interface.endpoint_id)
        self._run()
        self.assertEqual(len(receiver.requests), 4)
        row = self._health(interface.endpoint_id)
        self.assertEqual((row.circuit, row.opened), ("open", 2))
        wait = (row.circuit_until - clock.now()).total_seconds()
        self.assertTrue(110 < wait <= 120, wait)

    def test_probe_is_one_across_workers(self):
        interface, _messages = self._open(self._start_receiver(503))
        self._pass_time(interface.endpoint_id)
        pump = self.env["interop.pump"].sudo()
        lanes = pump._lanes(interface, 100)
        self.assertEqual(len(pump._claim(lanes, interface.ids, 120)), 1)
        self.assertEqual(self._health(interface.endpoint_id).circuit, "half_open")
        self.assertFalse(pump._claim(lanes, interface.ids, 120))
        # a probe whose worker died is given up on with its lease
        self._pass_time(interface.endpoint_id)
        self.assertEqual(len(pump._claim(lanes, interface.ids, 120)), 1)

    def test_probe_that_gets_through_closes_the_circuit(self):
        receiver = self._start_receiver(503)
        interface, messages = self._open(receiver)
        receiver.answer = 200
        self._pass_time(interface.endpoint_id)
        self._run()
        self.assertEqual(set(messages.mapped("state")), {"done"})
        row = self._health(interface.endpoint_id)
        self.assertEqual((row.circuit, row.failures), ("closed", 0))
        self.assertEqual(interface.endpoint_id.health, "unsteady", "most tries failed")

    def test_button_and_successful_test_message_close_the_circuit(self):
        receiver = self._start_receiver(503)
        interface, messages = self._open(receiver)
        endpoint = interface.endpoint_id
        endpoint.action_send_test()
        self._run()  # a failed test says nothing new
        self.assertEqual(self._health(endpoint).failures, 3)
        receiver.answer = 200
        endpoint.action_send_test()
        self._run()
        self.assertEqual(self._health(endpoint).circuit, "closed")
        self.assertEqual(set(messages.mapped("state")), {"done"})
        other, waiting = self._open(self._start_receiver(503))
        with self.assertRaises(AccessError):
            other.endpoint_id.with_user(self._create_user("user")).action_try_now()
        other.endpoint_id.with_user(self._create_user("operator")).action_try_now()
        self._run()
        self.assertEqual(set(waiting.mapped("attempt_count")), {2})

    def test_circuit_can_be_switched_off(self):
        receiver = self._start_receiver(503)
        interface = self._create_flow(receiver, circuit_failures=0)
        for _number in range(12):
            self._publish(interface)
        self._run()
        self.assertEqual(len(receiver.requests), 12)
        self.assertEqual(self._health(interface.endpoint_id).circuit, "closed")

    def test_refusals_do_not_open_the_circuit(self):
        receiver = self._start_receiver(422)
        interface = self._create_flow(receiver, circuit_failures=1)
        self._publish(interface)
        self._run()
        self.assertEqual(self._health(interface.endpoint_id).circuit, "closed")

    # === PAUSE === #

    def test_throttling_pauses_the_lane(self):
        for status, headers, low, high in (
            (429, [("Retry-After", "120")], 115, 120),
            (503, [("Retry-After", "60")], 55, 60),
            (429, [], 1, const.THROTTLE_SECONDS),
        ):
            with self.subTest(status=status, headers=headers):

                def busy(connection, received, own=(status, headers)):
                    hostile.send(connection, own[0], headers=own[1])
                    return True

                receiver = self._start_receiver(busy)
                interface = self._create_flow(receiver)
                endpoint = interface.endpoint_id
                self._publish(interface)
                self._run()
                pause = self._health(endpoint).paused_until - clock.now()
                self.assertTrue(low <= pause.total_seconds() <= high, pause)
                self.assertEqual(endpoint.health, "throttled")
                later = self._publish(interface)
                self._run()
                self.assertEqual((later.state, later.attempt_count), ("pending", 0))
                self.assertEqual(len(receiver.requests), 1)
                receiver.answer = 200
                self._pass_time(endpoint)
                self._run()
                self.assertEqual(later.state, "done")

    # === RATE === #

    def test_rate_limit_is_enforced_across_workers(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, rate_limit=12)  # one in five seconds
        endpoint = interface.endpoint_id
        messages = [self._publish(interface) for _number in range(6)]
        self._pass_time(endpoint, tokens=1.0)
        pump = self.env["interop.pump"].sudo()
        lanes = pump._lanes(interface, 100)
        before = clock.now()
        first = pump._claim(lanes, interface.ids, 120)
        second = pump._claim(lanes, interface.ids, 120)  # what another worker does
        self.assertEqual((len(first), len(second)), (1, 0))
        tokens = self._health(endpoint).tokens
        self.assertTrue(0 <= tokens < 1, tokens)
        due = pump._next_due()
        self.assertTrue(before < due <= clock.now() + timedelta(seconds=5))
        # five seconds later there is room for one more
        self._pass_time(
            endpoint, tokens=0.0, tokens_at=clock.now() - timedelta(seconds=6)
        )
        third = pump._claim(lanes, interface.ids, 120)
        self.assertEqual(len(third), 1)
        self.assertEqual({message.attempt_count for message in messages}, {0})

    def test_rate_saves_up_one_second_at_most(self):
        interface = self._create_flow(rate_limit=180)
        for _number in range(9):
            self._publish(interface)
        pump = self.env["interop.pump"].sudo()
        self._pass_time(
            interface.endpoint_id, tokens_at=clock.now() - timedelta(hours=1)
        )
        lanes = pump._lanes(interface, 100)
        self.assertEqual(len(pump._claim(lanes, interface.ids, 120)), 3)

    def test_rate_of_a_test_message_is_its_own(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, rate_limit=1)
        self._pass_time(interface.endpoint_id, tokens=0.0, tokens_at=clock.now())
        interface.endpoint_id.action_send_test()
        self._run()
        self.assertEqual(len(receiver.requests), 1)

    # === SUSPENSION === #

    def test_sustained_failure_suspends_and_tells(self):
        self.env["res.config.settings"].create(
            {
                "interop_operations_email": "ops@mercy.example",
                "interop_suspend_hours": 2,
                "interop_suspend_failures": 3,
            }
        ).execute()
        receiver = self._start_receiver(503)
        interface = self._create_flow(receiver)
        endpoint = interface.endpoint_id
        message = self._publish(interface)
        self._run()
        self._pass_time(
            endpoint,
            failing_since=clock.now() - timedelta(hours=3),
            failing_count=1,
        )
        for tries, state in ((2, "active"), (3, "suspended")):
            self._make_due(message)
            self._run()
            self.assertEqual((message.attempt_count, endpoint.state), (tries, state))
        self.assertIn("3 attempts", endpoint.state_reason)
        self.assertEqual(endpoint.activity_ids.user_id, endpoint.system_id.owner_id)
        mail = self.env["mail.mail"].search([("email_to", "=", "ops@mercy.example")])
        self.assertEqual((len(mail), mail.state), (1, "outgoing"))
        self.assertIn(endpoint.name, mail.body_html)
        later = self._publish(interface)
        self._make_due(message)
        self._run()
        self.assertEqual((later.state, later.attempt_count), ("pending", 0))
        receiver.answer = 200
        endpoint.with_user(self._create_user("operator")).action_resume()
        self._run()
        self.assertEqual({message.state, later.state}, {"done"})
        self.assertFalse(self._health(endpoint).failing_since)

    def test_suspension_can_be_switched_off(self):
        self.env["res.config.settings"].create({"interop_suspend_hours": 0}).execute()
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.interop_suspend_hours, 0)
        interface = self._create_flow(self._start_receiver(503))
        endpoint = interface.endpoint_id
        self._publish(interface)
        self._pass_time(
            endpoint,
            failing_since=clock.now() - timedelta(days=30),
            failing_count=1000,
        )
        self._run()
        self.assertEqual(endpoint.state, "active")

    # === WHAT THE FORM SAYS === #

    def test_health_in_numbers(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        endpoint = interface.endpoint_id
        self.assertEqual((endpoint.health, endpoint.tries), ("unknown", 0))
        for _number in range(3):
            self._publish(interface)
        self._run()
        receiver.answer = 422
        self._publish(interface)
        self._run()
        waiting = self._publish(interface)
        endpoint.invalidate_recordset()
        self.assertEqual((endpoint.tries, endpoint.success_rate), (4, 75))
        self.assertTrue(endpoint.last_success_at and endpoint.last_failure_at)
        self.assertEqual(endpoint.oldest_waiting_at, waiting.create_date)
        self.assertEqual((endpoint.health, endpoint.failures_in_row), ("failing", 1))
        user = self._create_user("user")
        self.assertEqual(endpoint.with_user(user).tries, 4)
        action = endpoint.with_user(user).action_view_health()
        hours = self.env[action["res_model"]].with_user(user).search(action["domain"])
        self.assertEqual(sum(hours.mapped("succeeded")), 3)
        self.assertEqual(sum(hours.mapped("failed")), 1)
        endpoint.action_pause()
        self.assertEqual(endpoint.health, "resting")

    def test_old_hours_are_removed_and_do_not_count(self):
        interface = self._create_flow(self._start_receiver())
        endpoint = interface.endpoint_id
        with patch.object(clock, "now", return_value=clock.now() - timedelta(hours=30)):
            self.env["interop.endpoint.hour"]._count(
                [(endpoint, type("R", (), {"outcome": "done"}), False)]
            )
        endpoint.invalidate_recordset()
        self.assertEqual(endpoint.tries, 0)
        domain = [("endpoint_id", "=", endpoint.id)]
        self.assertEqual(self.env["interop.endpoint.hour"].search_count(domain), 1)
        self.env["interop.endpoint.hour"]._gc_hours()
        self.assertEqual(self.env["interop.endpoint.hour"].search_count(domain), 0)
