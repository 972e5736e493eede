"""Retention: two periods, small batches, and open messages are never deleted."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .. import clock, const
from ..models.log import message_retention
from .fakes import EngineCase


@tagged("post_install", "-at_install")
class TestRetention(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls._create_interface(
            payload_retention_days=10, message_retention_days=100
        )

    def _closed(self, days, state="done", interface=None, **columns):
        message = self._publish(interface or self.interface)
        self._set_columns(message, state=state)
        closed_at = clock.now() - timedelta(days=days)
        self._set_columns(message, done_at=closed_at, create_date=closed_at, **columns)
        return message

    def _vacuum(self):
        self.env.flush_all()
        model = self.env["interop.message"]
        return model._gc_payloads(), model._gc_messages()

    def _contents(self, message):
        self.env.cr.execute(
            "SELECT count(*) FROM interop_payload p JOIN interop_message m"
            " ON m.payload_id = p.id WHERE m.id = %s",
            [message.id],
        )
        return self.env.cr.fetchone()[0]

    def test_content_and_message_go_on_their_own_clocks(self):
        young, middle, old = (self._closed(days) for days in (9, 11, 101))
        payload_ids = (young | middle | old).payload_id.ids
        self._vacuum()
        self.assertTrue(self._contents(young))
        self.assertTrue(middle.exists())
        self.assertFalse(self._contents(middle))
        self.assertFalse(middle.payload_id)
        self.assertFalse(old.exists())
        left = self.env["interop.payload"].browse(payload_ids).exists()
        self.assertEqual(left, young.payload_id, "no orphan stays behind")

    def test_clocks_are_those_of_the_interface(self):
        other = self._create_interface(
            payload_retention_days=1, message_retention_days=5
        )
        here, there = self._closed(9), self._closed(9, interface=other)
        self._vacuum()
        self.assertTrue(here.exists() and self._contents(here))
        self.assertFalse(there.exists())

    def test_open_messages_stay_for_ever_closed_ones_go(self):
        messages = {
            state: self._closed(1000, state) for state, _label in const.MESSAGE_STATES
        }
        self._vacuum()
        for state, message in messages.items():
            self.assertEqual(bool(message.exists()), state in const.OPEN_STATES, state)
            if state in const.OPEN_STATES:
                self.assertTrue(self._contents(message), state)

    def test_parent_of_an_open_resubmission_stays_with_it(self):
        parent = self._closed(1000, "cancelled")
        child = self._publish(self.interface)
        self._set_columns(child, parent_id=parent.id)
        self._vacuum()
        self.assertTrue(parent.exists())
        child._set_done()
        self._vacuum()
        self.assertFalse(parent.exists())
        self.assertTrue(child.exists())
        self.assertFalse(child.parent_id)

    def test_tries_go_with_their_message(self):
        message = self._publish(self.interface)
        self._run()
        attempts = message.attempt_ids
        self.assertTrue(attempts)
        self._set_columns(message, done_at=clock.now() - timedelta(days=101))
        self._vacuum()
        self.assertFalse(attempts.exists())

    def test_batches_are_small_and_the_vacuum_comes_back_for_more(self):
        messages = self.env["interop.message"].union(
            *(self._closed(1000) for _i in range(5))
        )
        with patch.object(message_retention, "BATCH", 2):
            self.assertEqual(self._vacuum(), ((2, True), (2, True)))
            self.assertEqual(len(messages.exists()), 3)
            self.assertEqual(self.env["interop.message"]._gc_messages(), (2, True))
            self.assertEqual(self.env["interop.message"]._gc_messages(), (1, False))
        self.assertFalse(messages.exists())

    def test_more_to_do_is_answered_when_content_is_long_gone(self):
        for _i in range(3):
            message = self._closed(1000)
            message.payload_id.sudo().unlink()
        with patch.object(message_retention, "BATCH", 2):
            self.assertEqual(self.env["interop.message"]._gc_messages(), (2, True))

    def test_new_interfaces_take_their_clocks_from_settings(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("interop_base.default_payload_retention_days", 3)
        parameters.set_param("interop_base.default_message_retention_days", 33)
        interface = self._create_interface(activate=False)
        self.assertEqual(
            (interface.payload_retention_days, interface.message_retention_days),
            (3, 33),
        )


@tagged("post_install", "-at_install")
class TestUndeletable(EngineCase):
    """Case 14: one row that the database keeps does not keep the others."""

    def setUp(self):
        super().setUp()
        self.interface = self._create_interface(
            payload_retention_days=1, message_retention_days=1
        )
        self.env.cr.execute("DELETE FROM interop_engine_problem")
        self.env.cr.execute(
            """CREATE TABLE interop_test_reference (
                   message_id int REFERENCES interop_message,
                   payload_id int REFERENCES interop_payload)"""
        )

    def _closed(self, count):
        messages = self.env["interop.message"]
        for _row in range(count):
            messages |= self._publish(self.interface)
        self._set_columns(messages, state="done")
        self._set_columns(messages, done_at=clock.now() - timedelta(days=9))
        return messages

    def _refer(self, **columns):
        self.env.flush_all()
        for name, value in columns.items():
            self.env.cr.execute(
                f"INSERT INTO interop_test_reference ({name}) VALUES (%s)", [value]
            )

    def test_undeletable_message_is_skipped_and_reported(self):
        """Case 14."""
        operator = self._create_user("operator")
        team = self.env["interop.team"].create(
            {"name": "Operators", "member_ids": [(6, 0, operator.ids)]}
        )
        self.env["ir.config_parameter"].set_param(
            "interop_base.operators_team_id", team.id
        )
        messages = self._closed(9)
        kept = messages[4] | messages[7]
        for message in kept:
            self._refer(message_id=message.id)
        self.assertEqual(self.env["interop.message"]._gc_messages(), (7, False))
        self.assertEqual(messages.exists(), kept)
        problems = self.env["interop.engine.problem"].search([])
        self.assertEqual(set(problems.mapped("res_id")), set(kept.ids))
        self.assertEqual(set(problems.mapped("subject")), {"interop.message"})
        self.assertIn("interop_test_reference", problems[0].text)
        self.assertEqual(problems.activity_ids.user_id, operator)
        self.assertEqual(len(problems.activity_ids), 1, "one task for one cause")
        settings = self.env["res.config.settings"].create({})
        self.assertIn("refuses to delete it", settings.interop_engine_texts)
        # Again within the day: left alone, so that the run gets to the others.
        self.assertEqual(self.env["interop.message"]._gc_messages(), (0, False))
        # The next day, and nothing refers to them any more.
        self.env.cr.execute("DELETE FROM interop_test_reference")
        self._set_columns(problems, last_at=clock.now() - timedelta(days=1))
        self.assertEqual(self.env["interop.message"]._gc_messages(), (2, False))
        self.assertFalse(messages.exists())
        self.assertFalse(problems.exists())

    def test_undeletable_content_is_skipped_and_reported(self):
        """Case 14, of contents."""
        messages = self._closed(5)
        payload_id = messages[2].payload_id.id
        self._refer(payload_id=payload_id)
        self.assertEqual(self.env["interop.message"]._gc_payloads(), (4, False))
        self.assertEqual(messages.payload_id.ids, [payload_id])
        problem = self.env["interop.engine.problem"].search([])
        self.assertEqual(
            (problem.subject, problem.res_id), ("interop.payload", payload_id)
        )

    def test_more_undeletable_rows_than_a_batch_holds_do_not_stop_the_rest(self):
        """Case 14: however many there are, the run comes to the end of the table."""
        messages = self._closed(8)
        for message in messages[:5]:
            self._refer(message_id=message.id)
        with patch.object(message_retention, "BATCH", 2):
            for _run in range(9):
                if not self.env["interop.message"]._gc_messages()[1]:
                    break
        self.assertEqual(messages.exists(), messages[:5])
