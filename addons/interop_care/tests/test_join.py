"""New people get a facility: in sets, and all of them."""

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.interop_base.tests.common import InteropCase

PROVIDER = {"interop_is_provider": True}


@tagged("post_install", "-at_install")
class TestJoin(InteropCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("base.group_partner_manager")
        cls.other_clerk = cls._create_user(
            "base.group_partner_manager", companies=cls.other_facility
        )
        cls.partners = cls.env["res.partner"].with_user(cls.clerk)
        cls.here = cls.facility.ids

    def _create(self, *vals_list):
        made = self.partners.create([{"name": "Somebody", **v} for v in vals_list])
        return made.with_env(self.env)

    def _keys(self, partners):
        """Return the facilities of the partners as the database stores them."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id, interop_facility_key FROM res_partner WHERE id = ANY(%s)",
            [partners.ids],
        )
        found = dict(self.env.cr.fetchall())
        return [found[partner_id] for partner_id in partners.ids]

    def _assert_keys(self, partners, keys):
        """The keys are as expected, and equal to keys computed anew."""
        self.assertEqual(self._keys(partners), keys)
        self.env.invalidate_all()
        field = partners._fields["interop_facility_key"]
        self.env.add_to_compute(field, partners)
        self.assertEqual(self._keys(partners), keys, "worked out anew")

    def _see(self, user, partners):
        self.env.invalidate_all()
        domain = [("id", "in", partners.ids)]
        return self.env["res.partner"].with_user(user).search_count(domain)

    # === KEYS === #

    def test_a_batch_of_all_kinds_gets_its_keys(self):
        family = {**PROVIDER, "child_ids": [Command.create({"name": "At home"})]}
        made = self._create(PROVIDER, {}, {"interop_is_person": True}, family)
        self._assert_keys(made, [self.here, None, self.here, self.here])
        self._assert_keys(made.child_ids, [self.here])
        self.assertEqual(self._see(self.clerk, made), 4)
        self.assertEqual(self._see(self.other_clerk, made), 1)

    def test_the_key_is_known_at_once(self):
        made = self._create(PROVIDER)
        with self.assertQueryCount(0):
            self.assertEqual(made.sudo().interop_facility_key, self.here)

    def test_contacts_below_a_new_person_follow_it_also_when_written_early(self):
        # Contacts below are written before any membership begins, and archived contacts
        # are in no list of the parent.
        original = type(self.partners)._create

        def create(partners, vals_list):
            records = original(partners, vals_list)
            partners.env.flush_all()
            return records

        self.patch(type(self.partners), "_create", create)
        below = [{"name": "A"}, {"name": "B", "active": False}]
        made = self._create({**PROVIDER, "child_ids": list(map(Command.create, below))})
        everybody = self.env["res.partner"].with_context(active_test=False)
        children = everybody.search([("parent_id", "=", made.id)])
        self.assertEqual(len(children), 2)
        self._assert_keys(children, [self.here] * 2)

    def test_generations_in_one_batch(self):
        made = self._create(PROVIDER, {}, {}, {"interop_is_person": True}, {})
        person, child, grandchild, own, ordinary = made
        # Related in an order that is not that of the hierarchy.
        grandchild.parent_id = child
        child.parent_id = person
        own.parent_id = grandchild
        person._interop_join(self.other_facility)
        both = sorted([self.facility.id, self.other_facility.id])
        self._assert_keys(made, [both, both, both, self.here, None])
        self.assertFalse(ordinary.parent_id)

    def test_the_number_of_statements_does_not_grow_with_the_batch(self):
        """Statements do not grow with the batch."""

        def statements(count, **values):
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            vals_list = [{"name": "X", **values} for _number in range(count)]
            self.env["res.partner"].create(vals_list)
            self.env.flush_all()
            return self.env.cr.sql_log_count - start

        for values in ({}, PROVIDER):
            statements(1, **values)  # warms up
            self.assertEqual(statements(40, **values), statements(2, **values))

    def test_all_users_see_an_internal_user_who_is_a_provider(self):
        user = new_test_user(self.env, "doctor", "base.group_user", **PROVIDER)
        self._assert_keys(user.partner_id, [None])
        self.assertEqual(user.partner_id._interop_known_at(), self.env.company)

    # === MEMBERSHIPS === #

    def test_each_of_a_batch_is_on_record(self):
        made = self._create(PROVIDER, {}, {"interop_is_person": True})
        memberships = made._interop_memberships_sudo()
        self.assertEqual(set(memberships.partner_id), set(made[0] | made[2]))
        self.assertEqual(set(memberships.mapped("state")), {"active"})
        self.assertEqual(memberships.company_id, self.facility)
        self.assertEqual(memberships.joined_by_id, self.clerk)
        self.assertEqual(memberships.create_uid, self.clerk)
        events = self.env["interop.audit.event"].search(
            [("res_model", "=", memberships._name), ("res_id", "in", memberships.ids)]
        )
        self.assertEqual(
            {(e.action, e.detail, e.login, e.company_ref, e.res_name) for e in events},
            {
                (
                    *("joined", f"partner {partner.id}", self.clerk.login),
                    *(self.facility.id, self.facility.name),
                )
                for partner in (made[0], made[2])
            },
        )

    def test_cached_keys_equal_stored_keys(self):
        made = self._create(PROVIDER)
        membership = made._interop_join(self.other_facility, "Works there, too")
        names = [n for n, f in membership._fields.items() if f.store and n != "id"]
        before = membership.read(names, load=None)
        self.env.invalidate_all()
        self.assertEqual(membership.read(names, load=None), before)
        self.assertEqual(membership.joined_reason, "Works there, too")
        self.assertEqual(membership.joined_by_id, self.env.user)

    def test_a_role_created_with_its_provider_adds_the_facility(self):
        role = {"code": "d", "name": "Doctor", "company_id": self.other_facility.id}
        made = self.env["res.partner"].create(
            {"name": "P", **PROVIDER, "interop_role_ids": [Command.create(role)]}
        )
        seen = made._fields["interop_membership_ids"]._get_cache(self.env)
        self.assertFalse(seen.get(made.id), "of other facilities, read as superuser")
        self.assertEqual(made._interop_known_at(), self.other_facility)
        self._assert_keys(made, [self.other_facility.ids])

    def test_values_cached_by_sudo_are_not_visible(self):
        made = self._create(PROVIDER)
        made._interop_join(self.other_facility)
        for user, facility in (
            (self.clerk, self.facility),
            (self.other_clerk, self.other_facility),
        ):
            seen = made.with_user(user)
            self.assertEqual(seen.interop_membership_ids.company_id, facility)
            self.assertEqual(seen.interop_facility_ids, facility)
            self.env.invalidate_all()  # another user is another request

    def test_the_database_refuses_a_second_membership_of_the_same_moment(self):
        """Two transactions that join the same person at once see no membership."""
        made = self._create({})
        made._interop_join(self.facility)
        memberships = self.env["interop.facility.membership"]
        with self.assertRaises(UniqueViolation) as caught, self.env.cr.savepoint():
            memberships._begin({made: self.facility})
        self.assertIn(
            "already knows the person",
            memberships._sql_error_to_message(caught.exception),
        )
        self.assertEqual(len(made._interop_memberships_sudo()), 1)

    def test_joining_again_adds_no_membership(self):
        made = self._create(PROVIDER)
        with self.assertQueryCount(1):  # looks for present ones
            self.assertFalse(made._interop_join(self.facility))
        self.assertFalse(self.env["interop.facility.membership"]._begin({}))

    def test_accounts_of_another_facility_are_still_refused(self):
        """Facilities of accounts are read for both at once; core raises the refusal."""
        name = "property_account_receivable_id"
        if name not in self.partners._fields:
            self.skipTest("no accounting in this database")
        account = self.env["account.account"].create(
            {
                "name": "Theirs",
                "code": "12345",
                "account_type": "asset_receivable",
                "company_ids": [Command.set(self.other_facility.ids)],
            }
        )
        with self.assertRaisesRegex(UserError, "company inconsistencies"):
            self.env["res.partner"].with_company(self.facility).create(
                {"name": "P", **PROVIDER, name: account.id}
            )
        theirs = self.env["res.partner"].with_company(self.other_facility)
        self.assertEqual(theirs.create({"name": "P", name: account.id})[name], account)
