"""Where content goes, and how it is protected on its way, needs two people."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from . import certificates
from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestDestinationApproval(WebhookCase):
    def setUp(self):
        super().setUp()
        self.admin = self._create_user("admin")
        self.both = self._create_user("admin", "steward")
        self.approved = self._start_receiver()
        self.interface = self._create_flow(
            self.approved, interface={"data_class": "patient_adjacent"}
        )
        self.endpoint = self.interface.endpoint_id

    def _trail(self, record):
        return self.env["interop.audit.event"].search(
            [
                ("res_model", "=", record._name),
                ("res_id", "=", record.id),
                ("action", "=", "changed"),
            ]
        )

    def test_another_address_waits_for_another_person(self):
        """S2, B3: nothing leaves for it before; nothing is lost meanwhile."""
        other = self._start_receiver()
        before = self._publish(self.interface)
        self.endpoint.with_user(self.both).url = other.url
        self.assertTrue(self.interface.approval_changed)
        self.assertEqual(self.interface.state, "active")
        self.assertFalse(self._publish(self.interface), "no envelope yet")
        self._run()
        self.assertEqual(before.state, "pending")
        self.assertIn("wait until a steward approves", before.waiting_reason)
        self.assertFalse(self.approved.requests or other.requests)
        self.assertIn(other.url, self._trail(self.endpoint)[:1].detail)
        self.assertIn(other.url, self.interface.approval_changes)
        for user in (self.both, self.admin):
            with self._refused((UserError, AccessError)):
                self._approve(self.interface, user)
        self._approve(self.interface)
        self._run()
        self.assertEqual(before.state, "done")
        self.assertEqual(len(other.requests), 2)
        self.assertFalse(self.approved.requests)

    def test_the_address_put_back_is_the_approved_one(self):
        """B3."""
        url = self.endpoint.url
        self.endpoint.with_user(self.admin).url = "http://127.0.0.1:1025/other"
        self.assertFalse(self._publish(self.interface), "no envelope yet")
        self.endpoint.with_user(self.admin).url = url
        self.assertFalse(self.interface.approval_changed)
        self._run()
        message = self.env["interop.message"].search(
            [("interface_id", "=", self.interface.id)]
        )
        self.assertEqual(message.state, "done")

    def test_whatever_protects_content_counts(self):
        """S2."""
        authority = certificates.make()[0]
        for vals in (
            {"ca_certificate": authority},
            {"allow_http": False, "url": "https://127.0.0.1:1024/hook"},
            {"signature_version": "both"},
            {"auth_method": "bearer"},
            {
                "auth_method": "oauth2",
                "auth_user": "me",
                "oauth_token_url": "http://127.0.0.1:1024/token",
            },
            {"header_ids": [(0, 0, {"name": "X-Key", "value": "hidden-value"})]},
        ):
            interface = self._create_flow(self.approved)
            endpoint = interface.endpoint_id
            endpoint.with_user(self.admin).write(vals)
            self.assertTrue(interface.approval_changed, vals)
            self.assertTrue(self._trail(endpoint), vals)
            self.assertNotIn("hidden-value", str(interface._state_now()))
            self.assertNotIn(
                "hidden-value", str(self._trail(endpoint).mapped("detail"))
            )

    def test_headers_by_themselves_count(self):
        """S2: over RPC on the rows, without the endpoint."""
        self.endpoint.header_ids = [(0, 0, {"name": "X-A", "value": "1"})]
        self._approve(self.interface)
        header = self.endpoint.header_ids.with_user(self.admin)
        header.value = "2"
        self.assertTrue(self.interface.approval_changed)
        header.value = "1"
        self.assertFalse(self.interface.approval_changed)
        header.unlink()
        self.assertTrue(self.interface.approval_changed)

    def test_what_only_paces_reopens_nothing(self):
        self.endpoint.with_user(self.admin).write(
            {"concurrency": 2, "rate_limit": 10, "total_timeout": 20, "name": "Other"}
        )
        self.assertFalse(self.interface.approval_changed)

    def test_who_wrote_the_endpoint_does_not_approve_the_interface_alone(self):
        """S3: the endpoint was written before the interface used it."""
        system = self._create_system()
        endpoint = self._create_endpoint(system_id=system.id)
        endpoint.with_user(self.both).url = "http://127.0.0.1:1026/mine"
        interface = self._create_interface(endpoint_id=endpoint.id, activate=False)
        with self._refused(UserError, "Another steward has to approve"):
            self._approve(interface, self.both)
        self._approve(interface)

    def test_a_shared_endpoint_reopens_every_interface(self):
        second = self._create_interface(endpoint_id=self.endpoint.id)
        self.endpoint.with_user(self.admin).url = "http://127.0.0.1:1025/other"
        self.assertTrue(self.interface.approval_changed and second.approval_changed)
        self._approve(second)
        self.assertTrue(self.interface.approval_changed)

    def test_a_test_message_shows_whether_the_new_address_works(self):
        """Before another person approves it: test messages carry no record of anybody."""
        other = self._start_receiver()
        self.endpoint.with_user(self.admin).url = other.url
        self.interface.with_user(self.admin).action_send_test()
        self.env["interop.materializer"].sudo()._materialize()
        self._run()
        self.assertEqual(len(other.requests), 1)
