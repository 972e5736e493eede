"""Retention: two clocks, small batches, never what still waits for someone."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .. import clock, const
from ..models import interop_retention
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
        message._transition({"state": state})
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
        with patch.object(interop_retention, "BATCH", 2):
            self.assertEqual(self._vacuum(), ((2, True), (2, True)))
            self.assertEqual(len(messages.exists()), 3)
            self.assertEqual(self.env["interop.message"]._gc_messages(), (2, True))
            self.assertEqual(self.env["interop.message"]._gc_messages(), (1, False))
        self.assertFalse(messages.exists())

    def test_more_to_do_is_answered_when_content_is_long_gone(self):
        for _i in range(3):
            message = self._closed(1000)
            message.payload_id.sudo().unlink()
        with patch.object(interop_retention, "BATCH", 2):
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
