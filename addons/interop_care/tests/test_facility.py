"""Facility memberships: begin, end, and partners without them."""

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.interop_base.tests.common import InteropCase


@tagged("post_install", "-at_install")
class TestFacility(InteropCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("base.group_partner_manager")
        cls.other_clerk = cls._create_user(
            "base.group_partner_manager", companies=cls.other_facility
        )
        cls.partners = cls.env["res.partner"]

    def _person(self, **values):
        """Return a person that the first facility knows."""
        return (
            self.partners.with_user(self.clerk)
            .create({"name": "Eve Everywoman", "interop_is_person": True, **values})
            .with_env(self.env)
        )

    def _sees(self, user, partner):
        self.env.invalidate_all()
        return bool(self.partners.with_user(user).search([("id", "=", partner.id)]))

    def _events(self, action, membership):
        return self.env["interop.audit.event"].search(
            [
                ("action", "=", action),
                ("res_model", "=", membership._name),
                ("res_id", "in", membership.ids),
            ]
        )

    # === WHERE MEMBERSHIPS COME FROM === #

    def test_a_new_person_is_known_at_the_users_facility(self):
        person = self._person()
        membership = person.interop_membership_ids
        self.assertEqual(membership.company_id, self.facility)
        self.assertEqual(membership.joined_by_id, self.clerk)
        self.assertFalse(membership.joined_message_id)
        self.assertTrue(self._sees(self.clerk, person))
        self.assertFalse(self._sees(self.other_clerk, person))
        event = self._events("joined", membership)
        self.assertEqual(event.login, self.clerk.login)
        self.assertEqual(event.company_ref, self.facility.id)
        self.assertNotIn("Eve", f"{event.res_name} {event.detail}")

    def test_a_form_enters_a_person(self):
        action = self.env.ref("interop_care.res_partner_action_person")
        context = {"default_interop_is_person": True}
        with Form(self.partners.with_user(self.clerk).with_context(**context)) as form:
            form.name = "Typed In"
        self.assertEqual(action.context, str(context))
        person = form.record.with_env(self.env)
        self.assertEqual(person.interop_facility_ids, self.facility)

    def test_a_mark_later_on_counts_the_same(self):
        contact = self.partners.create({"name": "A customer"})
        self.assertTrue(self._sees(self.other_clerk, contact))
        contact.with_user(self.clerk).interop_is_person = True
        self.assertFalse(self._sees(self.other_clerk, contact))
        contact.with_user(self.clerk).interop_is_person = False
        self.assertFalse(self._sees(self.other_clerk, contact), "who is known stays so")

    def test_a_role_makes_its_provider_known_where_it_is(self):
        provider = self._person(interop_is_provider=True)
        self.env["interop.care.role"].create(
            {
                "partner_id": provider.id,
                "code": "d",
                "name": "Doctor",
                "company_id": self.other_facility.id,
            }
        )
        self.assertTrue(self._sees(self.other_clerk, provider))

    def test_a_contact_of_one_company_becomes_a_person_there(self):
        contact = self.partners.create(
            {"name": "Theirs", "company_id": self.other_facility.id}
        )
        contact.interop_is_person = True
        self.assertEqual(contact._interop_known_at(), self.other_facility)

    def test_a_duplicate_is_known_where_it_is_made(self):
        person = self._person()
        person._interop_join(self.other_facility)
        copy = person.with_user(self.clerk).copy()
        self.assertEqual(copy._interop_known_at(), self.facility)

    # === JOINING AND LEAVING === #

    def _dialog(self, user, person, operation, company):
        action = (
            person.with_user(user).action_interop_join()
            if operation == "join"
            else person._interop_active_at(company).with_user(user).action_leave()
        )
        context = {**action["context"], "default_company_id": company.id}
        return (
            self.env[action["res_model"]]
            .with_user(user)
            .with_context(**context)
            .create({"reason": "Transferred"})
        )

    def test_a_steward_of_both_lets_a_person_join_and_leave(self):
        both = self.facility | self.other_facility
        steward = self._create_user("steward", companies=both)
        person = self._person()
        wizard = self._dialog(steward, person, "join", self.other_facility)
        self.assertEqual(wizard.choice_ids, self.other_facility)
        wizard.action_apply()
        membership = person._interop_active_at(self.other_facility)
        self.assertEqual(membership.joined_by_id, steward)
        self.assertEqual(self._events("joined", membership).detail[-11:], "Transferred")
        self.assertTrue(self._sees(self.other_clerk, person))
        wizard = self._dialog(steward, person, "leave", self.other_facility)
        self.assertEqual(wizard.choice_ids, both)
        wizard.action_apply()
        self.assertEqual((membership.state, membership.left_by_id), ("left", steward))
        self.assertEqual(len(self._events("left", membership)), 1)
        self.assertFalse(self._sees(self.other_clerk, person))
        self.assertTrue(self._sees(self.clerk, person))
        with self._refused(UserError, "does not know this person"):
            wizard.action_apply()
        person._interop_join(self.other_facility)
        self.assertEqual(len(person.interop_membership_ids), 3, "the past is kept")

    def test_only_stewards_of_the_facility_let_a_person_join(self):
        person = self._person()
        steward = self._create_user("steward")
        wizard = self._dialog(steward, person, "join", self.other_facility)
        with self._refused(AccessError, "St. Anne Clinic"):
            wizard.action_apply()
        for group in ("user", "operator", "admin", "auditor"):
            user = self._create_user(group)
            with self._refused(AccessError, msg=group):
                self._dialog(user, person, "join", self.facility)
        steward = self._create_user("steward", companies=self.other_facility)
        with self._refused(AccessError):
            self._dialog(steward, person, "join", self.other_facility).action_apply()
        for method in ("_interop_join", "_interop_leave"):
            self.assertTrue(method.startswith("_"), "not to be called from outside")

    def test_memberships_are_kept_as_they_were(self):
        membership = self._person().interop_membership_ids
        with self._refused(ValidationError):
            membership.company_id = self.other_facility
        with self._refused(AccessError):
            membership.state = "left"
        for group in ("steward", "admin", "base.group_partner_manager"):
            user = self._create_user(group)
            for operation in ("write", "create", "unlink"):
                allowed = membership.with_user(user).has_access(operation)
                self.assertFalse(allowed, (group, operation))
            self.assertTrue(membership.with_user(user).has_access("read"))
        self.assertFalse(membership.with_user(self.other_clerk).has_access("read"))

    def test_joining_twice_is_one_membership(self):
        person = self._person()
        self.assertFalse(person._interop_join(self.facility))
        self.assertEqual(len(person.interop_membership_ids), 1)

    def test_the_page_shows_own_facilities_only(self):
        person = self._person()
        person._interop_join(self.other_facility)
        for user, facility in (
            (self.clerk, self.facility),
            (self.other_clerk, self.other_facility),
        ):
            seen = person.with_user(user)
            self.assertEqual(seen.interop_membership_ids.company_id, facility)
            self.env.invalidate_all()  # another request
            self.assertEqual(seen.interop_facility_ids, facility)
            arch = seen.get_view(view_type="form")["arch"]
            self.assertIn("interop_membership_ids", arch)
            self.assertNotIn("action_interop_join", arch)
        arch = person.with_user(self._create_user("steward")).get_view(view_type="form")
        self.assertIn("action_interop_join", arch["arch"])

    def test_filter_by_facility(self):
        person = self._person()
        both = self._create_user(companies=self.facility | self.other_facility)
        partners = self.partners.with_user(both)
        for operator, value, found in (
            ("in", self.facility.ids, True),
            ("in", self.other_facility.ids, False),
            ("not in", self.other_facility.ids, True),
            ("ilike", "mercy", True),
            ("ilike", "anne", False),
            ("!=", False, True),
            ("=", False, False),
        ):
            domain = [("interop_facility_ids", operator, value)]
            domain += [("id", "=", person.id)]
            self.assertEqual(bool(partners.search(domain)), found, domain)

    # === WHO FOLLOWS, WHO IS LEFT ALONE === #

    def test_addresses_and_relatives_follow_the_person(self):
        person = self._person()
        address = self.partners.create(
            {"name": "Home", "type": "delivery", "parent_id": person.id}
        )
        below = self.partners.create({"name": "Neighbor", "parent_id": address.id})
        for child in (address, below):
            self.assertTrue(self._sees(self.clerk, child))
            self.assertFalse(self._sees(self.other_clerk, child))
        person._interop_join(self.other_facility)
        self.assertTrue(self._sees(self.other_clerk, below))
        below.parent_id = False
        person._interop_leave(self.other_facility)
        self.assertTrue(self._sees(self.other_clerk, below), "an ordinary contact")
        self.assertFalse(self._sees(self.other_clerk, address))

    def test_the_employer_of_a_person_is_an_ordinary_contact(self):
        employer = self.partners.create({"name": "Employer", "is_company": True})
        person = self._person(parent_id=employer.id)
        self.assertTrue(self._sees(self.other_clerk, employer))
        self.assertFalse(self._sees(self.other_clerk, person))
        seen = employer.with_user(self.other_clerk)
        self.assertNotIn(person, seen.child_ids)

    def test_users_and_companies_are_seen_by_everybody(self):
        colleague = self._create_user()
        colleague.partner_id.interop_is_provider = True
        self.facility.partner_id.interop_is_provider = True
        for partner in (colleague.partner_id, self.facility.partner_id):
            self.assertTrue(self._sees(self.other_clerk, partner))
        users = self.env["res.users"].with_user(self.other_clerk)
        self.assertIn(colleague, users.search([]))
        colleague.active = False
        self.assertFalse(self._sees(self.other_clerk, colleague.partner_id))

    def test_portal_and_public_users_see_contacts_as_in_core(self):
        portal = new_test_user(self.env, "portal_person", groups="base.group_portal")
        person = portal.partner_id
        person.interop_is_person = True
        person._interop_leave(person._interop_known_at())
        person._interop_join(self.other_facility)
        self.env.invalidate_all()
        self.assertEqual(person.with_user(portal).name, person.name)
        person.with_user(portal).check_access("read")
        other = self._person()
        with self.assertRaises(AccessError):
            other.with_user(portal).check_access("read")
        public = self.env.ref("base.public_user")
        public.partner_id.with_user(public).check_access("read")

    def test_a_branch_sees_people_known_at_its_parent(self):
        branch = self.env["res.company"].create(
            {"name": "Mercy Ward", "parent_id": self.facility.id}
        )
        person = self._person()
        nurse = self._create_user(companies=branch)
        self.assertTrue(self._sees(nurse, person))
        ward_only = self.partners.create({"name": "W", "interop_is_person": True})
        ward_only._interop_leave(ward_only._interop_known_at())
        ward_only._interop_join(branch)
        self.assertTrue(self._sees(nurse, ward_only))
        self.assertFalse(self._sees(self.clerk, ward_only))

    # === AROUND === #

    def test_documents_and_mail_of_others_still_open(self):
        person = self._person(email="eve@everywoman.example")
        document = self.partners.create({"name": "A supplier"})
        document.message_subscribe(person.ids)
        document.message_post(body="Hello", author_id=person.id)
        seen = document.with_user(self.other_clerk)
        seen.message_post(
            body="Answer", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        for message in seen.message_ids:
            self.assertTrue(message.author_id.sudo().name)
        formatted = seen.message_ids.with_user(self.other_clerk).read(["author_id"])
        names = {row["author_id"][1] for row in formatted if row["author_id"]}
        self.assertIn("Eve Everywoman", names)
        self.assertIn(person, seen.sudo().message_partner_ids)

    def test_records_that_refer_to_a_hidden_person_can_be_read(self):
        person = self._person()
        referring = self.partners.create({"name": "Firm", "user_id": self.clerk.id})
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "123", "partner_id": person.id}
        )
        row = bank.with_user(self.clerk).read(["partner_id"])[0]
        self.assertEqual(row["partner_id"][0], person.id)
        seen = referring.with_user(self.other_clerk)
        self.assertEqual(
            seen.web_read({"user_id": {"fields": {"display_name": {}}}})[0]["user_id"][
                "id"
            ],
            self.clerk.id,
        )

    def test_the_key_follows_commands_and_deletions(self):
        person = self._person()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT interop_facility_key FROM res_partner WHERE id = %s", [person.id]
        )
        self.assertEqual(self.env.cr.fetchone()[0], self.facility.ids)
        person.category_id = [Command.create({"name": "Any"})]
        person.unlink()
        self.assertFalse(
            self.env["interop.facility.membership"].search(
                [("partner_id", "=", person.id)]
            )
        )
