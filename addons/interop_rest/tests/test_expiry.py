"""Reminders come in time, once, and not for what has a successor."""

from datetime import timedelta

from odoo.tests import TransactionCase, tagged

from odoo.addons.interop_base import clock

from .common import RestMixin


@tagged("post_install", "-at_install")
class TestExpiry(RestMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()
        cls.owner = cls._create_user("operator")
        cls.system.owner_id = cls.owner
        cls.key = cls.client.secret_ids
        cls.now = clock.now().replace(microsecond=0)

    def _days(self, days):
        self.env["ir.config_parameter"].set_param(
            "interop_base.secret_warning_days", str(days)
        )

    def _reminders(self, client=None):
        self.env["interop.client"]._cron_remind()
        return (client or self.client).activity_ids

    def test_a_key_that_ends(self):
        self.key.valid_to = self.now + timedelta(days=10)
        self._days(5)
        self.assertFalse(self._reminders())
        self._days(15)
        reminder = self._reminders()
        self.assertEqual(reminder.user_id, self.owner)
        self.assertEqual(reminder.date_deadline, self.key.valid_to.date())
        self.assertIn(self.key.fingerprint, reminder.summary)
        self.assertEqual(self._reminders(), reminder)

    def test_one_with_a_successor_needs_none(self):
        self.key.valid_to = self.now + timedelta(days=2)
        self._add_key(self.client)
        self.assertFalse(self._reminders())
        (self.client.secret_ids - self.key)._set_revoked()
        self.assertEqual(len(self._reminders()), 1)

    def test_what_has_ended_is_no_news(self):
        self.key.write(
            {
                "valid_from": self.now - timedelta(days=2),
                "valid_to": self.now - timedelta(days=1),
            }
        )
        self.assertFalse(self._reminders())

    def test_a_token_is_another_kind(self):
        client = self._create_client(accepts_token=True)
        self._add_key(client)
        client.action_generate_token()
        self._activate_client(client)
        self._days(30)
        self.assertFalse(self._reminders(client))
        self._days(120)
        self.assertIn("Token", self._reminders(client).summary)

    def test_a_client_that_ends(self):
        client = self._create_client(expires_at=self.now + timedelta(days=20))
        self._add_key(client)
        self._days(30)
        self.assertFalse(self._reminders(client), "it is not approved yet")
        self._activate_client(client)
        reminder = self._reminders(client)
        self.assertEqual(reminder.date_deadline, client.expires_at.date())
        self.assertTrue(client.expires_soon)
        self._days(10)
        client.invalidate_recordset()
        self.assertFalse(client.expires_soon)

    def test_every_day(self):
        cron = self.env.ref("interop_base.ir_cron_clients")
        self.assertEqual((cron.interval_type, cron.active), ("days", True))
        self.key.valid_to = self.now + timedelta(days=1)
        cron.ir_actions_server_id.run()
        self.assertTrue(self.client.activity_ids)
