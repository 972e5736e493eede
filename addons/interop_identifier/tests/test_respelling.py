"""Stored identifiers after an upgrade: canonical forms, and cases instead of failures."""

import importlib.util
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.interop_base.exceptions import PossibleDuplicate
from odoo.addons.interop_identifier.models.case_decision import CaseDecision
from odoo.addons.interop_identifier.models.case_opening import CaseOpening

from .. import const
from ..models import interop_namespace
from ..models.respelling import Respelling
from .common import IdentifierCase

MIGRATION = Path(__file__).parents[1] / "migrations/19.0.1.2.0/end-canonical.py"


def migration():
    """Return the script that the upgrade runs."""
    spec = importlib.util.spec_from_file_location("end_canonical", MIGRATION)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@tagged("post_install", "-at_install")
class TestRespelling(IdentifierCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nhs = cls._create_namespace(
            validator="standard",
            validator_standard="gb.nhs",
            separator_rule="keep",
            company_id=cls.facility.id,
        )
        cls.free = cls._create_namespace(
            one_active_per_record=False, company_id=cls.facility.id
        )
        cls.other = cls.partner.copy({"name": "Berta Careful"})
        cls.third = cls.partner.copy({"name": "Carl Careful"})
        cls.steward = cls._create_user("steward")
        cls.cases = cls.env["interop.identity.case"]

    def _stored(
        self, namespace, value, normalized, record=None, state="active", **cols
    ):
        """Store an identifier like the previous version."""
        row = self._create_identifier(namespace, f"A{self._next()}B", record)
        self.env.flush_all()
        columns = {"value": value, "value_normalized": normalized, **cols}
        columns["state"] = state
        names = ", ".join(f"{name} = %s" for name in columns)
        self.env.cr.execute(
            f"UPDATE interop_identifier SET {names} WHERE id = %s",
            [*columns.values(), row.id],
        )
        self.env.invalidate_all()
        return row

    def _upgrade(self):
        counts = migration().respell(self.env)
        self.env.invalidate_all()
        return counts

    def _found(self, namespace, value):
        return self.identifiers._resolve([self._wire(namespace, value)], self.facility)

    def test_values_get_their_canonical_form_once(self):
        row = self._stored(self.nhs, "943 476 5870", "943 476 5870")
        former = self._stored(
            self.nhs, "943-476-5870", "943-476-5870", self.other, state="retired"
        )
        failed = self._stored(
            self.nhs, "943 476 5871", "943 476 5871", self.third, check_failed=False
        )
        self._upgrade()
        self.assertEqual((row | former).mapped("value_normalized"), ["9434765870"] * 2)
        self.assertEqual((row | former).mapped("state"), ["active", "retired"])
        self.assertEqual(row.value, "943 476 5870")
        self.assertTrue(failed.check_failed)
        self.assertEqual(self._found(self.nhs, "9434765870"), self.partner)
        self.assertFalse(self._upgrade(), "a second run changes nothing")

    def test_two_records_with_one_number_open_a_case(self):
        first = self._stored(self.nhs, "943 476 5870", "943 476 5870")
        second = self._stored(self.nhs, "943-476-5870", "943-476-5870", self.other)
        counts = self._upgrade()
        self.assertEqual(counts["held"], 1)
        self.assertEqual((first.state, second.state), ("active", "held"))
        self.assertEqual(second.value_normalized, first.value_normalized)
        case = self.cases.search([("state", "=", "open")], order="id desc", limit=1)
        self.assertEqual(case.kind, "duplicate")
        self.assertEqual(
            {case.left_id, case.right_id}, {self.partner.id, self.other.id}
        )
        with self.assertRaises(PossibleDuplicate):
            self._found(self.nhs, "9434765870")
        self.assertEqual(
            self.identifiers._wire(self.other, self.facility), [], "not sent"
        )
        trail = self.env["interop.audit.event"].search(
            [("res_model", "=", second._name), ("res_id", "=", second.id)]
        )
        self.assertIn("Held", trail.mapped("detail")[0])
        self.assertFalse(self._upgrade(), "one case, not another one")
        case._close_without_messages()
        self.assertEqual(case.state, "open", "the stored numbers wait")
        return case.with_user(self.steward), first, second

    def test_the_steward_decides_same(self):
        case, first, second = self.test_two_records_with_one_number_open_a_case()
        CaseDecision(case).merge("left" if case.left_id == self.other.id else "right")
        self.env.invalidate_all()
        self.assertEqual(self._found(self.nhs, "943-476-5870"), self.other)
        self.assertEqual((first | second).partner_id, self.other)
        self.assertEqual((first.state, second.state), ("active", "retired"))
        case.merge_id._unmerge("They are two")
        self.env.invalidate_all()
        self.assertEqual((first.state, second.state), ("active", "held"))
        self.assertEqual(
            (first.partner_id, second.partner_id), (self.partner, self.other)
        )

    def test_the_steward_assigns_the_number(self):
        for owner in (self.partner, self.other):
            with self.subTest(owner.name):
                savepoint = self.env.cr.savepoint()
                case, first, second = (
                    self.test_two_records_with_one_number_open_a_case()
                )
                side = "left" if case.left_id == owner.id else "right"
                CaseDecision(case).tell_apart(side, "The card was shown")
                self.env.invalidate_all()
                self.assertEqual(self._found(self.nhs, "9434765870"), owner)
                states = ["active", "entered_in_error"]
                if owner == self.other:
                    states.reverse()
                self.assertEqual((first | second).mapped("state"), states)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_a_held_number_alone_opens_a_case(self):
        _case, first, second = self.test_two_records_with_one_number_open_a_case()
        first._set_entered_in_error(reason="Typed wrongly")
        with self.assertRaises(PossibleDuplicate) as caught:
            self._found(self.nhs, "9434765870")
        self.assertTrue(caught.exception.question)
        second._set_active(reason="It is this one's")
        self.assertEqual(self._found(self.nhs, "9434765870"), self.other)

    def test_two_spellings_at_one_record_are_one(self):
        many = self._create_namespace(
            validator="standard",
            validator_standard="nl.bsn",
            one_active_per_record=False,
        )
        alias = self._stored(many, "12345672", "12345672", state="merged")
        active = self._stored(many, "012345672", "0123.45672")
        counts = self._upgrade()
        self.assertEqual(counts["retired"], 1)
        self.assertEqual((alias.state, active.state), ("retired", "active"))
        self.assertEqual(self._found(many, "12345672"), self.partner)

    def test_a_second_spelling_ends_at_its_own_end_and_not_before_its_start(self):
        many = self._create_namespace(
            validator="standard",
            validator_standard="nl.bsn",
            one_active_per_record=False,
        )
        self._stored(many, "012345672", "012345672")
        start, end = datetime(2999, 1, 1), datetime(2001, 1, 1)
        coming = self._stored(many, "12345672", "12345672", period_start=start)
        ended = self._stored(many, "0123 45672", "0123 45672", period_end=end)
        self.assertEqual(self._upgrade()["retired"], 2)
        self.assertEqual((coming | ended).mapped("state"), ["retired"] * 2)
        self.assertEqual((coming.period_end, ended.period_end), (start, end))

    def test_values_that_are_never_used_again(self):
        once = self._create_namespace(
            validator="standard", validator_standard="nl.bsn", reuse_policy="never"
        )
        self._stored(once, "12345672", "12345672", state="retired", once=True)
        self._stored(once, "012345672", "0-12345672", self.other, "retired", once=True)
        third = self._stored(once, "0123 45672", "0123 45672", self.third, once=True)
        self._upgrade()
        self.assertEqual(third.value_normalized, "012345672")
        self.assertEqual(third.state, "active")

    def test_placeholders_are_held_and_ask(self):
        row = self._stored(self.free, "UNKNOWN", "UNKNOWN", state="active")
        former = self._stored(self.free, "N/A", "N/A", self.other, state="retired")
        self._upgrade()
        self.assertEqual((row.state, former.state), ("held", "retired"))
        case = self.cases.search([("state", "=", "open")], order="id desc", limit=1)
        self.assertEqual((case.kind, case.left_id), ("placeholder", self.partner.id))
        self.assertFalse(
            case.can_merge or case.can_create or case.can_link or case.can_tell_apart
        )
        self.assertIn("placeholder", case.question)
        case = case.with_user(self.steward)
        row.with_user(self.steward)._set_entered_in_error(reason="No number")
        CaseDecision(case).retry("Cleaned up")
        self.assertFalse(self._upgrade())

    def test_many_cases_read_the_load_of_stewards_once(self):
        second = self._create_user("steward")
        records = self.env["res.partner"].create(
            [{"name": f"Person {number}"} for number in range(6)]
        )
        for record in records:
            self._stored(self.free, "UNKNOWN", f"N{record.id}", record)
        opening = CaseOpening(self.cases)
        known = opening.steward_load()
        with patch.object(
            CaseOpening,
            "steward_load",
            autospec=True,
            side_effect=CaseOpening.steward_load,
        ) as read:
            self._upgrade()
        self.assertEqual(read.call_count, 1)
        now = opening.steward_load()
        self.assertEqual(now.total() - known.total(), 6)
        both = [now[user.id] for user in (self.steward, second)]
        self.assertLessEqual(max(both) - min(both), 1, both)

    def test_case_12_values_that_cannot_be_sent_are_cleaned(self):
        rows = [
            self._stored(self.free, value, value, record)
            for value, record in (
                ("A-1\r\n", self.partner),
                ("B\n1", self.other),
                ("C\x7f1", self.third),
            )
        ]
        self._upgrade()
        self.assertEqual([row.value for row in rows], ["A-1", "B 1", "C1"])
        self.assertEqual(self._found(self.free, "A-1"), self.partner)

    def test_batches(self):
        records = self.env["res.partner"].create(
            [{"name": f"Person {number}"} for number in range(7)]
        )
        for number, record in enumerate(records):
            spelled = f"{number} 1234"
            self._stored(self.free, spelled, spelled, record)
        self._stored(self.free, "3  1234", "3  1234", self.partner)
        counts = Respelling(self.env, self.free).run(batch=2)
        self.assertEqual((counts["respelled"], counts["held"]), (8, 1))

    def test_a_standard_that_comes_later_counts_for_stored_values(self):
        late = self._create_namespace(separator_rule="keep")
        row = self._create_identifier(late, "943 476 5870")
        double = self._create_identifier(late, "943-476-5870", self.other)
        late.write({"validator": "standard", "validator_standard": "gb.nhs"})
        self.assertEqual(row.value_normalized, "9434765870")
        self.assertEqual((row.state, double.state), ("active", "held"))
        wrong = self._create_identifier(late, "9434765871", self.third)
        self.assertTrue(wrong.check_failed)
        late.validation = "off"
        self.assertFalse(wrong.check_failed)

    def test_too_many_identifiers_refuse_a_change_of_the_check(self):
        self._create_identifier(self.free, "A-1")
        self._create_identifier(self.free, "A-2", self.other)
        self.patch(interop_namespace.const, "MAX_RESPELLED", 1)
        with self.assertRaisesRegex(UserError, "more than 1 identifiers"):
            self.free.validation = "block"
        self.assertIn("held", dict(const.IDENTIFIER_STATES))
