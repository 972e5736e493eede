"""B9: the steward sees the message's side of a case before deciding, with limits."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.interop_base.tests.fakes import EngineCase
from odoo.addons.interop_identifier.models.case_comparison import CaseComparison
from odoo.addons.interop_identifier.models.identity_resolver import IdentityResolver

from .. import const
from ..models.message_side import MessageSide, seen_ids
from ..tools import question
from .case_common import NATIONAL, SENDER, CaseMixin


@tagged("post_install", "-at_install")
class TestMessageSide(CaseMixin, EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_cases()
        cls._identify(cls.ada, cls.own, "A-1")
        cls._identify(cls.king, cls.national, "N-20")

    def _send_data(self, **members):
        message = self._receive(
            self.interface,
            {
                "name": "Anne Langeveld",
                "identifiers": [
                    {"system": SENDER, "value": "A-1"},
                    {"system": NATIONAL, "value": "N-20"},
                ],
                **members,
            },
        )
        self._run()
        self.assertEqual(message.state, "parked")
        return message

    def _text(self, case):
        case.invalidate_recordset()
        return str(case.comparison)

    def _shown(self, case):
        return self.env["interop.audit.event"].search(
            [
                ("res_model", "=", case._name),
                ("res_id", "=", case.id),
                ("action", "=", "identity_shown"),
            ]
        )

    def test_b9_three_columns_after_a_recorded_look(self):
        message = self._send_data(birth_date="1999-03-04")
        case = self._case(message)
        self.assertTrue(case.must_look)
        before = self._text(case)
        self.assertIn("In the message", before)
        self.assertIn("Press Show Message", before)
        self.assertNotIn("Langeveld", before)
        self.assertFalse(self._shown(case))
        case.action_show_message()
        text = self._text(case)
        self.assertFalse(case.must_look)
        for expected in (
            "Anne Langeveld",
            "03/04/1999",
            "A-1",
            "N-20",
            "First record",
            "Second record",
            "o_interop_differs",
            "Ada Byron",
            "Ada King",
        ):
            self.assertIn(expected, text)
        event = self._shown(case)
        self.assertEqual(event.login, self.steward.login)
        self.assertIn(message.external_id, event.detail)
        self.assertNotIn("Langeveld", event.detail)

    def test_b9_equal_values_are_not_marked(self):
        self.ada.name = "anne  LANGEVELD"
        case = self._case(self._send_data())
        case.action_show_message()
        statements = MessageSide(case, seen_ids(case)).statements()
        sides = [
            CaseComparison(case)._side("left"),
            CaseComparison(case)._side("right"),
        ]
        (row,) = CaseComparison(case)._stated_rows(sides, statements)
        by_name = {cell.text: cell.differs for cell in row[2]}
        self.assertEqual(by_name, {"anne  LANGEVELD": False, "Ada King": True})

    def test_b9_never_more_than_name_birth_date_and_numbers(self):
        case = self._case(
            self._send_data(
                note="Diagnosis X",
                address={"city": "Lund"},
                guarantor={
                    "name": "Bob",
                    "birth_date": "1950-01-01",
                    "identifiers": [{"system": NATIONAL, "value": "G-1"}],
                },
                telecom=[{"system": "phone", "value": "0700"}],
            )
        )
        case.action_show_message()
        text = self._text(case)
        self.assertIn("Langeveld", text)
        for hidden in ("Diagnosis", "Lund", "Bob", "1950", "G-1", "0700"):
            self.assertNotIn(hidden, text)

    def test_b9_the_party_that_the_question_is_about(self):
        """An unknown guarantor is not shown as the person of the message."""
        asked = self.identifiers_question("G-77")
        message = self._send_data(
            guarantor={
                "name": "Bob Byron",
                "identifiers": [{"system": NATIONAL, "value": "G-77"}],
            }
        )
        case = self.cases._open(asked, message)
        message.sudo().identity_case_id = case
        statements = MessageSide(
            case.with_user(self.steward), set(message.ids)
        ).statements()
        self.assertEqual(statements.names, ["Bob Byron"])
        self.assertEqual([number.value for number in statements.numbers], ["G-77"])

    def identifiers_question(self, value):
        identifiers = self.env["interop.identifier"]
        wires = [{"system": NATIONAL, "value": value}]
        named = identifiers._parse(wires, self.facility, self.sender)[0]
        return question.unknown(
            self.facility.id,
            "res.partner",
            self.national.id,
            IdentityResolver(identifiers).blind_value(named),
            question.mask(value),
        )

    def test_b9_no_decision_before_the_sides_can_be_seen(self):
        case = self._case(self._send_data())
        wizards = self.env["interop.identity.decision"].with_user(self.steward)
        for decision, values in (
            ("same", {"survivor": "left"}),
            ("different", {"about": "left"}),
        ):
            with self.assertRaisesRegex(UserError, "Show Message"):
                getattr(case, f"action_{decision}")()
            wizard = wizards.create(
                {"case_id": case.id, "decision": decision, **values}
            )
            with self.assertRaisesRegex(UserError, "Show Message"):
                wizard.action_decide()
        self.assertEqual(case.state, "open")
        case.action_reject()  # needs no access to the message: no decision about a person
        case.action_show_message()
        case.action_same()

    def test_b9_each_steward_looks(self):
        case = self._case(self._send_data())
        case.action_show_message()
        other = case.with_user(self._create_user("steward"))
        self.assertTrue(other.must_look)
        self.assertNotIn("Langeveld", self._text(other))
        with self.assertRaisesRegex(UserError, "Show Message"):
            other.action_same()

    def test_b9_later_messages_need_another_look(self):
        case = self._case(self._send_data())
        case.action_show_message()
        later = self._send_data(name="Bertha Late")
        self.env.cr.execute(
            "UPDATE interop_message SET create_date = create_date + interval '1 hour' "
            "WHERE id = %s",
            [later.id],
        )
        self.env.invalidate_all()
        text = self._text(case)
        self.assertIn("Langeveld", text)
        self.assertNotIn("Bertha", text)
        self.assertIn("more message(s) wait", text)
        self.assertTrue(case.must_look)
        with self.assertRaisesRegex(UserError, "Show Message"):
            case.action_same()

    def test_b9_earlier_messages_that_wait_since_need_another_look(self):
        """Another case held it, or it was retried, when the steward looked."""
        case = self._case(self._send_data())
        earlier = self._send_data(name="Bertha Before")
        earlier.sudo().identity_case_id = False
        case.action_show_message()
        earlier.sudo().identity_case_id = case
        text = self._text(case)
        self.assertIn("Langeveld", text)
        self.assertNotIn("Bertha", text)
        self.assertTrue(case.must_look)
        with self.assertRaisesRegex(UserError, "Show Message"):
            case.action_same()
        case.action_show_message()
        self.assertIn("Bertha", self._text(case))
        self.assertFalse(case.must_look)
        self.assertFalse(seen_ids(case.with_user(self._create_user("steward"))))

    def test_b9_only_stewards_of_the_facility(self):
        message = self._send_data()
        case = self._case(message)
        case.action_show_message()
        for groups in (
            ["operator"],
            ["auditor"],
            ["admin"],
            ["operator", "payload"],
        ):
            user = self._create_user(*groups)
            with self.subTest(groups=groups):
                seen = case.with_user(user)
                with self.assertRaises(AccessError):
                    seen.action_show_message()
                self.assertFalse(seen.side_shown)
                self.assertNotIn("Langeveld", self._text(seen))
        elsewhere = self._create_user("steward", companies=self.other_facility)
        with self.assertRaises(AccessError):
            case.with_user(elsewhere).action_show_message()
        self.assertEqual(len(self._shown(case)), 1)
        with self.assertRaises(AccessError):
            message.with_user(self.steward).action_view_payload()

    def test_b9_shown_for_a_while_and_while_it_is_open(self):
        case = self._case(self._send_data())
        case.action_show_message()
        self.patch(const, "SHOWN_MINUTES", 0)
        self.assertNotIn("Langeveld", self._text(case))
        self.assertFalse(case.must_look, "it was seen")
        self.patch(const, "SHOWN_MINUTES", 15)
        self.assertIn("Langeveld", self._text(case))
        self._decide(case, "rejected", reason="Typing error")
        self.assertNotIn("Langeveld", self._text(case))
        with self.assertRaisesRegex(UserError, "no longer shown"):
            case.action_show_message()

    def test_b9_deleted_content(self):
        message = self._send_data()
        case = self._case(message)
        self.env["interop.payload"].browse(message.payload_id.id).sudo().unlink()
        case.action_show_message()
        self.assertIn("no longer kept", self._text(case))

    def test_b9_no_content_is_trusted_as_markup(self):
        case = self._case(self._send_data(name="<script>alert(1)</script>"))
        case.action_show_message()
        self.assertNotIn("<script>", self._text(case))

    def test_b9_buttons_state_their_effect(self):
        case = self._case(self._send_data())
        self.assertEqual(case.same_label, "Same Person: Merge Numbers")
        self.assertEqual(case.different_label, "Different People")
        message = self._send((SENDER, "A-1"), (SENDER, "A-2"), name="Anne Langeveld")
        case = self._case(message)
        self.assertEqual(
            (case.same_label, case.create_label),
            (
                f"Same: Add Number to Ada Byron (#{self.ada.id})",
                "Different: Create New Record",
            ),
        )
        case.action_show_message()
        self.assertIn("Langeveld", self._text(case))

    def test_b9_a_record_merged_meanwhile_is_not_decided_about(self):
        """No record is merged that the steward has not seen."""
        case = self._case(self._send_data())
        third = self.env["res.partner"].create({"name": "Third"})
        self.env["interop.identifier.merge"]._merge(third, self.king)
        with self.assertRaisesRegex(UserError, "Try Again"):
            self._decide(case, "same", survivor="left")
        merges = self.env["interop.identifier.merge"]
        self.assertEqual(merges._survivor(self.ada), self.ada)
