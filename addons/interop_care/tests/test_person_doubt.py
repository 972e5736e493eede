"""People about whom a message states too little, and people who are their own
guarantor."""

from odoo.tests import tagged

from odoo.addons.interop_identifier.models.case_decision import CaseDecision

from .person_common import PersonCase


@tagged("post_install", "-at_install")
class TestPersonDoubt(PersonCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one = {"system": cls.mrn.uri, "value": "P-1001"}

    def _nameless(self):
        """Send an update without a name about an unknown person; return the message."""
        update = self._person(self.one, kind="updated", address={"city": "Lund"})
        response = self._post(update)
        self._assert_problem(response, 422, "unknown_identifier")
        self.assertIn("no name to register a new person", response.json()["detail"])
        message = self._last()
        self.assertEqual(message.state, "parked")
        return message

    def _steward(self):
        return self._create_user("steward", companies=self.facility)

    # === NO NAME === #

    def test_an_update_without_a_name_waits_for_a_steward(self):
        message = self._nameless()
        case = message.identity_case_id.with_user(self._steward())
        self.assertEqual((case.kind, case.creates), ("identifier", False))
        self.assertFalse(case.can_create, "there is no name to create somebody with")
        self.assertIn("cannot create a record", case.question)
        self._send(self._person(self._wire(self.national, "N-5"), name={"text": "Ma"}))
        known = self._who(self._wire(self.national, "N-5"))
        case.action_show_message()
        CaseDecision(case).link(known, "Her maiden name")
        self.env["interop.pump"]._run_inline()
        self.assertEqual((message.state, message.resource_ref), ("done", known))
        self.assertEqual(known.city, "Lund")
        self.assertEqual(self._who(self.one), known)

    def test_later_messages_continue_after_the_owner_closed_it(self):
        message = self._nameless()
        response = self._post(self._person(self.one))
        self.assertEqual(response.status_code, 202)
        waits = self._last()
        self.assertEqual(waits.state, "pending")
        case = message.identity_case_id.with_user(self._steward())
        CaseDecision(case).reject("Register the person first")
        self.assertEqual((message.state, waits.state), ("dead", "pending"))
        message._set_cancelled("The sender registers the person")
        self.env["interop.pump"]._run_inline()
        self.assertEqual((message.state, waits.state), ("cancelled", "done"))
        self.assertEqual(self._who(self.one).name, "Eve Everywoman")

    def test_nothing_is_created_without_a_name(self):
        self.interface.unknown_policy = "park"
        self._approve(self.interface, companies=self.interface.company_ids)
        update = self._person(self.one, kind="updated", address={"city": "Lund"})
        self._assert_problem(self._post(update), 422, "unknown_identifier")
        message = self._last()
        steward = self._steward()
        case = message.identity_case_id.with_user(steward)
        case.action_show_message()
        CaseDecision(case).create_new("Somebody new")
        self.env["interop.pump"]._run_inline()
        self.assertEqual(message.state, "parked", "asked again, not dead")
        self.assertFalse(message.identity_case_id.creates)
        self.assertFalse(self._who(self.one))

    # === ONE'S OWN GUARANTOR === #

    def test_a_new_person_is_their_own_guarantor(self):
        own = {"identifiers": [self.one]}
        self._send(
            self._person(self.one, guarantor=own, payer={**own, "member_number": "7"})
        )
        person = self._who(self.one)
        self.assertEqual(person.name, "Eve Everywoman")
        self.assertFalse(person.interop_guarantor_id or person.interop_payer_id)
        self.assertEqual(person.interop_payer_number, "7")

    def test_a_known_person_becomes_their_own_guarantor(self):
        mother = self._wire(self.mrn, "P-0001")
        self._send(self._person(mother, name={"text": "Ma"}))
        self._send(
            self._person(
                self.one,
                self._wire(self.national, "N-1"),
                guarantor={"identifiers": [mother]},
            )
        )
        person = self._who(self.one)
        self.assertEqual(person.interop_guarantor_id, self._who(mother))
        other_number = {"identifiers": [self._wire(self.national, "N-1")]}
        self._send(self._person(self.one, kind="updated", guarantor=other_number))
        self.assertFalse(person.interop_guarantor_id)

    def test_a_guarantor_with_a_further_number_is_another_person(self):
        both = {"identifiers": [self.one, self._wire(self.national, "N-1")]}
        response = self._post(self._person(self.one, guarantor=both))
        self._assert_problem(response, 422, "unknown_identifier")
        self.assertFalse(self._who(self.one))
