"""Replays: durable, throttled, pausable; nothing is skipped silently."""

import time
from datetime import timedelta
from itertools import pairwise
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .. import clock
from ..models.engine import interop_replay
from ..models.log.message_leases import MessageLeases
from .bulk_common import MANY, BulkCase


class ReplayCase(BulkCase):
    """Adds an interface and an operator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls._create_interface()
        cls.operator = cls._create_user("operator")

    def _replay(self, user=None, **values):
        model = self.env["interop.replay"].with_user(user or self.operator)
        return model.create(
            {
                "reason": "The receiver lost its data",
                "company_id": self.facility.id,
                "per_second": 0,
                **values,
            }
        )


@tagged("post_install", "-at_install")
class TestReplay(ReplayCase):
    def test_delivered_messages_go_out_again_with_the_same_id_and_bytes(self):
        messages = self._done() | self._done()
        before = {m.id: (m.external_id, m._payload_bytes()) for m in messages}
        attempts = messages.attempt_ids
        replay = self._replay()
        self.assertEqual(replay.matching_count, 2)
        replay.action_start()
        self._run_replay(replay)
        self.assertEqual(set(messages.mapped("state")), {"pending"})
        self.assertEqual((replay.state, replay.progress), ("done", 100.0))
        self.assertEqual((replay.total_count, replay.moved_count), (2, 2))
        type(self).sent = []
        self._run()
        self.assertEqual([claim.message_id for claim in self.sent], messages.ids)
        self.assertEqual(
            {claim.external_id for claim in self.sent},
            {external_id for external_id, _content in before.values()},
        )
        for message in messages:
            now = (message.external_id, message._payload_bytes())
            self.assertEqual(now, before[message.id])
        self.assertEqual(set(messages.mapped("state")), {"done"})
        self.assertEqual(messages.attempt_ids & attempts, attempts, "timeline is kept")
        self.assertEqual(messages[0].attempt_ids.mapped("number"), [1, 2])

    def test_filters_choose_the_messages(self):
        other = self._create_interface()
        old, new, dead, there = (
            self._done(),
            self._done(),
            self._dead(),
            self._done(other),
        )
        moment = clock.now() - timedelta(days=3)
        self._set_columns(old, create_date=moment)
        contract = self.interface.contract_ids
        cases = [
            ({}, old | new | there),
            ({"message_states": "failed"}, dead),
            ({"message_states": "both"}, old | new | there | dead),
            ({"interface_ids": [(6, 0, other.ids)]}, there),
            ({"contract_ids": [(6, 0, contract.ids)]}, old | new),
            ({"date_to": moment + timedelta(hours=1)}, old),
            ({"date_from": moment + timedelta(hours=1)}, new | there),
            ({"date_from": moment, "date_to": moment + timedelta(seconds=1)}, old),
        ]
        for values, expected in cases:
            replay = self._replay(**values)
            found = replay._matching().search(replay._domain())
            self.assertEqual(set(found.ids), set(expected.ids), values)
            self.assertEqual(replay.matching_count, len(expected), values)

    def test_test_messages_and_inbound_ones_are_not_replayed(self):
        tested = self._done()
        self._set_columns(tested, test=True)
        inbound = self._receive(self._create_interface(direction="in"), {})
        inbound._set_dead("conflict", "x", "x")
        self.assertFalse(self._replay(message_states="both").matching_count)

    def test_purged_content_is_skipped_with_a_reason_and_counted(self):
        kept, purged = self._done(), self._done()
        purged.sudo().payload_id.unlink()
        replay = self._replay()
        replay.action_start()
        self._run_replay(replay)
        self.assertEqual((kept.state, purged.state), ("pending", "done"))
        self.assertEqual((replay.moved_count, replay.skipped_count), (1, 1))
        self.assertEqual(
            replay.skipped, {"purged": {"count": 1, "example": purged.external_id}}
        )
        self.assertIn("Retention has deleted", replay.skipped_text)
        self.assertIn(purged.external_id, replay.skipped_text)

    def test_messages_of_an_interface_out_of_use_are_skipped(self):
        message = self._done()
        self.interface._transition({"state": "retired"})
        replay = self._replay()
        replay.action_start()
        self._run_replay(replay)
        self.assertEqual(message.state, "done")
        self.assertEqual(replay.skipped["unused"]["count"], 1)

    def test_what_comes_after_the_start_is_not_part_of_it(self):
        first = self._done()
        replay = self._replay()
        replay.action_start()
        later = self._done()
        self._run_replay(replay)
        self.assertEqual((first.state, later.state), ("pending", "done"))

    def test_throttle_spreads_what_is_due_and_the_next_batch(self):
        ids = self._copies(self._done(), 49)
        replay = self._replay(per_second=2)
        replay.action_start()
        started = clock.now()
        replay.sudo()._run_batch()
        self.assertEqual(replay.moved_count, 2 * interop_replay.WINDOW)
        due = self.env["interop.message"].search(
            [("state", "=", "pending")], order="id"
        )
        seconds = [
            (item - started).total_seconds() for item in due.mapped("next_attempt_at")
        ]
        self.assertAlmostEqual(seconds[-1], 9.5, delta=1.5)
        self.assertTrue(all(b >= a for a, b in pairwise(seconds)))
        job = self.env["queue.job"].search(
            [("identity_key", "=", f"interop.replay.{replay.id}.{replay.cursor_id}")]
        )
        self.assertAlmostEqual((job.eta - started).total_seconds(), 10, delta=2)
        self.assertEqual(self._states(ids).get("done"), 30)

    def test_replayed_messages_do_not_crowd_out_new_ones(self):
        self._copies(self._done(), 300)
        replay = self._replay()
        replay.action_start()
        self._run_replay(replay)
        new = self._publish(self.interface)
        lanes = self.env["interop.pump"]._lanes(self.interface, 100)
        claims = MessageLeases(self.env).claim(lanes, self.interface.ids, 60)
        self.assertIn(new.id, [claim.message_id for claim in claims])

    def test_pause_resume_and_cancel(self):
        self._copies(self._done(), 9)
        with patch.object(interop_replay, "BATCH", 4):
            replay = self._replay()
            replay.action_start()
            replay.sudo()._run_batch()
            replay.action_pause()
            self.assertEqual((replay.state, replay.moved_count), ("paused", 4))
            self.assertIn(self.operator.name, replay.pause_reason)
            replay.sudo()._run_batch()
            self.assertEqual(
                replay.moved_count, 4, "a job of a paused one does nothing"
            )
            self.assertEqual(replay.progress, 40.0)
            replay.action_resume()
            replay.sudo()._run_batch()
            self.assertEqual((replay.state, replay.moved_count), ("running", 8))
            replay.action_cancel()
            replay.sudo()._run_batch()
        self.assertEqual((replay.state, replay.moved_count), ("cancelled", 8))
        with self._refused(UserError):
            replay.action_resume()
        lines = self.env["interop.audit.event"].search(
            [("res_model", "=", "interop.replay"), ("res_id", "=", replay.id)]
        )
        self.assertEqual(
            lines.sorted("id").mapped("action"),
            ["replayed", "transition", "replayed", "transition"],
        )
        self.assertEqual(set(lines.mapped("login")), {self.operator.login})

    def test_a_batch_is_all_or_nothing_and_a_failing_one_pauses(self):
        message = self._done()
        replay = self._replay()
        replay.action_start()
        failing = patch.object(
            type(replay), "_add_skipped", side_effect=ValueError("secret content")
        )
        with failing, self.assertLogs("odoo.addons.interop_base", "ERROR") as logs:
            replay.sudo()._run_batch()
        self.assertNotIn("secret content", "".join(logs.output))
        self.assertEqual((replay.state, replay.cursor_id), ("paused", 0))
        self.assertIn("ValueError", replay.pause_reason)
        self.assertEqual(message.state, "done", "no half batch")
        replay.action_resume()
        self._run_replay(replay)
        self.assertEqual(message.state, "pending")

    def test_lost_job_is_queued_again_by_the_cron_and_a_waiting_one_is_not_doubled(
        self,
    ):
        self._done()
        replay = self._replay()
        replay.action_start()
        jobs = self.env["queue.job"].search(
            [("identity_key", "=like", f"interop.replay.{replay.id}.%")]
        )
        self.assertEqual(len(jobs), 1)
        long_ago = clock.now() - timedelta(minutes=5)
        self._set_columns(replay, write_date=long_ago)
        count = self.env["queue.job"].search_count
        self.env["interop.replay"]._cron_continue()
        key = [("identity_key", "=", jobs.identity_key)]
        self.assertEqual(count(key), 1)
        jobs.unlink()
        self.env["interop.replay"]._cron_continue()
        self.assertEqual(count(key), 1)

    def test_copies_and_lost_rights_pause_it(self):
        self._done()
        replay = self._replay()
        replay.action_start()
        with self._conf(environment=None):
            replay.sudo()._run_batch()
        self.assertEqual(replay.state, "paused")
        self.assertIn("environment", replay.pause_reason)
        replay.action_resume()
        self.operator.group_ids = [(5,)]
        replay.sudo()._run_batch()
        self.assertEqual(replay.state, "paused")
        self.assertIn(self.operator.name, replay.pause_reason)

    def test_what_is_asked_for_is_fixed_once_started_the_speed_is_not(self):
        self._done()
        replay = self._replay()
        replay.action_start()
        replay.per_second = 7
        with self._refused(UserError, "was started"):
            replay.date_from = clock.now()
        for name, value in (("cursor_id", 7), ("scope", []), ("state", "done")):
            with self._refused(AccessError):
                replay.write({name: value})
        with self._refused(AccessError):
            self._replay(requested_by_id=self.env.user.id)

    def test_wrong_requests_are_refused(self):
        with self._refused(UserError, "Only failed"):
            self._replay(operation="close", message_states="done")
        with self._refused(UserError, "ends before"):
            self._replay(date_from=clock.now(), date_to=clock.now() - timedelta(days=1))

    def test_form_shows_how_many_match(self):
        self._done()
        form = Form(self.env["interop.replay"].with_user(self.operator))
        form.reason = "Why"
        self.assertEqual(form.matching_count, 1)
        form.message_states = "failed"
        self.assertEqual(form.matching_count, 0)
        form.operation = "close"
        form.save()

    def test_b6_form_of_an_operator_who_works_in_one_of_two_facilities(self):
        """A system that serves both; one of them is chosen in the switcher."""
        both = self.facility | self.other_facility
        operator = self._create_user("operator", companies=both)
        interface = self._create_interface(
            system_id=self._create_system(
                company_ids=[(6, 0, both.ids)], facility_code_ids=[]
            ).id,
            company_ids=[(6, 0, both.ids)],
        )
        message = self._done(interface)
        replays = self.env["interop.replay"].with_user(operator)
        replays = replays.with_context(allowed_company_ids=self.facility.ids)
        self.env.invalidate_all()
        form = Form(replays)
        form.reason = "Why"
        self.assertEqual(form.matching_count, 1)
        form.interface_ids.add(interface.with_env(replays.env))
        self.assertEqual(form.matching_count, 1)
        replay = form.save()
        replay.action_start()
        self._run_replay(replay)
        self.assertEqual(message.state, "pending")

    def test_many_are_moved_by_a_few_statements_per_batch(self):
        ids = self._copies(self._done(), MANY)
        replay = self._replay()
        replay.action_start()
        started, counts = time.monotonic(), []
        while replay.state == "running":
            before = self.env.cr.sql_log_count
            replay.sudo()._run_batch()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        seconds = time.monotonic() - started
        self.assertEqual(self._states(ids), {"pending": MANY})
        self.assertEqual(replay.moved_count, MANY + 1)
        self.assertEqual(len(counts), (MANY + 1) // interop_replay.BATCH + 1)
        self.assertLess(max(counts), 80, "per batch, whatever its size")
        self.assertLess(seconds, 60 + MANY / 500)


@tagged("post_install", "-at_install")
class TestReplayAccess(ReplayCase):
    """Promise 9: facilities stay apart; who may do what."""

    def test_replay_touches_the_facility_it_names_and_no_other(self):
        both = self.facility | self.other_facility
        interface = self._create_interface(
            system_id=self._create_system(
                company_ids=[(6, 0, both.ids)], facility_code_ids=[]
            ).id,
            company_ids=[(6, 0, both.ids)],
        )
        mine = self._done(interface)
        theirs = self._done(interface, company=self.other_facility)
        replay = self._replay()
        replay.action_start()
        self._run_replay(replay)
        self.assertEqual((mine.state, theirs.state), ("pending", "done"))
        with self._refused(AccessError):
            self._replay(company_id=self.other_facility.id)

    def test_rights_are_those_of_who_started_it_whatever_the_record_says(self):
        theirs = self._done(
            self._create_interface(
                system_id=self._create_system(
                    company_ids=[(6, 0, self.other_facility.ids)], facility_code_ids=[]
                ).id,
                company_ids=[(6, 0, self.other_facility.ids)],
            ),
            company=self.other_facility,
        )
        replay = self._replay().sudo()
        replay.company_id = self.other_facility
        replay._transition({"requested_by_id": self.operator.id})
        replay._set_running()
        self._run_replay(replay)
        self.assertEqual((theirs.state, replay.moved_count), ("done", 0))

    def test_groups(self):
        for groups in (("user",), ("steward",), ("auditor",)):
            with self._refused(AccessError, msg=groups):
                self._replay(user=self._create_user(*groups))
        replay = self._replay()
        for group, reads in (("auditor", True), ("operator", True), ("user", False)):
            user = self._create_user(group)
            found = self.env["interop.replay"].with_user(user).search([])
            self.assertEqual(replay in found, reads, group)
        with self._refused(AccessError):
            replay.with_user(self._create_user("user")).action_start()
        with self._refused(AccessError):
            replay.with_user(self._create_user("auditor")).action_start()
        other = self._create_user("operator", companies=self.other_facility)
        self.assertFalse(self.env["interop.replay"].with_user(other).search([]))
        with self._refused(AccessError):
            replay.with_user(other).action_start()
        replay.with_user(self._create_user("operator")).action_start()
        self.assertEqual(replay.state, "running")
