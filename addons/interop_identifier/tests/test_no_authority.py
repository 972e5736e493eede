"""Identifiers without an assigning authority: default of the sender, or a steward."""

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

    def test_a_steward_assigns_the_authority_and_all_continue(self):
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
        self.assertFalse(self.interface.approval_changed or self._changes())
        case.action_take_back()
        self.assertEqual(self._send(("", "4")).state, "parked")
        self.assertFalse(self.interface.approval_changed or self._changes())

    def _changes(self):
        return self.interface._changes_text(self.interface.approved_state)

    def test_another_default_waits_for_another_person(self):
        """S7: one person alone cannot have messages applied to other people's records."""
        both = self._create_user("admin", "steward")
        sender = self.sender.with_company(self.facility)
        sender.with_user(both).identifier_namespace_id = self.own
        self.assertTrue(self.interface.approval_changed)
        self.assertIn(self.own.code, self._changes())
        trail = self.env["interop.audit.event"].search(
            [("res_model", "=", sender._name), ("res_id", "=", sender.id)], limit=1
        )
        self.assertEqual((trail.action, trail.user_id), ("changed", both.id))
        self.assertIn(self.own.name, trail.detail)
        self.assertIn(self.facility.name, trail.detail)
        message = self._send(("", "1"), name="One")
        self.assertNotEqual(message.state, "done")
        with self._refused(UserError, "Another steward has to approve"):
            self._approve(self.interface, both)
        self._approve(self.interface)
        self._run()
        self.assertEqual(message.state, "done")
        sender.with_user(both).identifier_namespace_id = self.national
        self.assertTrue(self.interface.approval_changed)
        sender.with_user(both).identifier_namespace_id = self.own
        self.assertFalse(self.interface.approval_changed)

    def test_an_answer_where_another_default_was_approved_needs_approval(self):
        """S7: removing the default and answering the case does not bypass approval."""
        sender = self.sender.with_company(self.facility)
        sender.identifier_namespace_id = self.own
        self._approve(self.interface)
        sender.identifier_namespace_id = False
        self.assertTrue(self.interface.approval_changed)
        sender.sudo()._set_default_authority(self.national)
        self.assertTrue(self.interface.approval_changed)
        self.assertIn(self.national.code, self._changes())

    def test_defaults_elsewhere_and_outbound_flows_are_not_concerned(self):
        """S7."""
        outbound = self._create_interface(system_id=self.sender.id)
        elsewhere = self.sender.with_company(self.other_facility)
        elsewhere.identifier_namespace_id = self.national
        self.assertFalse(self.interface.approval_changed)
        here = self.sender.with_company(self.facility)
        here.identifier_namespace_id = self.own
        self.assertTrue(self.interface.approval_changed)
        self.assertFalse(outbound.approval_changed)

    def test_the_default_is_used_without_a_question(self):
        sender = self.sender.with_company(self.facility)
        sender.identifier_namespace_id = self.own
        self._approve(self.interface)
        message = self._send(("", "1"), name="One")
        self.assertEqual(message.state, "done")
        self.assertEqual(self._known(message.resource_ref).namespace_id, self.own)

    def test_a_name_that_is_too_long_is_no_authority(self):
        message = self._send(("x" * 300, "1"))
        case = self._case(message)
        with self.assertRaisesRegex(UserError, "not a possible decision"):
            self._decide(case, "namespace", namespace_id=self.own.id)
        self._decide(case, "rejected", reason="No such authority")
        self.assertEqual(message.state, "dead")
