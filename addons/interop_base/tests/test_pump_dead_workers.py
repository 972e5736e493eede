"""Workers that die: what they had comes back, and what kills them is put aside."""

import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .. import clock, const
from ..models.engine.engine_types import Claim, Lane
from ..models.engine.interop_pump import WATCH_KEY
from ..models.engine.pump_run import SLOW, PumpRun
from .test_pump import REFUSED, PumpCase


@tagged("post_install", "-at_install")
class TestDeadWorkers(PumpCase):
    def test_third_dead_worker_makes_it_dead_with_an_owner(self):
        for crash in range(1, const.MAX_CRASHES + 1):
            (claim,) = self._claim()
            self.assertEqual(claim.try_count, crash)
            self._set_columns(
                self.message, lease_until=clock.now() - timedelta(seconds=1)
            )
            self.model._set_reclaimed()
            last = crash == const.MAX_CRASHES
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
        self.model._set_reclaimed()
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
        few, rest = messages[: const.SUSPECTS_TOGETHER], messages[8:]
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
        claims = self.model._set_claimed(lanes, self.interface.ids, 60)
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
                self.model._set_reclaimed()
            else:
                self.model._set_results(
                    [self._result(claim, http_status=200) for claim in claims]
                )
        self.assertEqual(deaths, const.MAX_CRASHES)
        self.assertEqual((killer.state, killer.error_code), ("dead", "worker_died"))
        neighbors = messages - killer
        self.assertEqual(set(neighbors.mapped("state")), {"done"})
        dead_workers = [m.try_count - m.attempt_count for m in neighbors]
        self.assertLess(max(dead_workers), const.MAX_CRASHES)
        self.assertLess(dead_workers.count(2), const.SUSPECTS_TOGETHER)

    def test_others_go_on_beside_what_was_with_a_dead_worker_and_is_slow(self):
        other = self._create_interface(retry_policy_id=self.policy.id)
        self._claim()
        self._expire(self.message)
        self.model._set_reclaimed()
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
        self.model._set_reclaimed()
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
        run._suspects_turn = False  # the turn before the first one
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
            run._alone_since -= SLOW
            for _turn in range(3):
                run._claim(over=False)
            self.assertEqual(asked, [True] + 3 * [False], "the others have their turn")
            run._others_until = 0.0
            run._claim(over=False)
            self.assertTrue(asked[-1], "and then the next one of its kind")

    def test_dead_workers_leave_room_for_what_is_new(self):
        """Workers that die one after the other do not keep everything else back."""
        self._claim()
        self._expire(self.message)
        self.model._set_reclaimed()
        fresh = self._publish(self.interface)
        both = []
        for turn in (True, False):
            run = PumpRun(None, 1, {"pump_seconds": 20, "lease_seconds": 9}, self.env)
            run._lanes = {self.interface._lane(): Lane(5)}
            run._interface_ids = self.interface.ids
            run._plan_until = time.monotonic() + 60
            run._suspects_turn = turn
            both += [claim.message_id for claim in run._claim(over=False)]
        self.assertEqual(both, [fresh.id, self.message.id])

    def test_the_pump_goes_on_after_a_message_died_with_its_worker(self):
        """Taken back, found dead and claimed past in one transaction, as the pump does."""
        other = self._publish(self.interface)
        self._claim()
        self._expire(self.message | other)
        self._set_columns(self.message, try_count=const.MAX_CRASHES)
        self.model._set_reclaimed()
        claimed = self.model._set_claimed(
            {self.interface._lane(): Lane(10)}, self.interface.ids, 60
        )
        self.assertEqual([claim.message_id for claim in claimed], [other.id])
        self.env.flush_all()
        self.assertEqual((self.message.state, other.state), ("dead", "processing"))

    def test_dead_workers_count_apart_from_tries(self):
        type(self).answer = REFUSED
        self._run()
        self.assertEqual(self.message.attempt_count, 1)
        for _crash in range(const.MAX_CRASHES - 1):
            self._due_now()
            self._claim()
            self._set_columns(
                self.message, lease_until=clock.now() - timedelta(seconds=1)
            )
            self.model._set_reclaimed()
        self.assertEqual(self.message.state, "pending")

    # === THE JOB THAT FOLLOWS === #

    def _watch(self):
        """Return when the next run follows, ``None`` when none does."""
        self.env.cr.execute(
            "SELECT eta FROM queue_job WHERE identity_key = %s AND state = 'pending'",
            [WATCH_KEY],
        )
        found = self.env.cr.fetchall()
        self.assertLessEqual(len(found), 1, "one for all runs")
        return found[0][0] if found else None

    def _run_until(self, work):
        """Run with ``work(run)`` in place of a step, on this cursor."""
        env = self.env
        env.flush_all()
        run = PumpRun(None, env.uid, env["interop.pump"]._options())

        @contextmanager
        def own_env(_run, read_committed=False):
            yield env(su=True)
            env.flush_all()

        self._set_columns(self.message, next_attempt_at=None, state="done")
        step = patch.object(PumpRun, "step", lambda own, _patience: work(own))
        with patch.object(PumpRun, "_env", own_env), step:
            run.run()

    def test_a_run_that_ends_by_itself_leaves_nothing_to_follow(self):
        seen = []

        def work(run):
            seen.append(self._watch())
            run.end = 0.0
            return 0

        self._run_until(work)
        self.assertGreater(seen[0], clock.now() + timedelta(seconds=10))
        self.assertFalse(self._watch())

    def test_a_run_that_dies_is_followed_by_another(self):
        """As its worker does: nothing of what comes after the step is done."""

        def work(_run):
            raise SystemExit

        for _run in range(2):  # the second one uses what the first one left
            with suppress(SystemExit):  # assertRaises would roll back what was done
                self._run_until(work)
        self.assertLessEqual(self._watch(), clock.now() + timedelta(seconds=15))

    def test_a_run_that_lives_puts_the_next_one_off(self):
        moments = []

        def work(run):
            soon = clock.now() + timedelta(seconds=1)
            self.env.cr.execute(
                "UPDATE queue_job SET eta = %s WHERE identity_key = %s",
                [soon, WATCH_KEY],
            )
            run._plan(self.env)
            moments.append(self._watch() > soon)
            run._watched_until = 0.0
            run._plan(self.env)
            moments.append(self._watch() > soon)
            run.end = 0.0
            return 0

        self._run_until(work)
        self.assertEqual(moments, [False, True], "every few seconds")

    def test_the_next_suspects_do_not_wait_for_a_turn_of_nobody(self):
        self._batch(3)
        self._crash()
        run = PumpRun(None, 1, {"pump_seconds": 20, "lease_seconds": 9}, self.env)
        run._lanes = {self.interface._lane(): Lane(2)}
        run._interface_ids = self.interface.ids
        run._plan_until = time.monotonic() + 60
        self.env.flush_all()
        self.assertEqual([len(run._claim(over=False)) for _i in range(3)], [2, 1, 0])
