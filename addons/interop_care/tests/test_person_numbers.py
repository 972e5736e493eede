"""People and their numbers: placeholders and spellings."""

from odoo.tests import tagged

from odoo.addons.interop_base.exceptions import BusinessError
from odoo.addons.interop_identifier.models.case_decision import CaseDecision

from .person_common import PersonCase

PLACEHOLDERS = ("UNKNOWN", "000000000", "N/A", "\u3164", "0")


@tagged("post_install", "-at_install")
class TestPersonNumbers(PersonCase):
    def _named(self, name):
        return self.env["res.partner"].search([("name", "=", name)])

    def test_case_1_a_placeholder_identifies_nobody(self):
        """Neither of the two people is created, and no record is overwritten."""
        for value in PLACEHOLDERS:
            for name in ("First Person", "Second Person"):
                for kind in ("registered", "updated"):
                    message = self._person(
                        self._wire(self.national, value), kind=kind, name={"text": name}
                    )
                    with self.subTest(value, kind=kind):
                        response = self._post(message)
                        self.assertEqual(response.status_code, 422, response.text)
                        if value.isascii():
                            code = response.json()["code"]
                            self.assertEqual(code, "identifier_placeholder")
                self.assertFalse(self._named(name))
        message = self._last()
        self.assertEqual(
            (message.state, message.error_class), ("dead", "business_rule")
        )
        self.assertTrue(message.owner_user_id or message.owner_team_id)

    def test_case_1_held_placeholders_have_a_steward(self):
        self.national.placeholder_policy = "hold"
        wire = self._wire(self.national, "UNKNOWN")
        for name in ("First Person", "Second Person"):
            self._post(self._person(wire, name={"text": name}))
            self.assertEqual(self._last().state, "parked")
        case = self._last().identity_case_id
        self.assertEqual((case.kind, case.waiting_count), ("placeholder", 2))
        steward = self._create_user("steward", companies=self.facility)
        case = case.with_user(steward)
        self.assertEqual(CaseDecision(case).allowed(), {"rejected", "retried"})
        self.national.placeholder_policy = "refuse"
        CaseDecision(case).retry("The sender knows")
        self.env["interop.pump"]._run_inline()
        self.assertEqual(self._last().state, "dead")
        self.assertFalse(self._named("First Person") | self._named("Second Person"))

    def test_case_2_two_spellings_are_one_person(self):
        self.national.write({"validator": "standard", "validator_standard": "gb.nhs"})
        for spelled in ("943 476 5870", "943-476-5870", "9434765870"):
            response = self._post(self._person(self._wire(self.national, spelled)))
            self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(len(self._named("Eve Everywoman")), 1)

    def test_case_12_accepted_text_can_be_sent(self):
        for number, end in enumerate(("\r\n", "\n", "\t", "\u00a0", "\u200b\ufeff")):
            value = f"E-{number}"
            wire = self._wire(self.national, f"\t{value}{end}")
            response = self._post(self._person(wire, name={"text": f"Person {number}"}))
            self.assertEqual(response.status_code, 200, response.text)
            person = self._who(self._wire(self.national, value))
            sent = self.env["interop.handler.person.updated"]._subject(person)
            self.assertEqual([item["value"] for item in sent], [value])
        for value in ("E\n1", "E\r\n1", "E\t1", "E\u20291", "E\x011"):
            wire = self._wire(self.national, value)
            response = self._post(self._person(wire))
            self.assertIn(response.status_code, (400, 422), repr(value))

    def test_case_35_equal_values_of_two_authorities_do_not_wait(self):
        first = self._person({"system": "urn:oid:1.2.3.4", "value": "N1"})
        self._post(first)
        self.assertEqual(self._last().state, "parked")
        behind = self._post(
            self._person({"system": "urn:oid:1.2.3.4", "value": "N1"}, kind="updated")
        )
        self.assertEqual(behind.status_code, 202, "the same number waits")
        response = self._post(self._person(self._wire(self.national, "N1")))
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(self._last().state, "done")
        self.assertTrue(self._who(self._wire(self.national, "N1")))

    def test_case_35_a_merge_waits_for_its_prior_of_the_same_authority(self):
        unknown = {"system": "urn:oid:1.2.3.4", "value": "N1"}
        self._post(self._person(unknown))
        self._send(self._person(self._wire(self.national, "N2")))
        self._post(self._merged(self._wire(self.national, "N2"), unknown))
        self.assertEqual(self._last().state, "pending")
        self._send(self._person(self._wire(self.national, "N1"), name={"text": "X"}))
        self._send(
            self._merged(
                self._wire(self.national, "N2"), self._wire(self.national, "N1")
            )
        )
        self.assertEqual(self._last().state, "done")

    def test_the_error_points_at_the_number(self):
        """Also if another record has the number."""
        good = self._wire(self.national, "N5")
        bad = self._wire(self.national, "UNKNOWN")
        self._send(self._person(good))
        for envelope, pointer in (
            (self._person(good, bad), "/data/identifiers/1/value"),
            (
                self._person(good, guarantor={"identifiers": [bad]}),
                "/data/guarantor/identifiers/0/value",
            ),
            (
                self._person(good, payer={"identifiers": [good, bad]}),
                "/data/payer/identifiers/1/value",
            ),
            (self._merged(good, bad), "/data/prior/0/identifiers/0/value"),
            (self._merged(bad, good), "/data/survivor/identifiers/0/value"),
        ):
            self._post(envelope)
            message = self._last()
            with self.subTest(pointer), self.assertRaises(BusinessError) as caught:
                contract = message.contract_id
                handler = contract._handler()
                handler._apply(message, envelope["data"])
            self.assertEqual(message.error_code, "identifier_placeholder")
            self.assertEqual(caught.exception.pointer, pointer)
