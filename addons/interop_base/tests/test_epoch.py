"""After a restore, receivers see that numbers start anew."""

import io
import json
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .. import clock
from ..cli.interop import Interop
from .fakes import EngineCase


@tagged("post_install", "-at_install")
class TestNewEpoch(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls._create_interface()

    def setUp(self):
        super().setUp()
        self.before = self._all_lines()

    def _numbers(self, message):
        body = json.loads(message._payload_bytes())
        self.assertEqual(
            (body["epoch"], body["sequence"]), (message.epoch, message.sequence)
        )
        return message.epoch, message.sequence

    def _all_lines(self):
        return self.env["interop.audit.event"].search([("action", "=", "epoch")])

    def _lines(self):
        """Return the audit lines that this test left."""
        return self._all_lines() - self.before

    def test_button_starts_a_new_epoch_and_leaves_a_line(self):
        self.assertEqual(self._numbers(self._publish(self.interface)), (1, 1))
        self.assertEqual(self._numbers(self._publish(self.interface)), (1, 2))
        admin = self._create_user("admin", "base.group_system")
        settings = self.env["res.config.settings"].with_user(admin).create({})
        settings.action_interop_new_epoch()
        epoch, sequence = self._numbers(self._publish(self.interface))
        self.assertGreater(epoch, 1)
        self.assertEqual(sequence, 1)
        self.assertEqual(self._lines().login, admin.login)
        self.assertEqual(self._lines().res_model, "interop.stream")

    def test_only_administrators_may(self):
        self._publish(self.interface)
        for groups in (("operator",), ("steward",), ("auditor",)):
            user = self._create_user(*groups)
            settings = self.env["res.config.settings"].sudo().new({})
            with self._refused(AccessError):
                settings.with_user(user).action_interop_new_epoch()
            with self._refused(AccessError):
                self.env["interop.stream"].with_user(user).search([]).epoch = 9
        self.assertFalse(self._lines())

    def test_command(self):
        self._publish(self.interface)
        with patch("sys.stdout", io.StringIO()) as output:
            Interop()._on_database("new-epoch", self.env)
        epoch, sequence = self._numbers(self._publish(self.interface))
        self.assertIn(f"epoch {epoch}", output.getvalue())
        self.assertEqual(sequence, 1)
        self.assertEqual(len(self._lines()), 1)

    def test_second_restore_of_one_backup_starts_another_epoch(self):
        """Both databases know the same last epoch: counting up would repeat it."""
        stream = self.env["interop.stream"]
        self._publish(self.interface)
        now = clock.timestamp()
        epochs = []
        for minutes in (0, 1):
            with (
                self.env.cr.savepoint() as savepoint,
                patch.object(clock, "timestamp", lambda m=minutes: now + 60 * m),
            ):
                epochs.append(stream._set_new_epoch())
                savepoint.rollback()  # what the restore does
        self.assertEqual(epochs[1], epochs[0] + 1)
        with patch.object(clock, "timestamp", lambda: 0):  # a clock that went back
            first = stream._set_new_epoch()
            self.assertEqual(stream._set_new_epoch(), first + 1)

    def test_stream_that_began_after_the_backup_starts_anew_too(self):
        silent = self._create_interface()
        epoch = self.env["interop.stream"]._set_new_epoch()
        self.assertEqual(self._numbers(self._publish(silent)), (epoch, 1))
