"""The partner form: identifiers and messages."""

from ast import literal_eval

from psycopg2.errors import SerializationFailure

from odoo.sql_db import db_connect
from odoo.tests import Form, tagged

from .common import NPI, CareCase


@tagged("post_install", "-at_install")
class TestPartner(CareCase):
    def test_identifiers_and_messages_are_on_the_form(self):
        self._send(self._provider())
        partner = self._found(NPI, "1234567893")
        user = self._create_user("operator")
        seen = partner.with_user(user)
        self.assertEqual(len(seen.interop_identifier_ids), 2)
        self.assertEqual(seen.interop_message_count, 1)
        self.assertEqual(seen.interop_message_ids, self._messages())
        action = seen.action_view_interop_messages()
        found = self.env["interop.message"].search(action["domain"])
        self.assertEqual(found, self._messages())
        arch = seen.get_view(view_type="form")["arch"]
        self.assertIn('<widget name="interop_identifiers"', arch)
        self.assertIn("action_view_interop_messages", arch)

    def test_a_user_without_integration_rights_sees_an_ordinary_contact(self):
        self._send(self._provider())
        partner = self._found(NPI, "1234567893")
        user = self._create_user("base.group_partner_manager")
        arch = partner.with_user(user).get_view(view_type="form")["arch"]
        self.assertNotIn("interop_identifiers", arch)
        self.assertIn("interop_role_ids", arch)
        with Form(partner.with_user(user)) as form:
            form.name = "Renamed by hand"
        self.assertEqual(partner.name, "Renamed by hand")

    def test_filters_find_by_mark_and_number(self):
        self._send(self._provider())
        self._send(self._location("A"))
        partners = self.env["res.partner"]
        provider = self._found(NPI, "1234567893")
        place = self._found(self.places.uri, "A")
        for xmlid, inside, outside in (
            ("interop_care.res_partner_action_provider", provider, place),
            ("interop_care.res_partner_action_location", place, provider),
        ):
            domain = self.env["ir.actions.act_window"]._for_xml_id(xmlid)["domain"]
            found = partners.search(literal_eval(domain))
            self.assertIn(inside, found)
            self.assertNotIn(outside, found)
        by_number = [("interop_identifier_ids.value_normalized", "=", "1234567893")]
        self.assertEqual(partners.search(by_number), provider)

    def test_a_specialty_is_made_once(self):
        specialties = self.env["interop.care.specialty"]
        codings = [
            {"code": "c", "display": "Cardiology"},
            {"code": "c", "system": "urn:x"},
        ]
        made = specialties._from_codings(codings)
        self.assertEqual(made.mapped("name"), ["Cardiology", "c"])
        self.assertEqual(specialties._from_codings(codings), made)
        self.assertFalse(specialties._from_codings(None))

    def test_a_specialty_that_was_made_a_moment_ago_is_a_reason_to_try_again(self):
        """It must not look like invalid content, which a unique violation would be."""
        name, code = self.env.cr.dbname, f"race-{self._next()}"

        def change(query):
            with db_connect(name).cursor() as cr:  # commits at the end
                cr.execute("SET LOCAL lock_timeout = '10s'")
                cr.execute(query, [code])

        self.env.cr.execute("SELECT 1")  # its snapshot is older than the other commit
        self.addCleanup(change, "DELETE FROM interop_care_specialty WHERE code = %s")
        change(
            "INSERT INTO interop_care_specialty (code, name, active)"
            " VALUES (%s, 'First', true)"
        )
        with self.assertRaises(SerializationFailure), self.env.cr.savepoint():
            self.env["interop.care.specialty"]._from_codings([{"code": code}])
