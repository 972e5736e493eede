"""``provider.upserted``, over the real route."""

from odoo.tests import tagged

from odoo.addons.interop_base.exceptions import BusinessError

from .common import NPI, CareCase


@tagged("post_install", "-at_install")
class TestProvider(CareCase):
    def test_a_provider_is_created_with_both_numbers(self):
        self._send(
            self._provider(
                telecom=[
                    {"system": "phone", "value": "+1 555 0199", "use": "home"},
                    {"system": "phone", "value": "+1 555 0100", "use": "work"},
                    {"system": "email", "value": "a.careful@mercy.example"},
                ],
                address={
                    "lines": ["534 Erewhon Street", "Floor 2"],
                    "city": "Springfield",
                    "state": "il",
                    "postal_code": "62701",
                    "country": "US",
                },
                specialties=[
                    {"system": "urn:s", "code": "394579002", "display": "Cardiology"}
                ],
            )
        )
        partner = self._found(NPI, "1234567893")
        self.assertEqual(partner, self._found(self.own.uri, "MP-42"))
        self.assertEqual(partner.name, "Dr. Adam Careful")
        self.assertTrue(partner.interop_is_provider)
        self.assertFalse(partner.interop_is_person or partner.interop_is_location)
        self.assertFalse(partner.company_id)
        self.assertEqual(partner.phone, "+1 555 0100")
        self.assertEqual(partner.email, "a.careful@mercy.example")
        self.assertEqual(
            (partner.street, partner.street2, partner.city, partner.zip),
            ("534 Erewhon Street", "Floor 2", "Springfield", "62701"),
        )
        self.assertEqual(partner.state_id.code, "IL")
        self.assertEqual(partner.interop_specialty_ids.name, "Cardiology")
        self.assertEqual(partner.create_uid, self.client.user_id)
        self.assertEqual(self._messages().resource_ref, partner)

    def test_where_a_provider_came_from_is_in_its_provenance_not_in_a_note(self):
        self._send(self._provider())
        partner = self._found(NPI, "1234567893")
        self.assertFalse(partner.message_ids, "no note for each of a million")
        rows = self.env["interop.provenance"]._sources(partner)[partner.id]
        self.assertEqual(rows["name"]["message_id"], self._messages().id)
        self.assertEqual(rows["name"]["user_id"], self.client.user_id.id)
        self._send(self._provider(name={"text": "Prof. Adam Careful"}))
        self.assertEqual(partner.name, "Prof. Adam Careful")

    def test_numbers_are_stored_with_their_facilities(self):
        self._send(self._provider())
        partner = self._found(NPI, "1234567893")
        self.env.cr.execute(
            """SELECT i.partner_facility_key, p.interop_facility_key
                 FROM interop_identifier i JOIN res_partner p ON p.id = i.partner_id
                WHERE p.id = %s""",
            [partner.id],
        )
        here = [self.facility.id]
        self.assertEqual(self.env.cr.fetchall(), [(here, here)] * 2)

    def test_promise_1_once_however_often_it_is_sent(self):
        envelope = self._provider()
        for _number in range(3):
            self._send(envelope)
        self._send(self._provider())  # the same content as a new message
        partners = self.env["res.partner"].search([("name", "=", "Dr. Adam Careful")])
        self.assertEqual(len(partners), 1)
        self.assertEqual(len(partners.interop_identifier_ids), 2)
        self.assertEqual(len(self._messages()), 2)

    def test_an_update_does_not_change_members_left_out(self):
        self._send(self._provider(telecom=[{"system": "phone", "value": "1"}]))
        self._send(self._provider(name={"text": "Prof. Adam Careful"}))
        partner = self._found(NPI, "1234567893")
        self.assertEqual((partner.name, partner.phone), ("Prof. Adam Careful", "1"))

    def test_one_number_is_enough_and_a_new_one_is_added(self):
        self._send(
            self._provider(identifiers=[{"system": self.own.uri, "value": "MP-42"}])
        )
        partner = self._found(self.own.uri, "MP-42")
        self._send(self._provider())
        self.assertEqual(self._found(NPI, "1234567893"), partner)

    def test_numbers_of_two_people_wait_for_a_person(self):
        self._send(self._provider(identifiers=[{"system": NPI, "value": "1234567893"}]))
        self._send(
            self._provider(
                identifiers=[{"system": self.own.uri, "value": "MP-42"}],
                name={"text": "Eve Other"},
            )
        )
        before = self.env["res.partner"].search_count([])
        response = self._post(self._provider(name={"text": "Who is this"}))
        self._assert_problem(response, 422, "possible_duplicate")
        self.assertEqual(self._messages().sorted("id")[-1].state, "parked")
        self.assertEqual(self.env["res.partner"].search_count([]), before)
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Who is this")]))

    def test_an_unknown_authority_waits_for_a_person(self):
        response = self._post(
            self._provider(identifiers=[{"system": "urn:nobody", "value": "1"}])
        )
        self._assert_problem(response, 422, "unknown_namespace")
        self.assertFalse(
            self.env["res.partner"].search([("name", "=", "Dr. Adam Careful")])
        )

    def test_inactive_archives_and_is_found_again(self):
        self._send(self._provider())
        partner = self._found(NPI, "1234567893")
        self._send(self._provider(active=False))
        self.assertFalse(partner.active)
        self._send(self._provider(active=True))
        self.assertTrue(partner.active)

    def test_roles_are_the_sender_s_whole_list(self):
        self._send(self._location("WARD-3"))
        role = {
            "code": "doctor",
            "display": "Doctor",
            "specialties": [{"code": "card", "display": "Cardiology"}],
            "locations": [{"system": self.places.uri, "value": "WARD-3"}],
            "period": {"start": "2024-01-01", "end": "2030-12-31"},
        }
        self._send(self._provider(roles=[role, {"code": "teacher"}]))
        partner = self._found(NPI, "1234567893")
        doctor, teacher = partner.interop_role_ids.sorted("code")
        self.assertEqual(doctor.name, "Doctor")
        self.assertEqual(doctor.location_ids, self._found(self.places.uri, "WARD-3"))
        self.assertEqual(doctor.specialty_ids.name, "Cardiology")
        self.assertEqual(str(doctor.date_start), "2024-01-01")
        self.assertEqual(doctor.system_id, self.system)
        self.assertEqual(teacher.name, "teacher")
        own = self.env["interop.care.role"].create(
            {
                "partner_id": partner.id,
                "code": "ours",
                "name": "Kept by hand",
                "company_id": self.facility.id,
            }
        )
        self._send(self._provider(roles=[{**role, "display": "Senior Doctor"}]))
        self.assertEqual(doctor.name, "Senior Doctor")
        self.assertFalse(teacher.active)
        self.assertTrue(own.active)
        self._send(self._provider())
        self.assertTrue(doctor.active)

    def test_a_role_at_an_unknown_location_waits_and_goes_on(self):
        role = {
            "code": "d",
            "locations": [{"system": self.places.uri, "value": "WARD-9"}],
        }
        self._assert_problem(
            self._post(self._provider(roles=[role])), 422, "unknown_identifier"
        )
        message = self._messages()
        self.assertEqual(message.state, "parked")
        self.assertIsNone(self._found(NPI, "1234567893"))
        self._send(self._location("WARD-9"))
        message.action_retry()
        self.env["interop.pump"]._run_inline()
        self.assertEqual(message.state, "done")
        partner = self._found(NPI, "1234567893")
        self.assertEqual(
            partner.interop_role_ids.location_ids,
            self._found(self.places.uri, "WARD-9"),
        )

    def test_the_same_role_twice_is_refused(self):
        response = self._post(self._provider(roles=[{"code": "d"}, {"code": "d"}]))
        self._assert_problem(response, 422, "business_rule")
        self.assertIsNone(self._found(NPI, "1234567893"))

    def test_an_unknown_country_or_state_is_refused_with_its_place(self):
        """Case 6: and a state of a country without states is kept with the city."""
        for address, pointer in (
            ({"country": "XX"}, "/data/address/country"),
            ({"state": "Vict", "country": "AU"}, "/data/address/state"),
        ):
            response = self._post(self._provider(address=address))
            problem = self._assert_problem(response, 422, "business_rule")
            self.assertEqual(problem["errors"][0]["pointer"], pointer)
            self.assertEqual(problem["message"]["pointer"], pointer)
        self.assertIsNone(self._found(NPI, "1234567893"))
        self._send(self._provider(address={"city": "PleasantVille", "state": "Vict"}))
        self.assertEqual(self._found(NPI, "1234567893").city, "PleasantVille, Vict")

    def test_wildcards_and_backslashes_are_text_in_a_state(self):
        """Case 6."""
        for state in ("%", "__", "N_", "\\", "\\%", "N%", "I\\L"):
            address = {"city": "X", "state": state, "country": "US"}
            response = self._post(self._provider(address=address))
            problem = self._assert_problem(response, 422, "business_rule")
            self.assertEqual(problem["errors"][0]["pointer"], "/data/address/state")
        self._send(self._provider(address={"state": "illinois", "country": "US"}))
        self.assertEqual(self._found(NPI, "1234567893").state_id.code, "IL")

    def test_nothing_clinical_gets_in(self):
        for extra in ({"diagnosis": "x"}, {"birth_date": "1970-01-01"}):
            response = self._post(self._provider(**extra))
            self._assert_problem(response, 422, "schema_violation")

    def test_a_partner_of_a_user_is_never_changed_by_a_machine(self):
        user = self._create_user("user")
        user.partner_id.interop_is_provider = True
        self.env["interop.identifier"].create(
            {
                "namespace_id": self.own.id,
                "value": "MP-42",
                "res_model": "res.partner",
                "res_id": user.partner_id.id,
            }
        )
        email = user.partner_id.email
        response = self._post(
            self._provider(telecom=[{"system": "email", "value": "evil@example.com"}])
        )
        self._assert_problem(response, 422, "business_rule")
        self.assertEqual(user.partner_id.email, email)

    def test_contract_examples_are_accepted(self):
        location = self._example(self.location_contract)
        building = {
            **location,
            "identifiers": [location["parent"]],
            "name": "Building A",
        }
        del building["parent"]
        for data in (building, location):
            self._send(
                self._envelope(type="location.upserted", schema_version=1, data=data)
            )
        data = self._example(self.provider_contract)
        self._send(
            self._envelope(type="provider.upserted", schema_version=1, data=data)
        )
        partner = self._found(NPI, data["identifiers"][0]["value"])
        self.assertEqual(partner.interop_role_ids.location_ids.name, "Ward 3")

    def test_search_by_business_key_without_showing_it(self):
        self._send(self._provider())
        message = self._messages()
        self.assertFalse(message.business_key)
        found = self.env["interop.message"].search([("search_key", "=", "1234567893")])
        self.assertEqual(found, message)

    def test_the_cache_of_a_country_follows_its_changes(self):
        handler = self.env["interop.handler.provider.upserted"]
        country = handler._country("US")
        self.assertEqual(country, self.env.ref("base.us"))
        self.assertEqual((country.code, country.phone_code), ("US", 1))
        country.phone_code = 99
        self.assertEqual(handler._country("US").phone_code, 99)
        country.code = "QQ"
        self.assertEqual(handler._country("QQ"), country)
        with self.assertRaises(BusinessError):
            handler._country("US")
        self.assertFalse(handler._country(None))

    def test_statements_of_a_new_provider(self):
        """Every statement runs a million times, so each one has its reason here.

        Counted as Odoo counts them. Sets that go to the database directly (provenance,
        the membership, the audit trail, the attempt) are not included. Core also reads
        the facilities of default accounts if there is a chart of accounts.
        """
        statements = {
            "the message, savepoint, and its end": 3,
            "the interfaces of the client, the country, the facility": 3,
            "the row of the message, its report, its contract": 3,
            "who has the number, its namespace, what people decided about it": 3,
            "definition of properties, the partner": 2,
            "memberships that it has, those that it got": 2,
            "logins for the trail, the user with whom core compares": 2,
            "the number, and the number again for the record rules": 2,
            "what is computed of the partner, the outcome": 2,
        }
        counts = []
        messages = type(self.env["interop.message"])
        original = messages._apply_now

        def counted(message, *args, **kwargs):
            before = message.env.cr.sql_log_count
            result = original(message, *args, **kwargs)
            counts.append(message.env.cr.sql_log_count - before)
            return result

        self.patch(messages, "_apply_now", counted)
        for number in ("1234567893", "1234567919", "1234567927"):  # two warm up
            self._send(
                self._provider(
                    identifiers=[{"system": NPI, "value": number}],
                    telecom=[{"system": "phone", "value": "+1 555 0100"}],
                    address={"lines": ["1 Main Street"], "country": "US"},
                )
            )
        self.assertTrue(self._found(NPI, "1234567927"))
        self.assertLessEqual(counts[2], sum(statements.values()))
