"""``person.registered`` and ``person.updated``, over the real route."""

import json

from odoo import Command
from odoo.tests import tagged

from odoo.addons.interop_identifier.models.case_decision import CaseDecision

from .person_common import NATIONAL, PersonCase


@tagged("post_install", "-at_install")
class TestPerson(PersonCase):
    def setUp(self):
        super().setUp()
        self.one = self._wire(self.mrn, "P-1001")

    # === REGISTERING === #

    def test_a_registered_person_has_all_administrative_data(self):
        payer = self.env["res.partner"].create({"name": "Insurer", "is_company": True})
        self._identify(payer, self.national, "INS-1")
        self._send(self._person(self._wire(self.mrn, "P-0001"), name={"text": "Ma"}))
        self._send(
            self._person(
                self.one,
                birth_date="1974-12-25",
                telecom=[
                    {"system": "phone", "value": "+1 555 0199", "use": "work"},
                    {"system": "phone", "value": "+1 555 0100", "use": "home"},
                ],
                address={"lines": ["1 Main Street"], "city": "Lund", "country": "SE"},
                language="en-GB",
                guarantor={"identifiers": [self._wire(self.mrn, "P-0001")]},
                payer={
                    "identifiers": [self._wire(self.national, "INS-1")],
                    "member_number": "HX-77",
                },
                communication_consent="refused",
            )
        )
        person = self._who(self.one)
        self.assertEqual(person.name, "Eve Everywoman")
        self.assertTrue(person.interop_is_person)
        self.assertEqual(str(person.interop_birth_date), "1974-12-25")
        self.assertEqual((person.phone, person.city), ("+1 555 0100", "Lund"))
        self.assertEqual(person.lang, "en_US", "the nearest that is installed")
        self.assertEqual(person.interop_guarantor_id.name, "Ma")
        self.assertEqual(person.interop_payer_id, payer)
        self.assertEqual(person.interop_payer_number, "HX-77")
        self.assertEqual(person.interop_communication_consent, "refused")
        self.assertFalse(person.company_id)
        membership = person.interop_membership_ids
        self.assertEqual(membership.company_id, self.facility)
        self.assertEqual(membership.joined_message_id, self._last())
        self.assertEqual(membership.joined_by_id, self.client.user_id)

    def _identify(self, partner, namespace, value):
        return self.env["interop.identifier"].create(
            {
                "namespace_id": namespace.id,
                "value": value,
                "record_ref": f"res.partner,{partner.id}",
            }
        )

    def test_promise_3_once_however_often_it_is_sent(self):
        envelope = self._person(self.one)
        for _number in range(3):
            self._send(envelope)
        self._send(self._person(self.one))
        person = self._who(self.one)
        self.assertEqual(len(person.interop_membership_ids), 1)
        self.assertEqual(
            self.env["res.partner"].search_count([("name", "=", person.name)]), 1
        )

    def test_contract_examples_are_accepted(self):
        self.mrn.uri = "urn:oid:2.16.840.1.113883.19.5"
        for contract in self.person_contracts.sorted("message_type", reverse=True):
            if contract.message_type == "person.merged":
                self._send(self._person(self._wire(self.mrn, "P-1002")))
            self._send(
                self._envelope(
                    type=contract.message_type,
                    schema_version=1,
                    data=self._example(contract),
                ),
            )

    def test_nothing_clinical_gets_in(self):
        for extra in ({"diagnosis": "x"}, {"gender": "female"}, {"deceased": True}):
            response = self._post(self._person(self.one, **extra))
            self._assert_problem(response, 422, "schema_violation")

    def test_numbers_of_two_people_wait(self):
        self._send(self._person(self.one))
        self._send(self._person(self._wire(self.national, "N1"), name={"text": "X"}))
        response = self._post(self._person(self.one, self._wire(self.national, "N1")))
        self._assert_problem(response, 422, "possible_duplicate")
        self.assertEqual(self._last().state, "parked")
        self.assertTrue(self._last().identity_case_id)

    def test_a_message_with_an_unknown_guarantor_waits(self):
        mother = self._wire(self.mrn, "P-0001")
        envelope = self._person(self.one, guarantor={"identifiers": [mother]})
        self._assert_problem(self._post(envelope), 422, "unknown_identifier")
        message = self._last()
        self.assertFalse(self._who(self.one), "nothing half done")
        self._send(self._person(mother, name={"text": "Ma"}))
        message.action_retry()
        self.env["interop.pump"]._run_inline()
        self.assertEqual(message.state, "done")
        self.assertEqual(self._who(self.one).interop_guarantor_id, self._who(mother))

    # === UPDATING === #

    def test_members_left_out_do_not_change(self):
        self._send(self._person(self.one, birth_date="1974-12-25"))
        self._send(self._person(self.one, kind="updated", address={"city": "Lund"}))
        person = self._who(self.one)
        self.assertEqual((person.name, person.city), ("Eve Everywoman", "Lund"))
        self.assertEqual(str(person.interop_birth_date), "1974-12-25")

    def test_an_update_about_an_unknown_person_follows_the_interface(self):
        self._send(self._person(self.one, kind="updated", name={"text": "New"}))
        self.assertEqual(self._who(self.one).name, "New")
        self.interface.unknown_policy = "park"
        self._approve(self.interface, companies=self.interface.company_ids)
        for kind in ("updated", "registered"):
            wire = self._wire(self.mrn, f"P-{kind}")
            response = self._post(self._person(wire, kind=kind, name={"text": "Two"}))
            self._assert_problem(response, 422, "unknown_identifier")
            self.assertEqual(self._last().state, "parked")
            self.assertFalse(self._who(wire))

    def test_a_number_without_authority_is_the_senders_own_or_waits(self):
        self._send(self._person(self.one))
        person = self._who(self.one)
        nameless = {"value": self.one["value"]}
        update = {"kind": "updated", "address": {"city": "Lund"}}
        response = self._post(self._person(nameless, **update))
        self._assert_problem(response, 422, "unknown_namespace")
        self.assertIn("names no assigning authority", response.text)
        self.assertEqual(self._last().state, "parked")
        self.assertEqual(self._last().identity_case_id.kind, "namespace")
        self._last()._set_cancelled("Tried again below")
        system = self.system.with_company(self.facility)
        system.identifier_namespace_id = self.mrn
        self._approve(self.interface)
        self._send(self._person(nameless, **update))
        self.assertEqual((person.city, self._who(self.one)), ("Lund", person))

    def test_a_message_without_identifiers_is_refused(self):
        response = self._post(self._person(kind="updated", name={"text": "Who"}))
        self._assert_problem(response, 422, "business_rule")
        response = self._post(self._person())
        self._assert_problem(response, 422, "schema_violation")

    def test_an_older_message_changes_nothing(self):
        later, earlier = "2026-02-02T10:00:00Z", "2026-02-01T10:00:00Z"
        self.env["interop.ownership"].create(
            {
                "name": "Addresses",
                "authority": "system",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "field_ids": [
                    Command.set(
                        self.env["ir.model.fields"]._get("res.partner", "city").ids
                    )
                ],
                "system_id": self.system.id,
                "company_id": self.facility.id,
            }
        )
        self._send(self._person(self.one, occurred_at=later, address={"city": "Lund"}))
        self._send(
            self._person(
                self.one,
                kind="updated",
                occurred_at=earlier,
                address={"city": "Malmö"},
            )
        )
        self.assertEqual(self._who(self.one).city, "Lund")
        report = self._last().field_report
        self.assertIn("stale", json.dumps(report))

    # === TWO FACILITIES === #

    def _known_to_both(self):
        national = self._wire(self.national, "N-77")
        self._send(self._person(self.one, national))
        response = self._at_anne(
            self._person(self._wire(self.anne_mrn, "A-9"), national)
        )
        self.assertEqual(response.status_code, 200, response.text)
        return self._who(self.one)

    def test_a_national_number_is_one_person_at_both(self):
        person = self._known_to_both()
        self.assertEqual(
            person._interop_known_at(), self.facility | self.other_facility
        )
        for facility, own in (
            (self.facility, "P-1001"),
            (self.other_facility, "A-9"),
        ):
            operator = self._create_user("operator", companies=facility)
            self.env.invalidate_all()
            seen = person.with_user(operator)
            values = seen.interop_identifier_ids.mapped("value")
            self.assertEqual(sorted(values), sorted([own, "N-77"]))
            messages = seen.interop_message_ids
            self.assertEqual(messages.company_id, facility)
            self.assertEqual(seen.interop_membership_ids.company_id, facility)

    def test_the_look_up_answers_each_facility_with_its_numbers(self):
        self._known_to_both()
        mercy = self._look_up(self.national, "N-77")
        with self._as_anne():
            anne = self._look_up(self.national, "N-77")
        for (status, answer), own in ((mercy, "P-1001"), (anne, "A-9")):
            self.assertEqual(status, 200)
            values = [item["value"] for item in answer["identifiers"]]
            self.assertEqual(sorted(values), sorted([own, "N-77"]))

    def test_a_person_known_only_elsewhere_is_not_found(self):
        self._send(self._person(self.one, self._wire(self.national, "N-77")))
        self.assertEqual(self._look_up(self.national, "N-77")[0], 200)
        with self._as_anne():
            status, answer = self._look_up(self.national, "N-77")
            nobody = self._look_up(self.national, "N-78")
        self.assertEqual((status, answer["code"]), (404, "identifier_not_found"))
        self.assertEqual(answer.keys(), nobody[1].keys())
        reader = self._create_user("operator", companies=self.other_facility)
        numbers = self.env["interop.identifier"].with_user(reader)
        self.assertFalse(numbers.search([("value", "=", "N-77")]))

    def test_an_update_about_a_person_known_elsewhere_discloses_nothing(self):
        self._send(self._person(self.one, self._wire(self.national, "N-77")))
        self.anne[0].unknown_policy = "park"
        self._approve(self.anne[0], companies=self.anne[0].company_ids)
        answers = []
        for number in ("N-77", "N-78"):
            wire = self._wire(self.national, number)
            response = self._at_anne(
                self._person(wire, kind="updated", address={"city": "Lund"})
            )
            self._assert_problem(response, 422, "unknown_identifier")
            answers.append(response.json()["detail"])
        self.assertEqual(*answers)
        self.assertFalse(self._who(self.one).city)

    def test_a_registration_behind_a_question_about_its_number_goes_on_with_it(self):
        self._send(self._person(self.one, self._wire(self.national, "N-77")))
        person = self._who(self.one)
        self.anne[0].unknown_policy = "park"
        self._approve(self.anne[0], companies=self.anne[0].company_ids)
        wire = self._wire(self.national, "N-77")
        self._at_anne(self._person(wire, kind="updated", address={"city": "Lund"}))
        parked = self._last()
        late = self._person(wire, self._wire(self.anne_mrn, "A-9"))
        self.assertEqual(self._at_anne(late).status_code, 202)
        waits = self._last()
        self.assertEqual((parked.state, waits.state), ("parked", "pending"))
        steward = self._create_user("steward", companies=self.other_facility)
        case = parked.identity_case_id.with_user(steward)
        case.action_show_message()
        text = str(case.comparison)
        self.assertIn("N-77", text)
        self.assertIn("Not known in Odoo", text)
        self.assertNotIn(
            "Another record", text, "other facilities know him: no user here sees it"
        )
        CaseDecision(case).create_new("Came by referral")
        self.env["interop.pump"]._run_inline()
        self.assertEqual((parked.state, waits.state), ("done", "done"))
        self.assertEqual((parked.res_id, waits.res_id), (person.id, person.id))
        self.assertEqual(person.city, "Lund")
        self.assertIn(self.other_facility, person._interop_known_at())
        number = self._wire(self.anne_mrn, "A-9")
        self.assertEqual(self._who(number, self.other_facility), person)

    def test_inactive_is_a_matter_of_the_facility(self):
        person = self._known_to_both()
        wire = self._wire(self.anne_mrn, "A-9")
        self._at_anne(self._person(wire, kind="updated", active=False))
        self.assertTrue(person.active)
        self.assertEqual(person._interop_known_at(), self.facility)
        left = person._interop_memberships_sudo(state="left")
        self.assertEqual(left.left_message_id, self._last())
        early = "2025-01-01T00:00:00Z"
        response = self._at_anne(
            self._person(wire, kind="updated", occurred_at=early, active=True)
        )
        self.assertEqual(self._last().state, "skipped", response.text)
        self.assertEqual(person._interop_known_at(), self.facility)
        later = "2026-03-01T00:00:00Z"
        self._at_anne(self._person(wire, kind="updated", occurred_at=later))
        self.assertIn(self.other_facility, person._interop_known_at())
        # where only one knows the person, the partner is archived and stays theirs
        again = "2026-03-01T00:00:00.000001Z"
        self._at_anne(
            self._person(wire, kind="updated", occurred_at=again, active=False)
        )
        self._send(self._person(self.one, kind="updated", active=False))
        self.assertFalse(person.active)
        self.assertEqual(person._interop_known_at(), self.facility)
        self._send(self._person(self.one, kind="updated", active=True))
        self.assertTrue(person.active)

    def test_a_client_changes_no_person_of_another_facility(self):
        self._send(self._person(self.one))
        for wire in (self.one, self._wire(self.anne_mrn, "P-1001")):
            self._at_anne(self._person(wire, name={"text": "Taken over"}))
        person = self._who(self.one)
        self.assertEqual(person.name, "Eve Everywoman")
        self.assertEqual(person._interop_known_at(), self.facility)
        service_user = self.anne[1].user_id
        seen = person.with_user(service_user)
        self.assertFalse(seen.has_access("read") or seen.has_access("write"))

    # === NO ECHO === #

    def test_changes_by_a_system_are_sent_to_others_only(self):
        contract = self.env["interop.contract"]._find("person.updated")
        outs = {}
        for name, system, facility in (
            ("own", self.system, self.facility),
            ("beside", self._create_system(), self.facility),
            ("elsewhere", self.anne_system, self.other_facility),
        ):
            interface = self._create_interface(
                system_id=system.id,
                contract_ids=[Command.set(contract.ids)],
                company_ids=[Command.set(facility.ids)],
                data_class="patient_adjacent",
                transport=False,
                activate=False,
            )
            interface._transition({"state": "active"})
            outs[name] = interface
        self.env.registry.clear_cache()
        self._send(self._person(self.one, self._wire(self.national, "N-77")))
        self.assertEqual(self._told(outs), {"own": 0, "beside": 1, "elsewhere": 0})
        self._at_anne(
            self._person(
                self._wire(self.national, "N-77"),
                kind="updated",
                birth_date="1974-12-25",
            )
        )
        self.assertEqual(self._told(outs), {"own": 1, "beside": 2, "elsewhere": 0})
        self._send(self._person(self.one, kind="updated", birth_date="1974-12-26"))
        self.assertEqual(self._told(outs), {"own": 1, "beside": 3, "elsewhere": 1})
        message = self.env["interop.message"].search(
            [("interface_id", "=", outs["elsewhere"].id)]
        )
        data = json.loads(message._payload_bytes())["data"]
        self.assertEqual(data["birth_date"], "1974-12-26")
        systems = {item["system"] for item in data["identifiers"]}
        self.assertEqual(
            systems, {NATIONAL}, "numbers of the other facility stay there"
        )

    def _told(self, outs):
        self.env["interop.materializer"].sudo()._materialize()
        messages = self.env["interop.message"]
        return {
            name: messages.search_count([("interface_id", "=", interface.id)])
            for name, interface in outs.items()
        }

    # === PROMISE 9, GENERATED === #

    def test_the_look_up_over_every_client_and_partner(self):
        clients = {"A": self.facility, "B": self.other_facility}
        for letters in ("", "A", "B", "AB"):
            number = f"N-1{letters}"
            self._send(self._person(self._wire(self.national, number)))
            person = self._who(self._wire(self.national, number))
            person._interop_leave(self.facility)
            for letter in letters:
                person._interop_join(clients[letter])
            for letter, facility in clients.items():
                with self.subTest(partner=letters, client=letter):
                    if facility == self.facility:
                        status, answer = self._look_up(self.national, number)
                    else:
                        with self._as_anne():
                            status, answer = self._look_up(self.national, number)
                    self.assertEqual(status, 200 if letter in letters else 404)
                    self.assertEqual(number in str(answer), letter in letters)
