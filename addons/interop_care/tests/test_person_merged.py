"""``person.merged``, over the real route."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.interop_identifier.models.undo_preview import UndoPreview

from .person_common import PersonCase


@tagged("post_install", "-at_install")
class TestPersonMerged(PersonCase):
    def setUp(self):
        super().setUp()
        self.one, self.two, self.three = (
            self._wire(self.mrn, f"P-{number}") for number in (1, 2, 3)
        )
        for number, wire in enumerate((self.one, self.two, self.three), 1):
            self._send(self._person(wire, name={"text": f"Person {number}"}))
        self.first, self.second, self.third = (
            self._who(wire) for wire in (self.one, self.two, self.three)
        )
        self.merges = self.env["interop.identifier.merge"]

    def _states(self, partner):
        rows = self.env["interop.identifier"].search(
            [("partner_id", "=", partner.id)], order="value"
        )
        return [(row.value, row.state) for row in rows]

    def test_the_prior_number_finds_the_survivor(self):
        self._send(self._merged(self.one, self.two, reason="Registered twice"))
        self.assertEqual(self._who(self.two), self.first)
        self.assertEqual(
            self._states(self.first), [("P-1", "active"), ("P-2", "merged")]
        )
        self.assertTrue(self.second.exists(), "partners are a steward's decision")
        journal = self.merges._open_of(self.second)
        self.assertEqual(journal.message_id, self._last())
        self.assertEqual(journal.reason, "Registered twice")
        alias = self.env["interop.identifier"].search([("value", "=", "P-2")])
        self.assertEqual(alias.state_message_id, self._last())
        self.assertEqual(alias.state_reason, "Registered twice")
        self.assertEqual(self._last().resource_ref, self.first)
        # what comes late about the prior number is about the survivor
        self._send(self._person(self.two, kind="updated", address={"city": "Lund"}))
        self.assertEqual(self.first.city, "Lund")
        self.assertFalse(self.second.city)

    def test_repeated_messages_change_nothing(self):
        for _number in range(2):
            self._send(self._merged(self.one, self.two))
        self.assertEqual(len(self.merges.search([])), 1)

    def test_several_at_once_and_chains(self):
        self._send(self._merged(self.two, self.three))
        self._send(self._merged(self.one, self.two))
        for wire in (self.two, self.three):
            self.assertEqual(self._who(wire), self.first)
        self._send(self._merged(self.one, self.two, self.three))
        self.assertEqual(len(self.merges.search([])), 2)

    def test_the_other_way_round_waits(self):
        self._send(self._merged(self.one, self.two))
        response = self._post(self._merged(self.two, self.one))
        self.assertEqual(response.status_code, 422)
        message = self._last()
        self.assertEqual(
            (message.state, message.error_code), ("parked", "merge_reversed")
        )
        self.assertEqual(self._who(self.two), self.first)
        case = message.identity_case_id
        self.assertEqual(case.kind, "merge", "case 32")
        self.assertEqual({case.left_id, case.right_id}, {self.first.id, self.second.id})
        self.assertTrue(case.can_merge and case.can_tell_apart)
        self.assertIn("in the other direction", case.question)

    def _decide(self, message, decision, **values):
        """Decide the case of a message through the dialog and let the message continue."""
        steward = self._create_user("steward", companies=self.facility)
        case = message.identity_case_id.with_user(steward)
        self._look(case)
        wizards = self.env["interop.identity.decision"].with_user(steward)
        wizards.with_context(default_case_id=case.id, default_decision=decision).create(
            values
        ).action_decide()
        self.env["interop.pump"]._run_inline()
        return case

    def _look(self, case):
        """Show the message's side of a case, as a steward does before deciding."""
        case.action_show_message()

    def test_case_32_same_makes_the_named_number_the_active_one(self):
        self._send(self._merged(self.one, self.two))
        self._post(self._merged(self.two, self.one))
        message = self._last()
        self._decide(message, "same", reason="One person, says the registration")
        self.assertEqual(message.state, "done")
        self.assertEqual(
            self._states(self.first), [("P-1", "merged"), ("P-2", "active")]
        )
        # back again is another question
        response = self._post(self._merged(self.one, self.two))
        self.assertEqual(response.status_code, 422)
        back = self._last()
        self.assertEqual(back.error_code, "merge_reversed")
        self.assertNotEqual(back.identity_case_id, message.identity_case_id)
        self._decide(back, "same")
        self.assertEqual(
            self._states(self.first), [("P-1", "active"), ("P-2", "merged")]
        )
        # both answers are remembered
        self._send(self._merged(self.two, self.one))
        self.assertEqual(
            self._states(self.first), [("P-1", "merged"), ("P-2", "active")]
        )

    def test_case_32_a_replay_of_the_first_message_does_not_flip_it_back(self):
        first = self._merged(self.one, self.two)
        self._send(first)
        self._post(self._merged(self.two, self.one))
        self._decide(self._last(), "same", reason="One person")
        repeated = self._merged(self.one, self.two)
        self._send({**repeated, "occurred_at": first["occurred_at"]})
        self.assertEqual(
            self._states(self.first), [("P-1", "merged"), ("P-2", "active")]
        )
        (note,) = self._last().field_report
        self.assertEqual(
            (note["field"], note["outcome"], note["reason"]),
            ("state", "ignored", "stale"),
        )

    def test_case_32_not_the_same_undoes_the_earlier_merge(self):
        self._send(self._merged(self.one, self.two))
        self._post(self._merged(self.two, self.one))
        message = self._last()
        self._decide(message, "different", about="none", reason="Two sisters")
        self.assertEqual(self._who(self.two), self.second)
        self.assertEqual(self._who(self.one), self.first)
        self.assertEqual((message.state, message.error_code), ("dead", "told_apart"))

    def test_case_32_numbers_of_one_record(self):
        """A prior number that never belonged to another record."""
        four = self._wire(self.mrn, "P-4")
        self._send(self._merged(self.one, four))
        self._post(self._merged(four, self.one))
        message = self._last()
        self.assertEqual(
            (message.state, message.error_code), ("parked", "merge_reversed")
        )
        case = message.identity_case_id
        self.assertEqual(
            (case.kind, case.left_id, case.right_id or 0), ("merge", self.first.id, 0)
        )
        self.assertFalse(case.can_tell_apart)
        self._decide(message, "same")
        self.assertEqual(
            self._states(self.first), [("P-1", "merged"), ("P-4", "active")]
        )

    def test_case_31_a_prior_that_was_merged_elsewhere_is_a_question(self):
        self._send(self._merged(self.one, self.two))
        response = self._post(self._merged(self.three, self.two))
        self.assertEqual(response.status_code, 422)
        message = self._last()
        self.assertEqual(
            (message.state, message.error_code), ("parked", "merged_elsewhere")
        )
        self.assertEqual(
            self._who(self.one), self.first, "no message named one and three"
        )
        self.assertEqual(self._who(self.two), self.first)
        case = message.identity_case_id
        self.assertEqual(case.kind, "merge")
        self.assertEqual({case.left_id, case.right_id}, {self.first.id, self.third.id})

    def test_case_31_undoing_the_earlier_merge_answers_it(self):
        self._send(self._merged(self.one, self.two))
        self._post(self._merged(self.three, self.two))
        message = self._last()
        self.merges._open_of(self.second)._unmerge("The first message was wrong")
        self._decide(message, "retried")
        self.assertEqual(message.state, "done")
        self.assertEqual(self._who(self.two), self.third)
        self.assertEqual(self._who(self.one), self.first)

    def test_case_31_same_merges_all_three(self):
        self._send(self._merged(self.one, self.two))
        self._post(self._merged(self.three, self.two))
        message = self._last()
        side = "left" if message.identity_case_id.left_id == self.third.id else "right"
        self._decide(message, "same", survivor=side)
        self.assertEqual(message.state, "done")
        for wire in (self.one, self.two, self.three):
            self.assertEqual(self._who(wire), self.third)

    def test_case_31_a_moved_national_number_names_no_other_person(self):
        national = self._wire(self.national, "N-2")
        self._send(self._person(self.two, national))
        self._send(self._merged(self.one, self.two))
        self.assertEqual(self._who(national), self.first)
        self._post(self._merged(self.three, national))
        self.assertEqual(self._last().error_code, "merged_elsewhere")
        self.assertEqual(self._who(self.one), self.first)

    def test_a_record_is_not_merged_into_itself(self):
        response = self._post(self._merged(self.one, self.one))
        self.assertEqual(response.status_code, 422)
        self.assertEqual(
            (self._last().state, self._last().error_code), ("dead", "merge_self")
        )

    def test_an_unknown_survivor_is_waited_for(self):
        four = self._wire(self.mrn, "P-4")
        response = self._post(self._merged(four, self.one))
        self._assert_problem(response, 422, "unknown_identifier")
        message = self._last()
        self.assertEqual(message.state, "parked")
        self._send(self._person(four, name={"text": "Person 4"}))
        message.action_retry()
        self.env["interop.pump"]._run_inline()
        self.assertEqual(message.state, "done")
        self.assertEqual(self._who(self.one).name, "Person 4")

    def test_an_unknown_prior_is_an_alias_from_now_on(self):
        four = self._wire(self.mrn, "P-4")
        for _number in range(2):
            self._send(self._merged(self.one, four))
        self.assertEqual(self._who(four), self.first)
        self.assertEqual(
            self._states(self.first), [("P-1", "active"), ("P-4", "merged")]
        )
        self._send(self._person(four, kind="updated", address={"city": "Lund"}))
        self.assertEqual(self.first.city, "Lund")

    def test_only_the_source_of_the_numbers_merges_them(self):
        national = self._wire(self.national, "N-1")
        response = self._at_anne(self._person(national, name={"text": "Person 4"}))
        self.assertEqual(response.status_code, 200, response.text)
        for wire, code in (
            (self.two, "namespace_not_allowed"),
            (self._wire(self.mrn, "P-9"), "namespace_not_allowed"),
        ):
            self._at_anne(self._merged(national, wire))
            self.assertEqual(self._last().error_code, code)
        self.mrn.company_id = False
        self._at_anne(self._merged(national, self.two))
        self.assertEqual(self._last().error_code, "namespace_not_owned")
        self._at_anne(self._merged(national, self._wire(self.mrn, "P-9")))
        self.assertEqual(self._last().error_code, "namespace_not_owned")
        self.assertEqual(self._who(self.two), self.second)

    def test_a_steward_decides_about_people_of_another_facility(self):
        self.second._interop_join(self.other_facility)
        envelope = self._merged(self.one, self.two)
        self._assert_problem(self._post(envelope), 422, "possible_duplicate")
        message = self._last()
        case = message.identity_case_id
        self.assertEqual({case.left_id, case.right_id}, {self.first.id, self.second.id})
        self.merges._merge(self.first, self.second, reason="Same passport")
        message.action_retry()
        self.env["interop.pump"]._run_inline()
        self.assertEqual(message.state, "done")

    def test_facilities_marks_and_roles_go_along_and_come_back(self):
        roles = self.env["interop.care.role"]
        self.second.interop_is_provider = True
        self.second._interop_join(self.other_facility)
        own, moving, twice = (
            roles.create(
                {
                    "partner_id": partner.id,
                    "code": code,
                    "name": code,
                    "company_id": self.facility.id,
                }
            )
            for partner, code in (
                (self.first, "doctor"),
                (self.second, "teacher"),
                (self.second, "doctor"),
            )
        )
        before = self._picture(own | moving | twice)
        journal = self.merges._merge(self.first, self.second, reason="One")
        both = self.facility | self.other_facility
        self.assertEqual(self.first._interop_known_at(), both)
        self.assertEqual(self.second._interop_known_at(), both, "documents stay")
        self.assertTrue(self.first.interop_is_provider)
        self.assertEqual((own | moving | twice).partner_id, self.first)
        self.assertFalse(twice.active)
        reader = self._create_user(companies=self.other_facility)
        self.assertTrue(self.first.with_user(reader).has_access("read"))
        # Times are kept in whole seconds. A registration in the second of the merge
        # would count as later.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_identifier_merge SET merged_at = merged_at + interval '1 s'"
        )
        self.env.invalidate_all()
        journal._unmerge("Father and son")
        self.env.invalidate_all()
        self.assertEqual(self._picture(own | moving | twice), before)
        self.assertFalse(self.first.with_user(reader).has_access("read"))
        self.assertFalse(journal.restore_report)

    def test_b8_the_preview_names_no_facility_of_others(self):
        self.second._interop_join(self.other_facility)
        merge = self.merges._merge(self.first, self.second, reason="One")
        both = self.facility | self.other_facility
        for companies, named in ((self.facility, False), (both, True)):
            with self.subTest(companies=companies.mapped("name")):
                user = self._create_user("steward", companies=companies)
                preview = UndoPreview(merge.with_user(user))
                texts = " ".join(effect.what for effect in preview.put_back())
                self.assertEqual(self.other_facility.name in texts, named)
                hidden = merge.with_user(user).sudo()._interop_undo_hidden()
                self.assertEqual(hidden, 0 if named else 1)
                self.assertGreaterEqual(preview.hidden_count(), hidden)

    def _picture(self, roles):
        self.env.flush_all()
        people = self.first | self.second
        return [
            [(role.partner_id.id, role.active) for role in roles],
            [partner.interop_is_provider for partner in people],
            [partner._interop_known_at().ids for partner in people],
            [partner.sudo().interop_facility_key for partner in people],
        ]

    def test_odoo_s_own_merge_keeps_the_facilities(self):
        self.second._interop_join(self.other_facility)
        history = self.second.interop_membership_ids
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.first | self.second).ids, self.first
        )
        self.assertFalse(self.second.exists())
        self.assertEqual(
            self.first._interop_known_at(), self.facility | self.other_facility
        )
        self.assertEqual(history.exists().partner_id, self.first)
        merge = self.merges._open_of(self.second)
        with self.assertRaisesRegex(UserError, "cannot be restored"):
            merge._unmerge("Father and son")
        self.assertEqual(merge.state, "merged")
