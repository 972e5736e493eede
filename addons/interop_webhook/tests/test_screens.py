"""What the screens say about endpoints and the messages that wait for them."""

from datetime import timedelta

from lxml import etree

from odoo.tests import Form, tagged

from odoo.addons.interop_base import clock, const

from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestScreens(WebhookCase):
    def test_b5_everybody_opens_the_endpoint_and_sees_where_data_goes(self):
        endpoint = self._create_endpoint()
        interface = self._create_interface(endpoint_id=endpoint.id)
        for group in ("user", "operator", "admin", "steward", "auditor"):
            user = self._create_user(group)
            if group == "user":
                interface.exception_user_id = user
            with self.subTest(group=group):
                form = Form(endpoint.with_user(user))
                self.assertEqual(form.url, endpoint.url)
                self.assertEqual(Form(interface.with_user(user)).endpoint_id, endpoint)
                arch = endpoint.with_user(user).get_view(view_type="form")["arch"]
                shown = etree.fromstring(arch).xpath("//field[@name='secret_ids']")
                self.assertEqual(
                    bool(shown), group in ("operator", "admin", "auditor"), group
                )
        steward = endpoint.with_user(self._create_user("steward"))
        arch = etree.fromstring(steward.get_view(view_type="form")["arch"])
        self.assertTrue(arch.xpath("//button[@name='action_approve_networks']"))

    def _health(self, endpoint, **values):
        row = self.env["interop.endpoint.health"].search(
            [("endpoint_id", "=", endpoint.id)]
        )
        row.write(values)
        self.env.flush_all()
        self.env.invalidate_all()

    def test_b11_message_says_that_the_receiver_is_left_alone_and_until_when(self):
        interface = self._create_flow(self._start_receiver())
        endpoint, message = interface.endpoint_id, self._publish(interface)
        until = clock.now().replace(microsecond=0) + timedelta(minutes=3)
        self._health(
            endpoint, circuit="open", circuit_until=until, failing_count=12, failures=12
        )
        self.assertIn("12 consecutive deliveries", message.waiting_reason)
        self.assertEqual(message.waiting_until, until)
        self.assertTrue(message.is_held)
        self.assertEqual(interface.hold_level, "held")
        self._health(endpoint, circuit="closed", circuit_until=None, paused_until=until)
        self.assertIn("asked Odoo to wait", message.waiting_reason)
        self.assertEqual(message.waiting_until, until)
        self._health(endpoint, paused_until=None, failing_count=0, failures=0)
        self.assertEqual(
            message.waiting_reason, "The message waits for the next free worker."
        )

    def test_b11_message_says_that_its_endpoint_rests(self):
        interface = self._create_flow(self._start_receiver())
        endpoint, message = interface.endpoint_id, self._publish(interface)
        endpoint.action_pause()
        self.env.invalidate_all()
        self.assertIn(
            f"“{endpoint.name}” does not deliver (Paused)", message.waiting_reason
        )
        self.assertFalse(message.waiting_until)
        endpoint.action_resume()
        endpoint.rate_limit = 1
        self._health(endpoint, tokens=-1.0, tokens_at=clock.now())
        self.assertIn("deliveries per minute", message.waiting_reason)
        self.assertGreater(message.waiting_until, clock.now())

    def test_b21_health_does_not_contradict_the_success_rate(self):
        endpoint = self._create_endpoint()
        hour = self.env["interop.endpoint.hour"].create(
            {
                "endpoint_id": endpoint.id,
                "hour": clock.now().replace(minute=0, second=0, microsecond=0),
                "succeeded": 11,
                "failed": 22,
            }
        )
        self._health(endpoint, last_success_at=clock.now())
        self.assertAlmostEqual(endpoint.success_rate, 33.3, places=1)
        self.assertEqual(endpoint.health, "unsteady")
        hour.succeeded = 22 * const.HEALTHY_PERCENT
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(endpoint.health, "healthy")

    def test_b24_endpoint_counts_decisions_apart(self):
        interface = self._create_flow(self._start_receiver())
        dead, parked = self._publish(interface), self._publish(interface)
        dead._set_dead("connect", "refused", "No connection")
        parked._set_parked("unknown_identifier", "unknown", "Who?")
        self._publish(interface)
        self.env.invalidate_all()
        endpoint = interface.endpoint_id
        self.assertEqual(
            (endpoint.failed_count, endpoint.parked_count, endpoint.waiting_count),
            (1, 1, 1),
        )

    def test_b25_form_says_that_tests_are_not_counted(self):
        interface = self._create_flow(self._start_receiver())
        endpoint = interface.endpoint_id
        interface.action_send_test()
        self._run()
        self._publish(interface)
        self._run()
        self.env.invalidate_all()
        self.assertEqual(endpoint.tries, 1)
        arch = etree.fromstring(endpoint.get_view(view_type="form")["arch"])
        (group,) = arch.xpath("//group[@name='health']")
        self.assertIn("(without tests)", etree.tostring(group, encoding="unicode"))
        for name in ("tries", "success_rate"):
            self.assertIn("Test messages", endpoint._fields[name].help)
