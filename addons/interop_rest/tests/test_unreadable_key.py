"""One key that this server cannot decrypt takes no other key with it (S6)."""

from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.models.catalogue import client_alerts

from .common import RestEffectHttpCase


@tagged("post_install", "-at_install")
class TestUnreadableKey(RestEffectHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls._create_user("operator")
        cls.system.owner_id = cls.owner

    def setUp(self):
        super().setUp()
        noted = patch.dict(client_alerts._noted, clear=True)
        noted.start()
        self.addCleanup(noted.stop)

    def _break(self, secret):
        """Let a secret be one of a key file that is gone."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_secret SET key_id = 'gone' WHERE id = %s", [secret.id]
        )
        self.env.invalidate_all()

    def _alarms(self):
        self.env.invalidate_all()
        return self.client.activity_ids.filtered(
            lambda item: (
                item.user_id == self.owner and "cannot be decrypted" in item.summary
            )
        )

    def test_the_other_keys_still_prove_the_client(self):
        (broken,) = self.client.secret_ids
        good = self._add_key(self.client)
        self._break(broken)
        with self.assertLogs(client_alerts.__name__, "WARNING") as logs:
            response = self._post(secret=good)
        self.assertEqual(response.status_code, 200, response.text)
        self.assertIn(broken.uuid, logs.output[0])
        self.assertEqual(len(self._alarms()), 1)
        self.assertIn(broken.name, self._alarms().note)
        # Told once, however many calls follow, and whichever worker takes them.
        self.assertEqual(self._post(secret=good).status_code, 200)
        client_alerts._noted.clear()
        self.assertEqual(self._post(secret=good).status_code, 200)
        self.assertEqual(len(self._alarms()), 1)
        self._assert_problem(self._post(), 401, "unauthorized")

    def test_without_another_key_it_is_the_same_401_as_ever(self):
        self._break(self.client.secret_ids)
        with self.assertLogs(client_alerts.__name__, "WARNING"):
            self._assert_problem(self._post(), 401, "unauthorized")

    def test_tokens_signed_requests_and_vendors_alike(self):
        """Every reader of the keys of a client skips what it cannot read."""
        for reader in ("_verifying_keys", "_message_keys"):
            client = self._create_client(accepts_http_signature=True)
            self._add_key(client)
            self._add_key(client)
            self._break(client.secret_ids[0])
            self.assertEqual(len(getattr(client, reader)(clock.now())), 1, reader)
