"""Liveness for everybody; what waits, for the one whose messages wait."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.interop_base import clock

from .common import RestEffectHttpCase

PATH = "/interop/v1/health"


@tagged("post_install", "-at_install")
class TestHealth(RestEffectHttpCase):
    def _get(self, message_id="health", **options):
        return self._fetch(self._signed("", message_id, **options))

    def _fetch(self, headers=None):
        self.env.flush_all()
        return self.opener.get(self.base_url() + PATH, headers=headers or {})

    def test_without_proof_there_is_liveness_only(self):
        self._post(self._envelope(data={"name": "stranger"}))
        self.assertEqual(self._fetch().json(), {"status": "up"})

    def test_depth_and_age_of_what_is_not_finished(self):
        self.assertEqual(self._get().json(), {"status": "up", "queues": []})
        self._post()
        for _number in range(2):
            self._post(self._envelope(data={"name": "stranger"}))
        self.interface.latency_tier = "near_real_time"
        self._post()
        later = clock.now() + timedelta(seconds=90)
        with patch.object(clock, "now", lambda: later):
            response = self._get()
        self._assert_headers(response)
        (queue,) = response.json()["queues"]
        for name in ("oldest_waiting_seconds", "oldest_parked_seconds"):
            self.assertAlmostEqual(queue.pop(name), 90, delta=20)
        self.assertEqual(
            queue,
            {
                "type": self.contract.message_type,
                "schema_version": 1,
                "waiting": 1,
                "parked": 2,
            },
        )
        self.env["interop.pump"]._run_inline()
        (queue,) = self._get().json()["queues"]
        self.assertEqual((queue["waiting"], queue["parked"]), (0, 2))
        self.assertNotIn("oldest_waiting_seconds", queue)

    def test_nobody_sees_the_queues_of_others(self):
        self._post(self._envelope(data={"name": "stranger"}))
        other = self._create_client()
        text = self._add_key(other)
        self._activate_client(other)
        found = self._get(secret=text, client=other.code)
        self.assertEqual(found.json(), {"status": "up", "queues": []})

    def test_a_failed_proof_is_refused(self):
        self._assert_problem(self._get(client="nobody"), 401, "unauthorized")
        self._assert_problem(self._get("msg_1"), 400, "id_mismatch")
        wrong = {"Authorization": "Bearer x"}
        self._assert_problem(self._fetch(wrong), 401, "unauthorized")
