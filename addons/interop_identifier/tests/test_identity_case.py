"""The steward's queue: its cases, the effects of decisions, and their order."""

import re

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.interop_base.exceptions import (
    ConflictError,
    PossibleDuplicate,
    UnknownIdentifier,
)
from odoo.addons.interop_base.tests.fakes import EngineCase
from odoo.addons.interop_identifier.models.case_decision import CaseDecision

from .case_common import NATIONAL, SENDER, CaseMixin


@tagged("post_install", "-at_install")
class TestIdentityCase(CaseMixin, EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_cases()

    def _audit(self, case):
        return self.env["interop.audit.event"].search(
            [("res_model", "=", case._name), ("res_id", "=", case.id)]
        )

    def _names(self, case):
        """Return the names of both records, without their numbers."""
        return {name.split(" (#")[0] for name in (case.left_name, case.right_name)}

    def _side_of(self, case, record):
        return "left" if case.left_id == record.id else "right"

    # === WHAT LANDS THERE === #

    def test_a_possible_duplicate_shows_both_candidates_and_counts_its_attempt(self):
        message = self._ambiguous()
        self.assertEqual((message.state, message.attempt_count), ("parked", 1))
        case = self._case(message)
        self.assertEqual((case.kind, case.state), ("duplicate", "open"))
        self.assertEqual(self._names(case), {"Ada Byron", "Ada King"})
        self.assertEqual((case.waiting_count, case.message_count), (1, 1))
        self.assertEqual(case.company_id, self.facility)
        self.assertIn("Ada King", message.with_user(self.steward).identity_about)
        self.assertIn("steward", message.next_step)
        self._case(message).user_id = self.steward
        self.assertIn(self.steward.name, message.next_step)
        self._case(message).user_id = False
        self.assertIn("A steward decides", message.next_step)
        action = message.action_view_identity_case()
        self.assertEqual(action["res_id"], case.id)

    def test_one_case_per_question(self):
        first = self._ambiguous()
        second = self._ambiguous()
        self.assertEqual(first.identity_case_id, second.identity_case_id)
        self.assertEqual(self._case(first).waiting_count, 2)

    def test_the_steward_has_one_activity_until_it_is_decided(self):
        message = self._ambiguous()
        self._ambiguous()
        case = self._case(message)
        self.assertEqual(case.user_id, self.steward)
        self.assertEqual(case.activity_ids.user_id, self.steward)
        self.assertEqual(len(case.activity_ids), 1)
        self._decide(case, "rejected", reason="Typing error")
        self.assertFalse(case.activity_ids)

    def test_the_steward_with_the_fewest_open_cases_gets_it(self):
        self.interface.exception_user_id = self.env.user
        busy = self.steward
        idle = self._create_user("steward")
        elsewhere = self._create_user("steward", companies=self.other_facility)
        first = self._case(self._ambiguous()).user_id
        second = self._case(self._send(("urn:nobody:1", "1"))).user_id
        self.assertNotIn(elsewhere, first | second)
        self.assertIn(first, self._stewards() | busy | idle)
        self.assertNotEqual(first, second)

    def _stewards(self):
        return self.env.ref("interop_base.interop_base_group_steward").all_user_ids

    def test_a_parked_message_without_a_question_has_a_separate_case(self):
        self._identify(self.facility, self.own, "A-9")
        message = self._send((SENDER, "A-9"))
        case = self._case(message)
        self.assertEqual(case.kind, "conflict")
        self.assertFalse(case.can_merge or case.can_tell_apart or case.can_create)
        with self._refused(UserError, "not a possible decision"):
            case.action_same()

    # === SAME === #

    def test_same_merges_and_the_messages_continue(self):
        first, second = self._ambiguous(), self._ambiguous()
        case = self._case(first)
        side = self._side_of(case, self.ada)
        self._decide(case, "same", survivor=side, reason="Married")
        self.assertEqual((first.state, second.state), ("done", "done"))
        self.assertEqual(first.resource_ref, self.ada)
        self.assertEqual(self._known(self.king), self._known(self.king).browse())
        self.assertEqual((case.state, case.decision), ("decided", "same"))
        self.assertEqual(case.decided_by_id, self.steward)
        self.assertIn("decided", self._audit(case).mapped("action"))
        self.assertEqual(self._ambiguous().state, "done", "never asked again")

    def test_undo_of_the_merge_asks_again(self):
        message = self._ambiguous()
        case = self._case(message)
        self._decide(case, "same", survivor="left")
        case.merge_id._unmerge("Two sisters")
        self.assertEqual(case.state, "undone")
        self.assertEqual(self._known(self.king).namespace_id, self.national)
        again = self._ambiguous()
        self.assertEqual(again.state, "parked")
        self.assertNotEqual(again.identity_case_id, message.identity_case_id)

    def test_a_merge_that_contradicts_an_earlier_one_is_asked(self):
        merges = self.env["interop.identifier.merge"].with_company(self.facility)
        third = self.env["res.partner"].create({"name": "Third"})
        merges._merge(self.ada, self.king)
        with self.assertRaises(PossibleDuplicate) as caught:
            merges._merge(third, self.king)
        self.assertEqual(caught.exception.question.kind, "merge")
        case = self.cases._open(caught.exception.question, company=self.facility)
        case = case.with_user(self.steward)
        self.assertEqual(self._names(case), {"Third", "Ada Byron"})
        self._decide(case, "same", survivor="left")
        self.assertEqual(case.merge_id.state, "merged")
        self.assertEqual(merges._survivor(third), merges._survivor(self.king))

    def test_a_merge_of_records_declared_different_is_refused(self):
        merges = self.env["interop.identifier.merge"].with_company(self.facility)
        case = self._case(self._ambiguous())
        self._decide(case, "different", about="none")
        with self.assertRaises(ConflictError):
            merges._merge(self.ada, self.king)
        with self._refused(UserError, "these two records are different"):
            self.env["base.partner.merge.automatic.wizard"]._merge(
                (self.ada | self.king).ids, self.ada
            )
        case.action_take_back()
        merges._merge(self.ada, self.king)

    def test_records_merged_meanwhile_allow_only_try_again(self):
        message = self._ambiguous()
        case = self._case(message)
        self.env["interop.identifier.merge"]._merge(self.ada, self.king)
        self.assertFalse(case.can_merge or case.can_tell_apart)
        self.assertIn("already merged", case.question)
        self._decide(case, "retried")
        self.assertEqual((message.state, message.resource_ref), ("done", self.ada))

    # === NOT THE SAME === #

    def test_not_the_same_is_remembered(self):
        message = self._ambiguous()
        case = self._case(message)
        side = self._side_of(case, self.ada)
        self._decide(case, "different", about=side)
        self.assertEqual((message.state, message.resource_ref), ("done", self.ada))
        self.assertEqual(self._known(self.king).value, "N-20", "stays where it is")
        again = self._ambiguous()
        self.assertEqual((again.state, again.resource_ref), ("done", self.ada))
        self.assertEqual(len(self.cases.search([("kind", "=", "duplicate")])), 1)

    def test_not_the_same_may_make_such_messages_fail(self):
        message = self._ambiguous()
        with self._refused(UserError, "how messages that name both"):
            self._decide(self._case(message), "different")
        self._decide(self._case(message), "different", about="none")
        self.assertEqual((message.state, message.error_code), ("dead", "told_apart"))
        self.assertTrue(message.owner_user_id)
        self.assertEqual(self._ambiguous().state, "dead", "never asked again")

    def test_not_the_same_counts_at_other_facilities_and_after_merges(self):
        message = self._ambiguous()
        case = self._case(message)
        side = self._side_of(case, self.ada)
        self._decide(case, "different", about=side)
        self.sender.company_ids |= self.other_facility
        elsewhere = self._create_interface(
            direction="in",
            system_id=self.sender.id,
            contract_ids=[(6, 0, self.contract.ids)],
            company_ids=[(6, 0, self.other_facility.ids)],
        )
        there = self._ambiguous(interface=elsewhere, company=self.other_facility)
        self.assertEqual(there.state, "done")
        survivor = self.env["res.partner"].create({"name": "Ada the Elder"})
        self.env["interop.identifier.merge"]._merge(survivor, self.ada)
        after = self._ambiguous()
        self.assertEqual((after.state, after.resource_ref), ("done", survivor))

    def test_not_the_same_can_be_taken_back(self):
        message = self._ambiguous()
        case = self._case(message)
        self._decide(case, "different", about="none")
        case.action_take_back()
        self.assertEqual(case.state, "undone")
        self.assertIn("undone", self._audit(case).mapped("action"))
        message.action_cancel()
        self.assertEqual(self._ambiguous().state, "parked")
        with self._refused(UserError, "no decision that can be taken back"):
            case.action_take_back()

    # === SECOND NUMBERS === #

    def _second_number(self, number="A-2", **values):
        if not self._known(self.ada):
            self._identify(self.ada, self.own, "A-1")
            self._identify(self.ada, self.national, "N-10")
        return self._send((SENDER, number), (NATIONAL, "N-10"), **values)

    def test_a_second_number_of_the_same_person_also_finds_the_person(self):
        message = self._second_number()
        case = self._case(message)
        self.assertTrue(case.can_link and case.can_create)
        self.assertEqual(case.subject, "••••")
        self._decide(case, "same")
        self.assertEqual((message.state, message.resource_ref), ("done", self.ada))
        for number in ("A-1", "A-2"):
            self.assertEqual(self._send((SENDER, number)).resource_ref, self.ada)

    def test_a_second_number_of_a_new_person_creates_one_record(self):
        message = self._second_number(name="Ada the Younger")
        self._decide(self._case(message), "create")
        self.assertEqual(message.state, "done")
        new = message.resource_ref
        self.assertNotEqual(new, self.ada)
        self.assertEqual(self._known(new).value, "A-2")
        again = self._second_number(name="Ada the Younger")
        self.assertEqual((again.state, again.resource_ref), ("done", new))
        self.assertEqual(
            self.cases.search([("decision", "=", "different")]).decided_by_id,
            self.steward,
        )

    # === UNKNOWN IDENTIFIERS === #

    def test_unknown_identifiers_wait_if_the_interface_asks_a_steward(self):
        self.assertEqual(self._send((SENDER, "A-7")).state, "done", "creates")
        self._set_columns(self.interface, unknown_policy="park")
        first = self._send((SENDER, "A-8765"))
        second = self._send((SENDER, "A-8765"), (NATIONAL, "N-1"))
        self.assertEqual((first.state, second.state), ("parked", "parked"))
        case = self._case(first)
        self.assertEqual(second.identity_case_id, first.identity_case_id)
        self.assertEqual(case.subject, "••••65")
        self._decide(case, "same", record_ref=f"res.partner,{self.king.id}")
        self.assertEqual((first.state, second.state), ("done", "done"))
        self.assertEqual(self._known(self.king).mapped("value"), ["N-1", "A-8765"])

    def test_unknown_identifiers_may_be_a_new_person(self):
        self._set_columns(self.interface, unknown_policy="park")
        message = self._send((SENDER, "A-8"), name="Newcomer")
        self._decide(self._case(message), "create")
        self.assertEqual(message.resource_ref.name, "Newcomer")
        self.assertEqual(self._send((SENDER, "A-8")).state, "done")

    def test_a_referenced_record_is_chosen_not_created(self):
        identifiers = self.env["interop.identifier"]
        wires = [{"system": SENDER, "value": "L-1"}]
        message = self._ambiguous()
        with self.assertRaises(UnknownIdentifier) as caught:
            identifiers._resolve_unknown(
                wires, message, "res.partner", create=False, text="Who"
            )
        self.assertEqual(str(caught.exception), "Who")
        case = self.cases._open(caught.exception.question, message)
        case = case.with_user(self.steward)
        self.assertFalse(case.can_create)
        self._decide(case, "same", record_ref=f"res.partner,{self.king.id}")
        found = identifiers._resolve_unknown(
            wires, message, "res.partner", create=False
        )
        self.assertEqual(found, self.king)
        self.assertIsNone(identifiers._resolve_unknown(wires, message, "res.partner"))

    def test_the_chosen_record_has_to_be_of_the_right_kind(self):
        self._set_columns(self.interface, unknown_policy="park")
        case = self._case(self._send((SENDER, "A-8")))
        with self._refused(UserError, "of another kind than"):
            self._decide(case, "same", record_ref=f"res.company,{self.facility.id}")
        with self._refused(UserError, "Choose the record"):
            self._decide(case, "same")

    # === ASSIGNING AUTHORITIES === #

    def test_an_unknown_authority_is_assigned_and_all_messages_continue(self):
        first = self._send(("MERCY", "1"), name="One")
        second = self._send(("MERCY", "2"), name="Two")
        case = self._case(first)
        self.assertEqual((case.kind, case.subject), ("namespace", "MERCY"))
        self.assertEqual(second.identity_case_id, first.identity_case_id)
        self._decide(case, "namespace", namespace_id=self.own.id)
        self.assertEqual((first.state, second.state), ("done", "done"))
        self.assertEqual(self.own.alias_ids.system_id, self.sender)
        self.assertEqual(self.own.alias_ids.company_id, self.facility)
        case.action_take_back()
        self.assertFalse(self.own.alias_ids)
        self.assertEqual(self._send(("MERCY", "3")).state, "parked")

    def test_an_unknown_authority_may_be_a_new_one(self):
        message = self._send(("urn:oid:1.2.3", "1"))
        case = self._case(message)
        with self._refused(UserError, "Enter: Name, Code"):
            self._decide(case, "namespace", new_namespace=True)
        self._decide(
            case,
            "namespace",
            new_namespace=True,
            name="Mercy numbers",
            code="mercy-numbers",
            of_sender=True,
        )
        self.assertEqual(message.state, "done")
        namespace = self._known(message.resource_ref).namespace_id
        self.assertEqual(namespace.uri, "urn:oid:1.2.3")
        self.assertEqual(
            (namespace.company_id, namespace.system_id), (self.facility, self.sender)
        )

    def test_a_namespace_of_another_facility_is_refused(self):
        case = self._case(self._send(("MERCY", "1")))
        both = self._create_user(
            "steward", companies=self.facility | self.other_facility
        )
        theirs = self._namespace(
            "Theirs", "urn:theirs", company_id=self.other_facility.id
        )
        case = case.with_user(both).with_context(
            allowed_company_ids=(self.facility | self.other_facility).ids
        )
        with self._refused(UserError, "another facility"):
            CaseDecision(case).assign_namespace(theirs.with_env(case.env))

    # === REJECT AND TRY AGAIN === #

    def test_reject_fails_the_messages_for_a_reason_with_an_owner(self):
        first, second = self._ambiguous(), self._ambiguous()
        case = self._case(first)
        with self._refused(UserError, "Enter the reason for the rejection"):
            self._decide(case, "rejected", reason=" ")
        self._decide(case, "rejected", reason="Wrong number typed in")
        for message in first | second:
            self.assertEqual(
                (message.state, message.error_code, message.error_message),
                ("dead", "rejected", "Wrong number typed in"),
            )
            self.assertEqual(message.owner_user_id, self.steward)
            self.assertIn("Ask the sender to correct it", message.next_step)
        self.assertEqual(self._ambiguous().state, "parked", "not remembered")

    def test_try_again_after_a_correction_elsewhere(self):
        message = self._ambiguous()
        case = self._case(message)
        self._decide(case, "retried")
        self.assertEqual(message.state, "parked", "nothing was corrected: asked again")
        self.assertNotEqual(message.identity_case_id.id, case.id)
        self._known(self.king).with_user(self.steward)._set_entered_in_error()
        self._decide(self._case(message), "retried")
        self.assertEqual(message.state, "done")

    def test_a_case_without_waiting_messages_closes_automatically(self):
        first, second = self._ambiguous(), self._ambiguous()
        case = self._case(first)
        first.action_cancel()
        self.assertEqual(case.state, "open")
        second._close("Sent again by hand")
        self.assertEqual((case.state, case.decision), ("decided", "settled"))
        self.assertFalse(case.activity_ids or case.decided_by_id)

    # === WHO AND WHEN === #

    def test_the_second_steward_sees_the_first_decision(self):
        case = self._case(self._ambiguous())
        other = self._create_user("steward")
        self._decide(case, "rejected", reason="Wrong")
        with self._refused(
            UserError, f"already decided.*{re.escape(self.steward.name)}"
        ):
            case.with_user(other).action_same()
        with self._refused(UserError, "Nothing was changed"):
            self._decide(case.with_user(other), "same")

    def test_only_stewards_of_the_facility_decide(self):
        case = self._case(self._ambiguous())
        for group in ("operator", "admin", "auditor", "user"):
            user = self._create_user(group)
            for decide in ("action_same", "action_take_back", "action_reject"):
                with self._refused(AccessError):
                    getattr(case.with_user(user), decide)()
        elsewhere = self._create_user("steward", companies=self.other_facility)
        with self._refused(AccessError):
            case.with_user(elsewhere).action_same()
        with self._refused(AccessError, "cannot be edited"):
            case.write({"state": "decided"})
        with self._refused(AccessError, "cannot be edited"):
            case.write({"right_id": self.env.user.partner_id.id})
        case.write({"priority": "3", "user_id": False})
