"""What waits for a steward keeps its place, also on a real-time interface."""

from odoo.tests import tagged

from odoo.addons.interop_identifier.models.case_decision import CaseDecision

from .common import RestEffectHttpCase


@tagged("post_install", "-at_install")
class TestWaiting(RestEffectHttpCase):
    def _send(self, name, key):
        return self._post(self._envelope(data={"name": name}, ordering_key=key))

    def _decide_first(self):
        """Say, as a steward, that the cause is gone; then let the pump move."""
        type(self).FAILURES.pop("stranger")
        case = self._messages().identity_case_id
        CaseDecision(case.with_user(self._create_user("steward"))).retry()
        self.env["interop.pump"].sudo()._run_inline()

    def setUp(self):
        super().setUp()
        kept = dict(self.FAILURES)
        self.addCleanup(self.FAILURES.update, kept)

    def test_nothing_overtakes_a_message_that_waits_for_a_decision(self):
        first = self._send("stranger", "k")
        self.assertEqual(first.json()["message"]["status"], "parked")
        self.assertEqual(self._send("unrelated", "other").status_code, 200)
        second = self._send("second", "k")
        self.assertEqual(second.status_code, 202, "after the first one, not before")
        self.assertEqual(self._effects(), ["unrelated"])
        self._decide_first()
        self.assertEqual(self._effects(), ["unrelated", "stranger", "second"])
        self.assertEqual(set(self._messages().mapped("state")), {"done"})
        self.assertEqual(self._send("third", "k").status_code, 200)

    def test_a_failed_one_does_not_hold_its_correction_back(self):
        self.assertEqual(self._send("rule", "k").status_code, 422)
        self.assertEqual(self._send("corrected", "k").status_code, 200)
