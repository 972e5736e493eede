"""Identifiers that name no assigning authority: the sender's default, or a steward."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.interop_base.tests.fakes import EngineCase

from .case_common import CaseMixin


@tagged("post_install", "-at_install")
class TestNoAuthority(CaseMixin, EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_cases()

    def test_a_steward_says_whose_numbers_they_are_and_all_go_on(self):
        first = self._send(("", "1"), name="One")
        second = self._send(("", "2"), name="Two")
        self.assertEqual((first.state, second.state), ("parked", "parked"))
        case = self._case(first)
        self.assertEqual(self._case(second), case)
        self.assertIn("names no assigning authority", case.question)
        self._decide(case, "namespace", namespace_id=self.own.id)
        self.assertEqual((first.state, second.state), ("done", "done"))
        self.assertEqual(self._known(first.resource_ref).namespace_id, self.own)
        self.assertFalse(self.own.alias_ids)
        self.assertEqual(self._send(("", "3")).state, "done")
        case.action_forget()
        self.assertEqual(self._send(("", "4")).state, "parked")

    def test_the_default_is_taken_without_asking(self):
        sender = self.sender.with_company(self.facility)
        sender.identifier_namespace_id = self.own
        message = self._send(("", "1"), name="One")
        self.assertEqual(message.state, "done")
        self.assertEqual(self._known(message.resource_ref).namespace_id, self.own)

    def test_a_name_that_is_too_long_is_no_authority(self):
        message = self._send(("x" * 300, "1"))
        case = self._case(message)
        with self.assertRaisesRegex(UserError, "does not answer"):
            self._decide(case, "namespace", namespace_id=self.own.id)
        self._decide(case, "rejected", reason="No such authority")
        self.assertEqual(message.state, "dead")
