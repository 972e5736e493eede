"""Workers that die: what they had comes back, and what kills them is put aside."""

import time
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .. import clock
from ..models.engine.engine_types import Claim, Lane
from ..models.engine.pump_run import SLOW, PumpRun
from ..models.log.message_leases import MessageLeases
from ..tools import claim_policy
from .test_pump import REFUSED, PumpCase


@tagged("post_install", "-at_install")
class TestDeadWorkers(PumpCase):
    def test_third_dead_worker_makes_it_dead_with_an_owner(self):
        for crash in range(1, claim_policy.MAX_CRASHES + 1):
            (claim,) = self._claim()
            self.assertEqual(claim.try_count, crash)
            self._set_columns(
                self.message, lease_until=clock.now() - timedelta(seconds=1)
            )
            MessageLeases(self.env).reclaim()
            last = crash == claim_policy.MAX_CRASHES
            self.assertEqual(self.message.state, "dead" if last else "pending")
        self.assertEqual(
            (self.message.error_class, self.message.error_code),
            ("internal", "worker_died"),
        )
        self.assertTrue(self.message.owner_user_id)
        self.message.action_retry()
        self._run()
        self.assertEqual(self.message.state, "done", "a person may try again")

    def _expire(self, messages):
        self._set_columns(messages, lease_until=clock.now() - timedelta(seconds=1))

    def _crash(self):
        """Claim as a worker that dies; returns the ids of what it had."""
        claims = self._claim()
        messages = self.model.browse([claim.message_id for claim in claims])
        self._expire(messages)
        MessageLeases(self.env).reclaim()
        return messages.ids

    def _batch(self, count):
        """Return this many messages that are due, the first one included."""
        messages = self.message
        for _number in range(count - 1):
            messages |= self._publish(self.interface)
        return messages

    def test_what_was_with_a_dead_worker_is_claimed_apart(self):
        """A message that kills its worker does not take its batch along to the dead."""
        messages, fresh = self._batch(10), self._publish(self.interface)
        self._set_columns(fresh, next_attempt_at=clock.now() + timedelta(hours=1))
        self.assertEqual(self._crash(), messages.ids)
        self._due_now(fresh)
        few, rest = messages[: claim_policy.SUSPECTS_TOGETHER], messages[8:]
        self.assertEqual(self._crash(), few.ids, "after one dead worker, a few at once")
        batches = []
        while claims := self._claim():
            batches.append([claim.message_id for claim in claims])
        self.assertEqual(
            batches,
            [rest.ids, *([message.id] for message in few), fresh.ids],
            "whoever waits longest first; after two dead workers, each by itself",
        )

    def test_workers_that_die_again_and_again_keep_nobody_back_for_ever(self):
        self._crash()
        self._crash()
        later = self._publish(self.interface)
        self._set_columns(later, try_count=1, next_attempt_at=clock.now())
        batches = [[claim.message_id for claim in self._claim()] for _i in range(2)]
        self.assertEqual(batches, [[self.message.id], [later.id]])

    def test_what_was_with_a_dead_worker_keeps_to_the_width_of_its_lane(self):
        messages = self._batch(5)
        self._crash()
        self.env.flush_all()
        lanes = {self.interface._lane(): Lane(2)}
        claims = MessageLeases(self.env).claim(lanes, self.interface.ids, 60)
        self.assertEqual([claim.message_id for claim in claims], messages[:2].ids)

    def test_of_a_batch_that_kills_only_the_killer_dies(self):
        """Whichever it is, however large the batch: three workers, and one message."""
        messages = self._batch(10)
        killer = messages[4]
        deaths = 0
        while claims := self._claim():
            taken = self.model.browse([claim.message_id for claim in claims])
            if killer in taken:
                deaths += 1
                self._expire(taken)
                MessageLeases(self.env).reclaim()
            else:
                MessageLeases(self.env).record(
                    [self._result(claim, http_status=200) for claim in claims]
                )
        self.assertEqual(deaths, claim_policy.MAX_CRASHES)
        self.assertEqual((killer.state, killer.error_code), ("dead", "worker_died"))
        neighbors = messages - killer
        self.assertEqual(set(neighbors.mapped("state")), {"done"})
        dead_workers = [m.try_count - m.attempt_count for m in neighbors]
        self.assertLess(max(dead_workers), claim_policy.MAX_CRASHES)
        self.assertLess(dead_workers.count(2), claim_policy.SUSPECTS_TOGETHER)

    def test_others_go_on_beside_what_was_with_a_dead_worker_and_is_slow(self):
        other = self._create_interface(retry_policy_id=self.policy.id)
        self._claim()
        self._expire(self.message)
        MessageLeases(self.env).reclaim()
        fresh = self._publish(other)
        both = self.interface | other
        (claim,) = self._claim(interfaces=both, crashed=False)
        self.assertEqual(claim.message_id, fresh.id)
        self.assertFalse(self._claim(interfaces=both, crashed=False))
        (claim,) = self._claim(interfaces=both)
        self.assertEqual(claim.message_id, self.message.id)

    def test_a_try_that_came_back_did_not_die_with_its_worker(self):
        """Its later tries wait for nobody and keep nobody waiting."""
        self._claim()
        self._expire(self.message)
        MessageLeases(self.env).reclaim()
        type(self).answer = REFUSED
        self._run()
        self.assertEqual(
            (self.message.state, self.message.attempt_count), ("pending", 1)
        )
        second = self._publish(self.interface)
        self._due_now()
        self.assertEqual(
            {claim.message_id for claim in self._claim()}, {self.message.id, second.id}
        )

    def test_a_run_waits_for_what_it_claimed_alone_but_not_for_long(self):
        run = PumpRun(None, 1, {"pump_seconds": 20, "lease_seconds": 9}, self.env)
        run._lanes, run._interface_ids = {"lane": Lane(5)}, [1]
        run._plan_until = time.monotonic() + 60
        run.turns.suspects = False  # the turn before the first one
        asked = []
        dead = Claim(1, "t", 1, 1, "lane", "x", 2, 0, 1, "", "out")

        def claim(pump, lanes, interfaces, lease, crashed):
            asked.append(crashed)
            return [dead] if crashed else []

        with patch.object(type(self.env["interop.pump"]), "_claim", claim):
            self.assertEqual(run._claim(over=False), [dead])
            run.exchanges._out[1, "t"] = (dead, "model", time.monotonic())
            self.assertFalse(run._claim(over=False))
            self.assertEqual(asked, [True], "nothing is claimed beside it")
            run.turns._alone_since -= SLOW
            for _turn in range(3):
                run._claim(over=False)
            self.assertEqual(asked, [True] + 3 * [False], "the others have their turn")
            run.turns._others_until = None
            run._claim(over=False)
            self.assertTrue(asked[-1], "and then the next one of its kind")

    def test_dead_workers_leave_room_for_what_is_new(self):
        """Workers that die one after the other do not keep everything else back."""
        self._claim()
        self._expire(self.message)
        MessageLeases(self.env).reclaim()
        fresh = self._publish(self.interface)
        both = []
        for turn in (True, False):
            run = PumpRun(None, 1, {"pump_seconds": 20, "lease_seconds": 9}, self.env)
            run._lanes = {self.interface._lane(): Lane(5)}
            run._interface_ids = self.interface.ids
            run._plan_until = time.monotonic() + 60
            run.turns.suspects = turn
            both += [claim.message_id for claim in run._claim(over=False)]
        self.assertEqual(both, [fresh.id, self.message.id])

    def test_the_pump_goes_on_after_a_message_died_with_its_worker(self):
        """Taken back, found dead and claimed past in one transaction, as the pump does."""
        other = self._publish(self.interface)
        self._claim()
        self._expire(self.message | other)
        self._set_columns(self.message, try_count=claim_policy.MAX_CRASHES)
        MessageLeases(self.env).reclaim()
        claimed = MessageLeases(self.env).claim(
            {self.interface._lane(): Lane(10)}, self.interface.ids, 60
        )
        self.assertEqual([claim.message_id for claim in claimed], [other.id])
        self.env.flush_all()
        self.assertEqual((self.message.state, other.state), ("dead", "processing"))

    def test_dead_workers_count_apart_from_tries(self):
        type(self).answer = REFUSED
        self._run()
        self.assertEqual(self.message.attempt_count, 1)
        for _crash in range(claim_policy.MAX_CRASHES - 1):
            self._due_now()
            self._claim()
            self._set_columns(
                self.message, lease_until=clock.now() - timedelta(seconds=1)
            )
            MessageLeases(self.env).reclaim()
        self.assertEqual(self.message.state, "pending")

    def test_the_next_suspects_do_not_wait_for_a_turn_of_nobody(self):
        self._batch(3)
        self._crash()
        run = PumpRun(None, 1, {"pump_seconds": 20, "lease_seconds": 9}, self.env)
        run._lanes = {self.interface._lane(): Lane(2)}
        run._interface_ids = self.interface.ids
        run._plan_until = time.monotonic() + 60
        self.env.flush_all()
        self.assertEqual([len(run._claim(over=False)) for _i in range(3)], [2, 1, 0])
