"""The engine: claims, leases, fenced results, budgets, and what it must never do."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .. import clock
from ..exceptions import ConfigurationError
from ..models.engine.engine_types import Lane
from ..models.log.message_leases import MessageLeases
from .fakes import EngineCase

REFUSED = {
    "outcome": "retry",
    "http_status": 503,
    "error_class": "http_5xx",
    "error_code": "http_503",
    "error_message": "Service unavailable",
    "excerpt": "try later",
}


class PumpCase(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["interop.retry.policy"].create(
            {"name": "Three tries", "schedule": "0s, 60s, 600s", "jitter_percent": 10}
        )
        cls.interface = cls._create_interface(retry_policy_id=cls.policy.id)

    def setUp(self):
        super().setUp()
        self.model = self.env["interop.message"].sudo()
        self.message = self._publish(self.interface)

    def _claim(self, lease=120, interfaces=None, crashed=True):
        """Claim as a worker does; returns the claims."""
        interfaces = interfaces or self.interface
        self.env.flush_all()
        lanes = {interface._lane(): Lane(10) for interface in interfaces}
        return MessageLeases(self.env).claim(lanes, interfaces.ids, lease, crashed)

    def _due_now(self, message=None):
        self._set_columns(message or self.message, next_attempt_at=clock.now())

    def _seconds_until_next(self):
        return (self.message.next_attempt_at - clock.now()).total_seconds()


@tagged("post_install", "-at_install")
class TestClaim(PumpCase):
    def test_claim_leases_what_is_due_once(self):
        (claim,) = self._claim()
        self.assertEqual(claim.message_id, self.message.id)
        self.assertEqual(self.message.state, "processing")
        self.assertEqual(self.message.lease_token, claim.lease_token)
        self.assertEqual(self.message.try_count, 1)
        left = (self.message.lease_until - clock.now()).total_seconds()
        self.assertAlmostEqual(left, 120, delta=5)
        self.assertEqual(self._claim(), [], "a lease keeps others off")

    def test_what_is_not_due_is_not_claimed(self):
        self._set_columns(
            self.message, next_attempt_at=clock.now() + timedelta(seconds=9)
        )
        self.assertEqual(self._claim(), [])

    def test_lane_gets_no_more_than_its_share(self):
        for _i in range(5):
            self._publish(self.interface)
        self.env.flush_all()
        claims = MessageLeases(self.env).claim(
            {self.interface._lane(): Lane(2)}, self.interface.ids, 120
        )
        self.assertEqual(len(claims), 2)
        self.assertEqual(MessageLeases(self.env).claim({}, self.interface.ids, 120), [])
        self.assertEqual(
            MessageLeases(self.env).claim({self.interface._lane(): Lane(2)}, [], 120),
            [],
        )

    def test_two_connections_never_claim_the_same_message(self):
        """SKIP LOCKED: what one transaction holds, another leaves alone."""
        from ..models.log.queue_statements import DUE

        self.assertIn("FOR UPDATE SKIP LOCKED", DUE)
        first, second = self._claim(), self._claim()
        self.assertFalse({c.message_id for c in first} & {c.message_id for c in second})

    def test_system_of_another_environment_is_not_claimed(self):
        self.interface.system_id.environment = "production"
        self._run()
        self.assertEqual((self.message.state, self.sent), ("pending", []))
        self.assertIsNone(self.env["interop.pump"].sudo()._next_due())
        self.interface.system_id.environment = "test"
        self._run()
        self.assertEqual(self.message.state, "done")

    def test_order_per_key_a_blocked_key_blocks_only_itself(self):
        first, second, other = (self._publish(self.interface) for _i in range(3))
        self.message._set_cancelled("Not part of this test")
        self._set_columns(first | second, ordering_key="a")
        self._set_columns(other, ordering_key="b")
        lanes = {self.interface._lane(): Lane(10, "key")}

        def claimed():
            self.env.flush_all()
            claims = MessageLeases(self.env).claim(lanes, self.interface.ids, 120)
            return [claim.message_id for claim in claims]

        self.assertEqual(claimed(), [first.id, other.id])
        self.assertEqual(claimed(), [])
        first._set_dead("business_rule", "x", "x")
        self.assertEqual(claimed(), [], "what failed still comes first")
        self.env.flush_all()
        self.assertIsNone(
            MessageLeases(self.env).next_claimable(lanes, self.interface.ids),
            "and the pump is not woken for what it keeps back",
        )
        first._set_cancelled("Given up")
        self.env.flush_all()
        self.assertTrue(
            MessageLeases(self.env).next_claimable(lanes, self.interface.ids)
        )
        self.assertEqual(claimed(), [second.id])

    # === LEASES === #

    def test_result_with_a_stale_token_writes_nothing_and_no_try(self):
        (claim,) = self._claim()
        self._set_columns(self.message, lease_until=clock.now() - timedelta(seconds=1))
        self.assertEqual(MessageLeases(self.env).reclaim(), 1)
        (second,) = self._claim()
        self.assertNotEqual(claim.lease_token, second.lease_token)
        late = self._result(claim, http_status=200)
        self.assertEqual(MessageLeases(self.env).record([late]), [])
        self.assertEqual(self.message.state, "processing")
        self.assertEqual(self.message.lease_token, second.lease_token)
        self.assertFalse(self.message.attempt_ids)
        own = self._result(second, http_status=200)
        self.assertEqual(MessageLeases(self.env).record([own]), [self.message.id])
        self.assertEqual(self.message.state, "done")
        self.assertEqual(
            MessageLeases(self.env).record([own]), [], "twice is not recorded twice"
        )
        self.assertEqual(len(self.message.attempt_ids), 1)

    def test_lease_is_taken_back_only_after_it_expired(self):
        self._claim()
        self.assertEqual(MessageLeases(self.env).reclaim(), 0)
        self._set_columns(self.message, lease_until=clock.now() - timedelta(seconds=1))
        self._run()
        self.assertEqual(self.message.state, "done")
        self.assertEqual(self.message.try_count, 2)
        self.assertEqual(self.message.attempt_count, 1)


@tagged("post_install", "-at_install")
class TestResults(PumpCase):
    def test_done_is_recorded_with_its_try(self):
        self._run()
        self.assertEqual(self.message.state, "done")
        self.assertEqual(self.message.answer_status, 200)
        self.assertTrue(self.message.done_at and self.message.first_attempt_at)
        self.assertFalse(self.message.lease_token or self.message.next_attempt_at)
        attempt = self.message.attempt_ids
        self.assertEqual((attempt.number, attempt.outcome), (1, "done"))
        self._run()
        self.assertEqual(len(self.sent), 1, "what is done is never sent again")

    def test_retries_follow_the_schedule_until_the_budget_is_spent(self):
        type(self).answer = REFUSED
        for number, (low, high) in enumerate(((54, 66), (540, 660)), 1):
            self._run()
            self.assertEqual(self.message.state, "pending")
            self.assertEqual(self.message.attempt_count, number)
            self.assertTrue(low <= self._seconds_until_next() <= high + 1)
            self.assertEqual(self.message.error_class, "http_5xx")
            self.assertFalse(self.message.owner_user_id, "nobody has to act yet")
            self._run()
            self.assertEqual(self.message.attempt_count, number, "not before it is due")
            self._due_now()
        self._run()
        self.assertEqual(self.message.state, "dead")
        self.assertEqual(self.message.owner_user_id, self.interface.system_id.owner_id)
        self.assertTrue(self.message.cause)
        self.assertEqual(self.message.error_message, "Service unavailable")
        attempts = self.message.attempt_ids
        self.assertEqual(attempts.mapped("outcome"), ["retry", "retry", "dead"])
        self.assertEqual(attempts.mapped("number"), [1, 2, 3])
        self.assertEqual(attempts.mapped("http_status"), [503] * 3)
        self.assertEqual(set(attempts.mapped("excerpt")), {"try later"})

    def test_manual_retry_gets_a_fresh_budget_and_continues_the_timeline(self):
        type(self).answer = {**REFUSED, "outcome": "dead"}
        self._run()
        self.assertEqual(self.message.state, "dead")
        type(self).answer = {"outcome": "done"}
        self.message.action_retry()
        self.assertEqual(self.message.attempt_count, 0)
        self._run()
        self.assertEqual(self.message.attempt_ids.mapped("number"), [1, 2])

    def test_every_dead_message_has_an_owner_whatever_the_transport_says(self):
        type(self).answer = {"outcome": "dead"}
        self._run()
        self.assertEqual(
            (self.message.state, self.message.error_class), ("dead", "internal")
        )
        self.assertTrue(self.message.owner_user_id)

    def test_deferral_spends_no_retry_leaves_no_try_and_hides_no_failure(self):
        type(self).answer = REFUSED
        self._run()
        type(self).answer = {"outcome": "deferred", "retry_after": 30}
        for _i in range(5):
            self._due_now()
            self._run()
            self.assertEqual(self.message.state, "pending")
            self.assertAlmostEqual(self._seconds_until_next(), 30, delta=5)
        self.assertEqual((self.message.attempt_count, self.message.try_count), (1, 1))
        self.assertEqual(len(self.message.attempt_ids), 1)
        self.assertEqual(self.message.error_class, "http_5xx")

    def test_deferred_first_try_is_no_first_try(self):
        type(self).answer = {"outcome": "deferred"}
        self._claimed = self._claim()
        MessageLeases(self.env).record([self._result(self._claimed[0], "deferred")])
        self.assertFalse(self.message.first_attempt_at)

    def test_retry_after_is_honored_and_clamped(self):
        for asked, expected in ((300, 300), (5, 60), (10**9, 7200), (None, 60)):
            self.policy.max_retry_after = 7200
            self._set_columns(self.message, attempt_count=0, state="pending")
            self._due_now()
            type(self).answer = {**REFUSED, "retry_after": asked}
            self._run()
            delta = 8 if expected == 60 else 2
            self.assertAlmostEqual(self._seconds_until_next(), expected, delta=delta)

    def test_transport_that_answers_nothing_or_fails_costs_a_try_not_a_lease(self):
        type(self).answer = None
        self._run()
        self.assertEqual(
            (self.message.state, self.message.error_code),
            ("pending", "transport_failed"),
        )
        self.assertEqual(self.message.attempt_count, 1)

    def test_preparation_that_fails_costs_a_try_not_a_lease(self):
        transport = self.env.registry["interop.transport.fake"]
        for error, code in (
            (ConfigurationError("No endpoint"), "configuration"),
            (KeyError("canary"), "transport_failed"),
        ):
            self._due_now()

            def fail(*args, _error=error):
                raise _error

            with patch.object(transport, "_prepare", fail):
                self._run()
            self.assertEqual(self.message.state, "pending")
            self.assertEqual(self.message.error_code, code)
            self.assertNotIn("canary", self.message.error_message)

    def test_transport_that_is_gone_is_a_failure_with_a_name(self):
        self.interface._transition({"transport": False})
        self._run()
        self.assertEqual(self.message.error_code, "transport_failed")

    def test_tries_are_evidence(self):
        self._run()
        attempt = self.message.attempt_ids.sudo()
        for move in (lambda: attempt.write({"outcome": "dead"}), attempt.unlink):
            with self._refused(
                Exception, "Attempts (are append-only|cannot be deleted)"
            ):
                move()
