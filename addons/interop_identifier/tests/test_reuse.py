"""Re-use of a value by another record."""

from datetime import timedelta

import psycopg2

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import ConflictError
from odoo.addons.interop_base.tests.fakes import EngineCase

from .case_common import NATIONAL, CaseMixin
from .common import IdentifierCase


@tagged("post_install", "-at_install")
class TestReuse(IdentifierCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls._create_namespace(reuse_policy="never")
        cls.other = cls.env["res.partner"].create({"name": "Eve Other"})

    def _retired(self, days=0):
        row = self._create_identifier(self.own, "7")
        row._set_retired()
        row.period_end = clock.now() - timedelta(days=days)
        return row

    def _again(self, record=None):
        with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            return self._create_identifier(self.own, "7", record or self.other)

    def _link(self, record):
        wires = [self._wire(self.own, "7")]
        return self.identifiers._link(record, wires, self._message())

    def test_never(self):
        row = self._retired()
        with self.assertRaises(psycopg2.errors.UniqueViolation):
            self._again()
        with self.assertRaises(ConflictError) as caught:
            self._link(self.other)
        self.assertEqual(caught.exception.code, "identifier_reuse")
        row._set_entered_in_error()  # it never was that record's
        self.assertTrue(self._again())

    def test_never_except_for_the_same_record(self):
        row = self._retired()
        self.assertFalse(self._link(self.partner))
        self.assertEqual((row.state, row.period_end), ("active", False))

    def test_after_retirement(self):
        self.own.reuse_policy = "retired"
        self._retired()
        self.assertEqual(self._again().state, "active")

    def test_days_after_retirement(self):
        self.own.write({"reuse_policy": "days", "reuse_days": 30})
        row = self._retired(days=29)
        with self.assertRaises(psycopg2.errors.CheckViolation):
            self._again()
        with self.assertRaisesRegex(ConflictError, "30 days"):
            self._link(self.other)
        self.own.reuse_days = 28
        self.assertEqual(self._again().state, "active")
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            row._set_active()
            self.env.flush_all()

    def test_the_policy_changes_later(self):
        self.own.reuse_policy = "retired"
        self._retired()
        self.own.reuse_policy = "never"
        with self.assertRaises(psycopg2.errors.UniqueViolation):
            self._again()
        self.own.reuse_policy = "retired"
        self._again()
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.own.reuse_policy = "never"
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.own.write({"reuse_policy": "days", "reuse_days": 0})

    def test_ignored_text(self):
        namespace = self._create_namespace(ignored_pattern="^MRN-?")
        row = self._create_identifier(namespace, "MRN-7")
        self.assertEqual(row.value_normalized, "7")
        with self.assertRaises(ValidationError):
            self._create_namespace(ignored_pattern="(")
        with self.assertRaises(UserError):
            namespace.ignored_pattern = False


@tagged("post_install", "-at_install")
class TestReuseByMessage(CaseMixin, EngineCase):
    """The message waits in the steward's queue and continues automatically."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_cases()
        cls.row = cls._identify(cls.ada, cls.national, "N-20")
        cls.row._set_retired()
        cls.row.period_end = clock.now() - timedelta(days=10)

    def _decided(self, decision):
        message = self._send((NATIONAL, "N-20"), name="Eve")
        self.assertEqual(
            (message.state, message.error_code), ("parked", "identifier_reuse")
        )
        self.assertNotIn("N-20", message.error_message)
        self._decide(self._case(message), decision)
        self.assertEqual(message.state, "done")
        return self.env["res.partner"].browse(message.res_id)

    def test_a_steward_approves(self):
        found = self._decided("create")
        self.assertEqual(found.name, "Eve")
        self.assertEqual(self._known(found).state, "active")
        self.assertEqual((self.row.partner_id, self.row.state), (self.ada, "retired"))

    def test_a_steward_gives_it_back(self):
        self.assertEqual(self._decided("same"), self.ada)
        self.assertEqual(self.row.state, "active")
        self.assertEqual(self.row.state_message_id.res_id, self.ada.id)

    def test_a_late_message_is_about_the_former_holder(self):
        then = clock.isoformat(clock.now() - timedelta(days=11))
        eve = self._identify(self.king, self.national, "N-20")
        message = self._send((NATIONAL, "N-20"), name="Ada", occurred_at=then)
        self.assertEqual((message.state, message.res_id), ("done", self.ada.id))
        self.assertEqual((self.row.state, eve.state), ("retired", "active"))
