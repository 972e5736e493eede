"""The outgoing proxy: named in Settings, chosen per endpoint, never gone around."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.interop_base import clock

from ..models.secret_expiry import SecretExpiry
from . import certificates
from . import receiver as hostile
from .common import WebhookCase
from .proxy import Proxy


@tagged("post_install", "-at_install")
class TestProxy(WebhookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tls, cls.authority = certificates.server_context()

    def setUp(self):
        super().setUp()
        self.receiver = self._start_receiver(tls=self.tls)
        self.proxy = self._start_proxy()

    def _start_proxy(self, answer=200):
        proxy = Proxy(answer)
        self.addCleanup(proxy.close)
        return proxy

    def _set_proxy(self, url):
        self.env["res.config.settings"].create(
            {"interop_webhook_outbound_proxy": url}
        ).execute()

    def _flow(self, proxy=None, **values):
        """Return an active interface that delivers through ``proxy``."""
        self._set_proxy((proxy or self.proxy).url)
        return self._create_flow(
            self.receiver, ca_certificate=self.authority, use_proxy=True, **values
        )

    def _set_credential(self, endpoint, value="odoo:canary-password", **values):
        return self.env["interop.credential.wizard"].create(
            {
                "endpoint_id": endpoint.id,
                "purpose": "proxy",
                "value": value,
                **values,
            }
        )

    def test_an_endpoint_that_says_so_uses_it(self):
        message = self._publish(self._flow())
        self._run()
        self.assertEqual(message.state, "done")
        self.assertEqual(self.proxy.asked, [f"127.0.0.1:{self.receiver.port}"])
        self.assertEqual(len(self.receiver.requests), 1)

    def test_others_do_not(self):
        self._set_proxy(self.proxy.url)
        interface = self._create_flow(self.receiver, ca_certificate=self.authority)
        message = self._publish(interface)
        self._run()
        self.assertEqual(message.state, "done")
        self.assertFalse(self.proxy.asked)

    def test_while_it_cannot_be_reached_messages_wait(self):
        interface = self._flow()
        self.proxy.close()
        message = self._publish(interface)
        self._run()
        self.assertEqual(
            (message.state, message.error_class, message.attempt_count),
            ("pending", "connect", 1),
        )
        self.assertIn("outgoing proxy", message.error_message)
        self.assertTrue(message.next_attempt_at)
        self.assertFalse(self.receiver.connections)
        self._set_proxy(self._start_proxy().url)
        self._make_due(message)
        self._run()
        self.assertEqual(message.state, "done")

    def test_what_it_refuses_is_retried(self):
        message = self._publish(self._flow(self._start_proxy(407)))
        self._run()
        self.assertEqual((message.state, message.error_class), ("pending", "connect"))
        self.assertIn("407", message.error_message)
        self.assertFalse(self.receiver.connections)

    def test_tokens_are_asked_for_through_it(self):
        def token(connection, received):
            body = b'{"access_token": "abc", "token_type": "bearer"}'
            hostile.send(connection, 200, body)
            return True

        server = self._start_receiver(token, tls=self.tls)
        interface = self._flow(
            interface={"activate": False},
            auth_method="oauth2",
            auth_user="odoo",
            oauth_token_url=server.url,
        )
        self._set_credential(interface.endpoint_id, "secret", purpose="receiver")
        self._activate(interface)
        message = self._publish(interface)
        self._run()
        self.assertEqual(message.state, "done")
        self.assertEqual(
            sorted(self.proxy.asked),
            sorted(f"127.0.0.1:{item.port}" for item in (server, self.receiver)),
        )

    def test_user_and_password_are_a_secret_of_the_endpoint(self):
        interface = self._flow()
        endpoint = interface.endpoint_id
        self.assertFalse(endpoint.has_proxy_credential)
        action = endpoint.action_set_proxy_credential()
        self.assertEqual(action["context"]["default_purpose"], "proxy")
        for wrong in ("canary", "canary:", "a:b\r\nX: y"):
            with self.subTest(wrong=wrong), self.assertRaises(UserError):
                self._set_credential(endpoint, wrong)
        self._set_credential(endpoint)
        self.assertTrue(endpoint.has_proxy_credential)
        message = self._publish(interface)
        self._run()
        self.assertEqual(message.state, "done")
        self.assertIn("Proxy-Authorization: Basic ", self.proxy.heads[0])
        headers = str(self.receiver.requests[0].headers).lower()
        self.assertNotIn("proxy-authorization", headers)
        self.env.flush_all()
        for table in ("interop_secret", "interop_credential_wizard"):
            self.env.cr.execute(f"SELECT t::text FROM {table} t")
            self.assertNotIn("canary", str(self.env.cr.fetchall()))

    def test_an_expired_credential_is_said_and_nothing_leaves(self):
        interface = self._flow()
        self._set_credential(
            interface.endpoint_id, valid_to=clock.now() + timedelta(days=1)
        )
        ending = SecretExpiry(self.env, days=2).expiring(interface.endpoint_id)
        self.assertEqual(ending.mapped("purpose"), ["proxy"])
        message = self._publish(interface)
        ending.write(
            {
                "valid_from": clock.now() - timedelta(days=2),
                "valid_to": clock.now() - timedelta(days=1),
            }
        )
        self._run()
        self.assertEqual((message.state, message.error_code), ("dead", "no_credential"))
        self.assertFalse(self.proxy.asked)

    def test_only_administrators_set_the_credential(self):
        endpoint = self._flow().endpoint_id
        user = self._create_user("operator")
        with self.assertRaises(AccessError):
            endpoint.with_user(user).action_set_proxy_credential()

    def test_what_is_refused_when_it_is_saved(self):
        with self.assertRaisesRegex(ValidationError, "Settings have no proxy"):
            self._create_endpoint(use_proxy=True, url="https://127.0.0.1:1024/")
        self._set_proxy("http://127.0.0.1:3128")
        with self.assertRaisesRegex(ValidationError, "requires https"):
            self._create_endpoint(use_proxy=True)
        for url in ("https://proxy.example.org", "proxy", "http://169.254.169.254:80"):
            with self.subTest(url=url), self.assertRaises(ValidationError):
                self._set_proxy(url)

    def test_a_proxy_in_use_cannot_be_taken_away(self):
        interface = self._flow()
        endpoint = interface.endpoint_id
        with self.assertRaisesRegex(ValidationError, endpoint.name):
            self._set_proxy(False)
        message = self._publish(interface)
        # However it got lost: nothing goes around it.
        self.env["ir.config_parameter"].set_param("interop_webhook.outbound_proxy", "")
        self._run()
        self.assertEqual((message.state, message.error_code), ("dead", "no_proxy"))
        self.assertFalse(self.receiver.connections)
        endpoint.use_proxy = False
        self._set_proxy(False)
