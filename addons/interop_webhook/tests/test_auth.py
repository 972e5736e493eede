"""Credentials towards the receiver: bearer, Basic, OAuth 2.0, mutual TLS."""

import base64
import json
from datetime import timedelta
from urllib.parse import parse_qs

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.interop_base import clock

from ..models.endpoint_connection import EndpointConnection
from . import certificates
from . import receiver as hostile
from .common import WebhookCase

CANARY = "canary-7f3a-credential"


@tagged("post_install", "-at_install")
class TestAuth(WebhookCase):
    def _set(self, endpoint, value=CANARY, purpose="receiver", **values):
        """Set a credential as the dialog does."""
        return self.env["interop.credential.wizard"].create(
            {
                "endpoint_id": endpoint.id,
                "purpose": purpose,
                "value": value,
                **values,
            }
        )

    def _authorized(self, **endpoint):
        """Return what a delivery carries, once a credential is set."""
        receiver = self._start_receiver()
        interface = self._create_flow_with_credential(receiver, **endpoint)
        message = self._publish(interface)
        self._run()
        self.assertEqual(message.state, "done", message.error_message)
        return receiver.requests[0].header("authorization")

    def _create_flow_with_credential(self, receiver, **endpoint):
        made = self._create_endpoint(url=receiver.url, **endpoint)
        self._set(made)
        return self._create_interface(endpoint_id=made.id)

    # === BEARER, BASIC === #

    def test_bearer_and_basic(self):
        self.assertEqual(self._authorized(auth_method="bearer"), f"Bearer {CANARY}")
        basic = self._authorized(auth_method="basic", auth_user="odoo")
        decoded = base64.b64decode(basic.removeprefix("Basic ")).decode()
        self.assertEqual(decoded, f"odoo:{CANARY}")

    def test_no_credential_no_header(self):
        receiver = self._start_receiver()
        self._publish(self._create_flow(receiver))
        self._run()
        self.assertIsNone(receiver.requests[0].header("authorization"))

    def test_without_a_usable_credential_nothing_leaves(self):
        receiver = self._start_receiver()
        interface = self._create_flow_with_credential(receiver, auth_method="bearer")
        endpoint = interface.endpoint_id
        self.assertTrue(endpoint.has_credential)
        endpoint.secret_ids.filtered("purpose")._set_revoked()
        self.assertFalse(endpoint.has_credential)
        message = self._publish(interface)
        self._run()
        self.assertEqual((message.state, message.error_code), ("dead", "no_credential"))
        self.assertFalse(receiver.connections)
        self.assertTrue(
            [
                text
                for text in interface._missing_for_activation()
                if endpoint.name in text
            ]
        )

    def test_settings_that_are_refused(self):
        for values in (
            {"auth_method": "basic"},
            {"auth_method": "basic", "auth_user": "a:b"},
            {"auth_method": "oauth2", "auth_user": "odoo"},
            {
                "auth_method": "oauth2",
                "auth_user": "odoo",
                "oauth_token_url": "http://10.1.2.3/token",
            },
        ):
            with self.subTest(**values), self.assertRaises(ValidationError):
                self._create_endpoint(secret=False, **values)

    # === THE DIALOG === #

    def test_the_value_goes_in_and_never_comes_out(self):
        endpoint = self._create_endpoint(auth_method="bearer")
        wizard = self._set(endpoint)
        self.assertFalse(wizard.value)
        self.assertNotIn(CANARY, str(wizard.read()))
        wizard.action_save()
        secret = endpoint.secret_ids.filtered("purpose")
        self.assertEqual((secret.kind, secret._get_value()), ("credential", CANARY))
        self.env.flush_all()
        for table in ("interop_credential_wizard", "interop_secret"):
            self.env.cr.execute(f"SELECT t::text FROM {table} t")
            self.assertNotIn(CANARY, str(self.env.cr.fetchall()))
        with self.assertRaises(UserError):
            secret.purpose = "client_certificate"

    def test_a_new_value_replaces_the_one_before(self):
        endpoint = self._create_endpoint(auth_method="bearer")
        self._set(endpoint)
        self._set(endpoint, "second")
        self.assertEqual(EndpointConnection(endpoint).credential("receiver"), "second")
        usable = endpoint.secret_ids.filtered("purpose")._usable(clock.now())
        self.assertEqual(len(usable), 1)

    def test_values_that_are_refused(self):
        endpoint = self._create_endpoint(auth_method="bearer")
        past = clock.now() - timedelta(days=1)
        for value, purpose, more in (
            ("two words", "receiver", {}),
            ("a\r\nX-A: b", "receiver", {}),
            ("fine", "receiver", {"valid_to": past}),
            ("no certificate", "client_certificate", {}),
            ("".join(certificates.make(days=-1)), "client_certificate", {}),
            (certificates.make()[0], "client_certificate", {}),
        ):
            with self.subTest(value=value[:20]), self._refused(UserError):
                self._set(endpoint, value, purpose, **more)

    def test_administrators_only(self):
        endpoint = self._create_endpoint(auth_method="bearer")
        for group in ("operator", "steward", "auditor"):
            user = self._create_user(group)
            with self.assertRaises(AccessError):
                endpoint.with_user(user).action_set_credential()
            with self._refused(AccessError):
                self.env["interop.credential.wizard"].with_user(user).create(
                    {"endpoint_id": endpoint.id, "value": "x"}
                )
        action = endpoint.with_user(self._create_user("admin")).action_set_credential()
        self.assertEqual(action["context"]["default_purpose"], "receiver")

    # === OAUTH 2.0 === #

    def _token_server(self, tokens, status=200, **more):
        """Return a token endpoint that hands out ``tokens`` one after the other."""
        left = iter(tokens)

        def answer(connection, received):
            body = {"access_token": next(left), "token_type": "Bearer", **more}
            hostile.send(connection, status, json.dumps(body).encode())
            return True

        return self._start_receiver(answer)

    def _oauth(self, receiver, server, **endpoint):
        return self._create_flow_with_credential(
            receiver,
            auth_method="oauth2",
            auth_user="odoo client",
            oauth_token_url=server.url,
            **endpoint,
        )

    def test_oauth_token_is_fetched_once_and_used(self):
        receiver = self._start_receiver()
        server = self._token_server(["token-1"], expires_in=3600)
        interface = self._oauth(receiver, server, oauth_scope="events.write")
        messages = [self._publish(interface) for _number in range(3)]
        self._run()
        self.assertEqual({message.state for message in messages}, {"done"})
        (asked,) = server.requests
        self.assertEqual(
            parse_qs(asked.body.decode()),
            {"grant_type": ["client_credentials"], "scope": ["events.write"]},
        )
        basic = asked.header("authorization").removeprefix("Basic ")
        self.assertEqual(base64.b64decode(basic).decode(), f"odoo+client:{CANARY}")
        self.assertEqual(
            {item.header("authorization") for item in receiver.requests},
            {"Bearer token-1"},
        )

    def test_oauth_client_credentials_in_the_form(self):
        receiver = self._start_receiver()
        server = self._token_server(["token-1"])
        interface = self._oauth(receiver, server, oauth_client_auth="body")
        self._publish(interface)
        self._run()
        (asked,) = server.requests
        self.assertIsNone(asked.header("authorization"))
        form = parse_qs(asked.body.decode())
        self.assertEqual(
            (form["client_id"], form["client_secret"]), (["odoo client"], [CANARY])
        )

    def test_oauth_token_is_renewed_after_401(self):
        def answer(connection, received):
            fresh = received.header("authorization") == "Bearer token-2"
            hostile.send(connection, 200 if fresh else 401)
            return True

        receiver = self._start_receiver(answer)
        server = self._token_server(["token-1", "token-2"], expires_in=3600)
        message = self._publish(self._oauth(receiver, server))
        self._run()
        self.assertEqual((message.state, message.attempt_count), ("done", 1))
        self.assertEqual(len(receiver.requests), 2)
        self.assertEqual(len({item.body for item in receiver.requests}), 1)

    def test_oauth_401_for_good_is_an_answer(self):
        receiver = self._start_receiver(401)
        server = self._token_server(["token-1", "token-2"])
        message = self._publish(self._oauth(receiver, server))
        self._run()
        self.assertEqual((message.state, message.error_class), ("pending", "auth"))
        self.assertEqual(len(receiver.requests), 2)

    def test_no_token_is_retried_and_says_nothing_of_the_answer(self):
        receiver = self._start_receiver()
        for status, body in (
            (400, b'{"error": "canary"}'),
            (200, b"canary"),
            (200, b'{"access_token": "canary\\r\\n", "token_type": "bearer"}'),
            (200, b'{"access_token": "canary", "token_type": "mac"}'),
        ):
            with self.subTest(body=body):

                def answer(connection, received, own=(status, body)):
                    hostile.send(connection, *own)
                    return True

                interface = self._oauth(receiver, self._start_receiver(answer))
                message = self._publish(interface)
                self._run()
                self.assertEqual(
                    (message.state, message.error_class, message.error_code),
                    ("pending", "auth", "token"),
                )
                self.assertNotIn("canary", str(message.read()).replace(CANARY, ""))
                self.assertNotIn("canary", str(message.attempt_ids.read()))
        self.assertFalse(receiver.requests)

    # === MUTUAL TLS === #

    def test_client_certificate_is_presented(self):
        public, private = certificates.make("odoo")
        context, authority = certificates.server_context(public)
        receiver = self._start_receiver(tls=context)
        endpoint = self._create_endpoint(url=receiver.url, ca_certificate=authority)
        interface = self._create_interface(endpoint_id=endpoint.id)
        refused = self._publish(interface)
        self._run()
        self.assertEqual(refused.state, "pending")
        self.assertFalse(receiver.requests)
        self._set(endpoint, public + private, "client_certificate")
        self.assertTrue(endpoint.has_client_certificate)
        self._make_due(refused)
        self._run()
        self.assertEqual(refused.state, "done", refused.error_message)
        secret = endpoint.secret_ids.filtered("purpose")
        # warnings come before the certificate ends
        self.assertAlmostEqual(
            secret.valid_to, clock.now() + timedelta(days=1), delta=timedelta(hours=1)
        )

    def test_expired_client_certificate_is_not_left_out_silently(self):
        public, private = certificates.make("odoo")
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        endpoint = interface.endpoint_id
        self._set(endpoint, public + private, "client_certificate")
        secret = endpoint.secret_ids.filtered("purpose")
        secret.valid_from = clock.now() - timedelta(days=2)
        secret.valid_to = clock.now() - timedelta(seconds=1)
        message = self._publish(interface)
        self._run()
        self.assertEqual((message.state, message.error_code), ("dead", "no_credential"))
        self.assertFalse(receiver.connections)
