"""Failures by cause: retried or closed all at once, and never gone before that."""

import time
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .. import clock
from .bulk_common import MANY, BulkCase


class CauseCase(BulkCase):
    """Adds an interface and an operator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls._create_interface()
        cls.operator = cls._create_user("operator")

    def _causes(self, user=None):
        self.env.flush_all()
        model = self.env["interop.dead.letter.cause"].with_user(user or self.operator)
        model.invalidate_model(flush=False)
        return model.search([])

    def _replay_of(self, action, user=None):
        """Run the job that an action started, and return it."""
        replay = self.env["interop.replay"].with_user(user or self.operator)
        replay = replay.browse(action["res_id"])
        self._run_replay(replay)
        return replay

    def _close(self, records, reason="Booked by hand"):
        """Press Close on ``records`` and answer the dialog."""
        action = records.action_close()
        wizard = records.env(context=action["context"])[action["res_model"]]
        return wizard.create({"reason": reason}).action_close()


@tagged("post_install", "-at_install")
class TestCauses(CauseCase):
    def test_one_line_per_cause_with_what_one_needs_to_know(self):
        first = self._dead()
        self._set_columns(first, create_date=clock.now() - timedelta(days=2))
        last = self._dead()
        other = self._dead(text="Certificate expired")
        causes = self._causes()
        self.assertEqual(causes.mapped("message_count"), [2, 1])
        cause = causes[0]
        self.assertEqual(cause.cause, first.cause)
        self.assertEqual(cause.interface_id, self.interface)
        self.assertEqual(cause.owner_user_id, first.owner_user_id)
        self.assertEqual(cause.error_message, "Connection refused")
        self.assertEqual(cause.example_id, last)
        self.assertEqual(cause.first_seen, first.create_date)
        queued = self.env["interop.queue"].browse(last.id)
        self.assertEqual(cause.last_seen, queued.failed_at)
        self.assertTrue(cause.next_step)
        self.assertEqual(causes[1].error_message, other.error_message)

    def test_messages_of_a_cause_are_those_it_counts(self):
        wanted = self._dead() | self._dead()
        self._dead(text="Certificate expired")
        action = self._causes()[0].action_open_messages()
        self.assertEqual(action["res_model"], "interop.message")
        found = self.env["interop.message"].search(action["domain"])
        self.assertEqual(set(found.ids), set(wanted.ids))

    def test_retry_all_of_a_cause_and_nothing_else(self):
        wanted = self._dead() | self._dead()
        other = self._dead(text="Certificate expired")
        replay = self._replay_of(self._causes()[0].action_retry())
        self.assertEqual(set(wanted.mapped("state")), {"pending"})
        self.assertEqual(other.state, "dead")
        self.assertEqual(replay.moved_count, 2)
        self.assertFalse(wanted.owner_user_id)
        line = self.env["interop.audit.event"].search(
            [("res_model", "=", "interop.replay"), ("res_id", "=", replay.id)],
            order="id",
            limit=1,
        )
        self.assertEqual((line.action, line.login), ("replayed", self.operator.login))
        self.assertIn("2 messages", line.detail)

    def test_never_rendered_messages_are_built_again_or_skipped_with_the_reason(self):
        kept, deleted = self._publish(self.interface), self._publish(self.interface)
        for message in kept | deleted:
            message.sudo().payload_id.unlink()
            self._set_columns(message, payload_id=None, size=0)
            message._set_dead("schema", "schema_violation", "Name is missing")
        self.env["res.partner"].browse(deleted.res_id).unlink()
        replay = self._replay_of(self._causes().action_retry())
        self.assertEqual((kept.state, deleted.state), ("cancelled", "dead"))
        self.assertEqual((replay.moved_count, replay.skipped_count), (1, 1))
        self.assertIn("was deleted", replay.skipped_text)
        self._run()
        self.assertEqual(kept.child_ids.mapped("state"), ["done"])
        self.assertEqual(kept.child_ids.res_id, kept.res_id)

    def test_parked_inbound_messages_are_retried_by_cause_too(self):
        inbound = self._create_interface(direction="in")
        messages = self._receive(inbound, {}) | self._receive(inbound, {})
        messages._set_parked("unknown_identifier", "unknown_identifier", "NPI 1")
        cause = self._causes()
        self.assertEqual((cause.state, cause.message_count), ("parked", 2))
        self._replay_of(cause.action_retry())
        self.assertEqual(set(messages.mapped("state")), {"pending"})

    def test_close_all_of_a_cause_with_a_reason(self):
        wanted, other = self._dead() | self._dead(), self._dead(text="Something else")
        replay = self._replay_of(self._close(self._causes()[0]))
        self.assertEqual(set(wanted.mapped("state")), {"cancelled"})
        self.assertEqual(set(wanted.mapped("error_message")), {"Booked by hand"})
        self.assertEqual((other.state, replay.state), ("dead", "done"))
        lines = self.env["interop.audit.event"].search(
            [("res_model", "=", "interop.replay"), ("res_id", "=", replay.id)]
        )
        self.assertEqual(set(lines.mapped("action")), {"closed"})
        self.assertEqual(replay.reason, "Booked by hand")

    def test_close_some_messages_with_a_reason(self):
        dead, left = self._dead(), self._dead()
        done = self._done()
        messages = (dead | done).with_user(self.operator)
        self._close(messages)
        self.assertEqual(
            [m.state for m in (dead, left, done)], ["cancelled", "dead", "done"]
        )
        self.assertEqual(dead.error_message, "Booked by hand")
        line = self.env["interop.audit.event"].search(
            [("action", "=", "closed"), ("res_id", "=", dead.id)]
        )
        self.assertEqual(line.detail, "Booked by hand")
        with self._refused(UserError, "Only failed"):
            self._close(done.with_user(self.operator))

    def test_dead_letter_stays_until_somebody_closes_it(self):
        """Whatever the age: neither the message nor its content goes."""
        message = self._dead()
        ages_ago = clock.now() - timedelta(days=5000)
        self._set_columns(
            message, create_date=ages_ago, write_date=ages_ago, done_at=ages_ago
        )
        vacuum = self.env["interop.message"]
        vacuum._gc_payloads()
        vacuum._gc_messages()
        self.assertTrue(message.exists().payload_id)
        self.assertEqual(self._causes().message_count, 1)
        self._close(message.with_user(self.operator))
        vacuum._gc_messages()
        self.assertTrue(message.exists(), "its clock starts when it is closed")
        self._set_columns(message, done_at=ages_ago)
        vacuum._gc_messages()
        self.assertFalse(message.exists())

    def test_causes_that_are_gone_meanwhile_say_so(self):
        message = self._dead()
        cause = self._causes()
        message._set_pending()
        self.env.flush_all()
        with self._refused(UserError, "no longer exist"):
            cause.action_retry()

    def test_many_are_listed_and_retried_in_seconds(self):
        ids = self._copies(self._dead(), MANY)
        started = time.monotonic()
        cause = self._causes()
        self.assertEqual(cause.message_count, MANY + 1)
        listed = time.monotonic() - started
        self.assertLess(listed, 5 + MANY / 50_000)
        before = self.env.cr.sql_log_count
        action = cause.action_retry()
        self.assertLess(
            self.env.cr.sql_log_count - before, 120, "the click only starts it"
        )
        replay = self._replay_of(action)
        self.assertEqual(self._states(ids), {"pending": MANY})
        self.assertEqual(replay.moved_count, MANY + 1)


@tagged("post_install", "-at_install")
class TestCauseAccess(CauseCase):
    """Promise 9, and the own area of functional users."""

    def test_user_sees_and_retries_the_own_area_only(self):
        clerk = self._create_user("user")
        team = self.env["interop.team"].create(
            {"name": "Billing", "member_ids": [(6, 0, clerk.ids)]}
        )
        mine = self._dead()
        self._set_columns(mine, owner_user_id=None, owner_team_id=team.id)
        other = self._dead()
        cause = self._causes(clerk)
        self.assertEqual(cause.message_count, 1)
        replay = self._replay_of(cause.action_retry(), clerk)
        self.assertEqual((mine.state, other.state), ("pending", "dead"))
        self.assertEqual(replay.requested_by_id, clerk)
        self.assertTrue(replay.read(["progress"]), "who asked for it sees how it goes")
        self.assertFalse(
            self.env["interop.replay"].with_user(self._create_user("user")).search([])
        )

    def test_causes_of_another_facility_are_neither_seen_nor_touched(self):
        there = self._create_interface(
            system_id=self._create_system(
                company_ids=[(6, 0, self.other_facility.ids)], facility_code_ids=[]
            ).id,
            company_ids=[(6, 0, self.other_facility.ids)],
        )
        theirs = self._dead(there, company=self.other_facility)
        for groups in (("user",), ("operator",), ("admin", "auditor", "steward")):
            user = self._create_user(*groups)
            self.assertFalse(self._causes(user), groups)
            cause = self._causes(self.env.user).with_user(user)
            for button in ("action_retry", "action_close", "action_open_messages"):
                with self._refused(AccessError, msg=(groups, button)):
                    getattr(cause, button)()
            with self._refused(AccessError, msg=groups):
                self._close(theirs.with_user(user))
        self.assertEqual(theirs.state, "dead")

    def test_readers_cannot_act(self):
        self._dead()
        for group in ("auditor", "steward"):
            cause = self._causes(self._create_user(group))
            self.assertEqual(cause.message_count, 1)
            for button in ("action_retry", "action_close"):
                with self._refused(AccessError, msg=group):
                    getattr(cause, button)()

    def test_wizard_closes_nothing_but_messages(self):
        wizard = (
            self.env["interop.close.wizard"]
            .with_user(self.operator)
            .create({"res_model": "res.partner", "res_ids": "1", "reason": "x"})
        )
        with self._refused(UserError, "cannot be closed"):
            wizard.action_close()

    def test_unresolved_facility_is_for_all_facility_operators(self):
        message = self._receive(
            self._create_interface(direction="in"), {}, company=self.env["res.company"]
        )
        message._set_dead("conflict", "x", "x")
        self.assertFalse(self._causes())
        everywhere = self._create_user("operator", "all_facilities")
        cause = self._causes(everywhere)
        self.assertEqual(cause.message_count, 1)
        self._replay_of(cause.action_retry(), everywhere)
        self.assertEqual(message.state, "pending")
