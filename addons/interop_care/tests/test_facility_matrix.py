"""Promise 9 for people: generated over users, partners and operations."""

import itertools

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.interop_base.tests.common import InteropCase

# Facilities of a user, of a partner. "none": an ordinary contact. "left": a person whom
# no facility knows any more.
USERS = {"A": "A", "B": "B", "both": "AB"}
PARTNERS = {"A": "A", "B": "B", "both": "AB", "none": None, "left": ""}
KINDS = ("interop_is_person", "interop_is_provider")


@tagged("post_install", "-at_install")
class TestFacilityMatrix(InteropCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.by_letter = {"A": cls.facility, "B": cls.other_facility}
        cls.users = {
            name: cls._create_user(
                "base.group_partner_manager", companies=cls._companies(letters)
            )
            for name, letters in USERS.items()
        }
        cls.partners = {
            (name, kind): cls._create_partner(letters, kind)
            for (name, letters), kind in itertools.product(PARTNERS.items(), KINDS)
        }
        cls.namespace = cls.env["interop.namespace"].create(
            {"name": "National", "code": "national", "uri": "urn:national"}
        )
        cls.numbers = {
            partner: cls.env["interop.identifier"].create(
                {
                    "namespace_id": cls.namespace.id,
                    "value": f"N{partner.id}",
                    "record_ref": f"res.partner,{partner.id}",
                }
            )
            for partner in cls.partners.values()
        }
        cls.env.flush_all()

    @classmethod
    def _companies(cls, letters):
        ids = [cls.by_letter[letter].id for letter in letters]
        return cls.env["res.company"].browse(ids)

    @classmethod
    def _create_partner(cls, letters, kind):
        partner = cls.env["res.partner"].create({"name": f"Zoe Zebra {letters} {kind}"})
        if letters is not None:
            partner[kind] = True
            partner._interop_leave(partner._interop_known_at(), "The test says where")
            partner._interop_join(cls._companies(letters), "The test says where")
        return partner

    def _cases(self):
        """Yield ``(user, partner, whether the one may see the other)``."""
        for user_name, (key, partner) in itertools.product(
            USERS, self.partners.items()
        ):
            letters = PARTNERS[key[0]]
            sees = letters is None or bool(set(letters) & set(USERS[user_name]))
            seen = partner.with_user(self.users[user_name])
            with self.subTest(user=user_name, partner=key):
                yield (
                    seen.with_context(
                        allowed_company_ids=self._companies(USERS[user_name]).ids
                    ),
                    sees,
                )

    def _expect(self, sees, function):
        """Check that ``function`` works, or is refused without naming a person."""
        self.env.invalidate_all()
        if sees:
            with self.env.cr.savepoint() as savepoint:
                function()
                savepoint.rollback()
            return
        with self.assertRaises(AccessError) as refused, self.env.cr.savepoint():
            function()
        self.assertNotIn("Zebra", str(refused.exception))

    def test_the_matrix_sees_both_kinds_of_cases(self):
        answers = [sees for _partner, sees in self._cases()]
        self.assertEqual((answers.count(True), answers.count(False)), (20, 10))

    def test_reading(self):
        for partner, sees in self._cases():
            self._expect(sees, lambda partner=partner: partner.read(["name"]))

    def test_writing(self):
        for partner, sees in self._cases():
            self._expect(sees, lambda partner=partner: partner.write({"city": "Lund"}))

    def test_deleting(self):
        for partner, sees in self._cases():
            self.numbers[partner.sudo(False).with_env(self.env)].flush_recordset()
            self._expect(sees, lambda partner=partner: partner.check_access("unlink"))

    def test_searching(self):
        for partner, sees in self._cases():
            found = partner.search([("id", "=", partner.id)])
            self.assertEqual(bool(found), sees)
            self.assertEqual(partner.search_count([("id", "=", partner.id)]), sees)

    def test_grouping(self):
        for partner, sees in self._cases():
            groups = partner._read_group([("id", "=", partner.id)], [], ["__count"])
            self.assertEqual(groups, [(int(sees),)])

    def test_name_search(self):
        for partner, sees in self._cases():
            # sudo: the name that the user types
            found = partner.name_search(partner.sudo().name, limit=100)
            self.assertEqual(partner.id in dict(found), sees)

    def test_numbers(self):
        for partner, sees in self._cases():
            reader = self._create_user(
                "operator", companies=partner.env.user.company_ids
            )
            numbers = self.env["interop.identifier"].with_user(reader)
            domain = [("value", "=", f"N{partner.id}")]
            self.assertEqual(bool(numbers.search(domain)), sees)

    def test_a_menu_choice_narrows_what_a_user_of_both_sees(self):
        both = self.users["both"]
        for letter in "AB":
            partners = (
                self.env["res.partner"]
                .with_user(both)
                .with_context(allowed_company_ids=self.by_letter[letter].ids)
            )
            for (name, _kind), partner in self.partners.items():
                expected = PARTNERS[name] is None or letter in PARTNERS[name]
                found = partners.search([("id", "=", partner.id)])
                self.assertEqual(bool(found), expected, (letter, name))

    def test_a_forged_context_opens_nothing(self):
        partner = self.partners["B", "interop_is_person"]
        forged = partner.with_user(self.users["A"]).with_context(
            allowed_company_ids=self.other_facility.ids
        )
        with self.assertRaises(AccessError):
            forged.read(["name"])
        for name in ("interop_facility_key", "interop_membership_ids"):
            with self.assertRaises(AccessError):
                partner.with_user(self.users["A"]).read([name])

    def test_numbers_follow_their_owner(self):
        """Also those that a message links, past ``create``."""
        partner = self.partners["A", "interop_is_person"]
        reader = self._create_user("operator", companies=self.other_facility)
        numbers = self.env["interop.identifier"].with_user(reader)
        domain = [("value", "=", f"N{partner.id}")]
        partner._interop_join(self.other_facility)
        self.assertTrue(numbers.search(domain))
        partner._interop_leave(self.other_facility)
        self.assertFalse(numbers.search(domain))
        self.assertNotIn("res_partner", numbers._search(domain).select("id").code)

    def test_indexes_answer_the_rule(self):
        """A million partners need a rule without a query of another table, and without
        a scan for a facility that knows few."""
        partners = self.env["res.partner"].with_user(self.users["B"])
        query = partners._search([]).select("id")
        self.assertNotIn("membership", query.code)
        for setting in ("enable_seqscan", "enable_indexscan"):
            self.env.cr.execute(f"SET LOCAL {setting} = off")
        self.env.cr.execute(SQL("EXPLAIN %s", query))
        plan = "\n".join(row[0] for row in self.env.cr.fetchall())
        for index in ("interop_facility_idx", "interop_ordinary_idx"):
            self.assertIn(f"res_partner_{index}", plan)
