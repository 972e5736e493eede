"""Warnings before secrets of endpoints expire."""

from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.interop_base import clock

from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestExpiry(WebhookCase):
    def _warnings(self, endpoint):
        self.env["interop.endpoint"]._cron_warn_secrets()
        return endpoint.activity_ids

    def _end(self, secrets, days):
        secrets.write({"valid_to": clock.now() + timedelta(days=days)})

    def test_owner_is_warned_once_and_in_time(self):
        endpoint = self._create_endpoint()
        self.assertFalse(self._warnings(endpoint))
        self._end(endpoint.secret_ids, 31)
        self.assertFalse(self._warnings(endpoint))
        self.env["ir.config_parameter"].set_param(
            "interop_base.secret_warning_days", "40"
        )
        activity = self._warnings(endpoint)
        self.assertEqual(activity.user_id, endpoint.system_id.owner_id)
        self.assertEqual(activity.date_deadline, endpoint.secret_ids.valid_to.date())
        self.assertIn(endpoint.secret_ids.fingerprint, activity.summary)
        self.assertEqual(self._warnings(endpoint), activity)

    def test_a_successor_makes_it_quiet(self):
        endpoint = self._create_endpoint()
        endpoint.action_rotate_secret()
        self.assertTrue(endpoint.secret_ids.filtered("valid_to"))
        self.assertFalse(self._warnings(endpoint))

    def test_revoked_secrets_and_unused_kinds_are_quiet(self):
        endpoint = self._create_endpoint(signature_version="both")
        private = endpoint.secret_ids.filtered(lambda item: item.kind != "hmac")
        self._end(private, 5)
        endpoint.signature_version = "v1"
        self.assertFalse(self._warnings(endpoint))
        endpoint.signature_version = "both"
        self.assertEqual(len(self._warnings(endpoint)), 1)
        other = self._create_endpoint()
        self._end(other.secret_ids, 5)
        other.secret_ids._set_revoked()
        self.assertFalse(self._warnings(other))

    def test_credentials_are_watched_too(self):
        endpoint = self._create_endpoint(auth_method="bearer")
        self.env["interop.credential.wizard"].create(
            {
                "endpoint_id": endpoint.id,
                "value": "token",
                "valid_to": clock.now() + timedelta(days=3),
            }
        )
        self.assertIn("Credential", self._warnings(endpoint).summary)
