"""Endpoints: what may be saved, lifecycle, secrets."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import file_open

from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestEndpoint(WebhookCase):
    def test_urls_that_are_refused(self):
        for values in (
            {"url": "ftp://198.41.0.4/"},
            {"url": "https://user:password@198.41.0.4/"},
            {"url": "https://198.41.0.4:22/"},
            {"url": "https://0177.0.0.1/"},
            {"url": "https://10.1.2.3/"},
            {"url": "https://[::1]/"},
            {"url": "https://[::ffff:10.0.0.1]/"},
            {"url": "https://169.254.169.254/", "allowed_networks": "169.254.0.0/16"},
            {"url": "http://198.41.0.4:8080/", "allow_http": False},
            {"url": "https://198.41.0.4/", "allowed_networks": "everything"},
            {"url": "https://198.41.0.4/", "allowed_networks": "0.0.0.0/0"},
        ):
            with self.subTest(**values), self.assertRaises(ValidationError):
                self._create_endpoint(secret=False, **values)

    def test_urls_that_are_accepted(self):
        for values in (
            {"url": "https://198.41.0.4/hook?a=b", "allowed_networks": False},
            {"url": "https://10.1.2.3/", "allowed_networks": "10.1.0.0/16"},
            {"url": "http://198.41.0.4:8080/", "allow_http": True},
        ):
            with self.subTest(**values):
                self.assertTrue(self._create_endpoint(secret=False, **values))

    def test_a_name_is_looked_up_by_the_test_and_not_when_it_is_saved(self):
        with patch("socket.getaddrinfo", side_effect=AssertionError("a look-up")):
            interface = self._create_flow(
                url="http://localhost:1024/", allowed_networks=False
            )
        action = interface.endpoint_id.action_send_test()
        self._commit()
        self._run()
        result = interface.endpoint_id.get_test_result(action["params"]["reference"])
        self.assertTrue(result["finished"] and not result["success"])
        self.assertIn("loopback", result["text"])

    def test_headers_that_are_refused(self):
        endpoint = self._create_endpoint()
        for name, value in (
            ("webhook-id", "x"),
            ("Content-Type", "x"),
            ("Authorization", "x"),
            ("X-A", "a\r\nwebhook-id: b"),
        ):
            with self.subTest(name=name), self.assertRaises(ValidationError):
                endpoint.header_ids = [(0, 0, {"name": name, "value": value})]

    def test_headers_are_checked_together(self):
        endpoint = self._create_endpoint()
        with self.assertRaises(ValidationError):
            endpoint.header_ids = [
                (0, 0, {"name": name, "value": "1"}) for name in ("X-A", "x-a")
            ]

    def test_certificate_authority_has_to_be_one(self):
        with self.assertRaises(ValidationError):
            self._create_endpoint(ca_certificate="-----BEGIN CERTIFICATE-----\nx")

    def test_code_is_unique_and_for_good(self):
        endpoint = self._create_endpoint()
        with self.assertRaises(UserError):
            endpoint.code = "another"

    def test_state_moves_only_through_transitions(self):
        endpoint = self._create_endpoint()
        for vals in ({"state": "paused"}, {"state_reason": "because"}):
            with self.assertRaises(AccessError):
                endpoint.write(vals)
        endpoint._set_paused("Maintenance")
        self.assertEqual(
            (endpoint.state, endpoint.state_reason), ("paused", "Maintenance")
        )
        endpoint._set_active()
        self.assertEqual((endpoint.state, endpoint.state_reason), ("active", False))

    def test_secret_is_shown_once_and_belongs_to_the_endpoint(self):
        endpoint = self._create_endpoint(secret=False, signature_version="both")
        self.assertFalse(endpoint._has_usable_secret())
        action = endpoint.action_rotate_secret()
        shown = action["params"]["value"].splitlines()
        self.assertEqual(
            [text[:6] for text in shown], ["whsec_", "whpk_" + shown[1][5]]
        )
        self.assertTrue(endpoint._has_usable_secret())
        self.assertEqual(
            set(endpoint.secret_ids.mapped("kind")), {"hmac", "ed25519_private"}
        )
        secret = endpoint.secret_ids.filtered(lambda item: item.kind == "hmac")
        self.assertEqual(secret._get_value(), shown[0])
        with self.assertRaises(UserError):
            secret.endpoint_id = self._create_endpoint()
        self.assertNotIn(shown[0], str(secret.read()))

    def test_activation_names_a_missing_endpoint_or_secret(self):
        endpoint = self._create_endpoint(secret=False)
        interface = self._create_interface(endpoint_id=endpoint.id, activate=False)
        self.assertIn(endpoint.name, " ".join(interface._missing_for_activation()))
        endpoint.action_rotate_secret()
        self.assertFalse(interface._missing_for_activation())
        interface.endpoint_id = False
        self.assertIn("endpoint", interface._missing_for_activation())

    def test_approved_interface_keeps_its_endpoint(self):
        interface = self._create_interface()
        other = self._create_endpoint(system_id=interface.system_id.id)
        with self.assertRaises(UserError):
            interface.endpoint_id = other
        interface.endpoint_id = interface.endpoint_id

    def test_endpoint_of_another_system_or_facility_is_refused(self):
        interface = self._create_interface(activate=False)
        with self.assertRaises(ValidationError):
            interface.endpoint_id = self._create_endpoint()
        system = interface.system_id
        system.company_ids |= self.other_facility
        with self.assertRaises(ValidationError):
            interface.endpoint_id = self._create_endpoint(
                system_id=system.id, company_id=self.other_facility.id
            )
        with self.assertRaises(ValidationError):
            interface.endpoint_id.company_id = self.other_facility

    def test_inbound_interfaces_do_not_use_webhooks(self):
        with self.assertRaises(ValidationError):
            self._create_interface(direction="in", transport="webhook", activate=False)

    def test_neutralized_copy_delivers_nothing(self):
        endpoint = self._create_endpoint()
        self.env.flush_all()
        with file_open("interop_base/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        endpoint.invalidate_recordset()
        self.assertEqual(endpoint.state, "disabled")

    def test_counts_and_buttons(self):
        interface = self._create_interface()
        endpoint = interface.endpoint_id
        self._publish(interface)
        self.assertEqual((endpoint.waiting_count, endpoint.failed_count), (1, 0))
        action = endpoint.action_view_messages()
        found = self.env["interop.message"].search(action["domain"])
        self.assertEqual(len(found), 1)
        found._set_dead("config", "test", "Test")
        endpoint.invalidate_recordset()
        self.assertEqual((endpoint.waiting_count, endpoint.failed_count), (0, 1))
