"""Find partners by any identifier in Odoo's usual searches."""

from lxml import etree

from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import IdentifierCase


@tagged("post_install", "-at_install")
class TestSearch(IdentifierCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls._create_namespace(
            company_id=cls.facility.id, separator_rule="punctuation", case_rule="upper"
        )
        cls.row = cls._create_identifier(cls.own, "MR-77.012")
        cls.named = cls.env["res.partner"].create({"name": "mr77012 by name"})
        cls.user = cls._create_user("user", "base.group_partner_manager")

    def _names(self, text, user=None, **options):
        partners = self.env["res.partner"].with_user(user or self.user)
        return [found[0] for found in partners.name_search(text, **options)]

    def _bar(self, text, user=None):
        """Search as the search bar of contacts does."""
        partners = self.env["res.partner"].with_user(user or self.user)
        arch = etree.fromstring(partners.get_view(None, "search")["arch"])
        domain = arch.xpath("//field[@name='name']/@filter_domain")[0]
        return partners.search(safe_eval(domain, {"self": text}))

    def test_many2one_fields(self):
        self.assertEqual(self._names("MR-77.012"), self.partner.ids)
        self.assertEqual(self._names(" mr77012"), self.partner.ids)
        self.assertEqual(self._names("MR77012", operator="="), self.partner.ids)

    def test_names_on_a_miss(self):
        self.assertEqual(self._names("77012 by"), self.named.ids)
        self.assertIn(self.partner.id, self._names("adam caref"))
        self.assertTrue(self._names(""))
        self.row._set_entered_in_error()
        self.assertEqual(self._names("MR77012"), self.named.ids)

    def test_negative_searches_are_about_names(self):
        found = self.env["res.partner"].search(
            [("display_name", "not ilike", "mr77012")]
        )
        self.assertIn(self.partner, found)
        self.assertNotIn(self.named, found)

    def test_the_search_bar(self):
        self.assertEqual(self._bar("mr77012"), self.partner.with_user(self.user))
        self.assertEqual(self._bar("77012 by"), self.named.with_user(self.user))

    def test_on_a_miss_the_search_bar_looks_where_odoo_does(self):
        core = etree.fromstring(self.env.ref("base.view_res_partner_filter").arch_db)
        theirs = core.xpath("//field[@name='name']/@filter_domain")[0]
        ours = self.env["res.partner"]._search_interop_search("ilike", "nobody")
        self.assertEqual(
            sorted(
                map(
                    str, Domain(safe_eval(theirs, {"self": "nobody"})).iter_conditions()
                )
            ),
            sorted(map(str, ours.iter_conditions())),
        )

    def test_an_alias_finds_the_survivor(self):
        survivor = self.partner.copy()
        self.env["interop.identifier.merge"]._merge(survivor, self.partner)
        self.assertEqual(self._names("MR77012"), survivor.ids)

    def test_promise_9_a_user_finds_only_by_visible_identifiers(self):
        outsider = self._create_user("user", companies=self.other_facility)
        self.assertEqual(self._names("MR77012", outsider), self.named.ids)
        self.assertEqual(self._bar("mr77012", outsider), self.named.with_user(outsider))
        outsider = self._create_user()
        self.assertEqual(self._names("MR77012", outsider), self.named.ids)

    def test_the_domain_of_the_field_still_counts(self):
        domain = [("is_company", "=", True)]
        self.assertEqual(self._names("MR77012", domain=domain), [])

    def test_companies_too(self):
        self._create_identifier(self.own, "F1", self.facility)
        found = self.env["res.company"].with_user(self.user).name_search("f-1")
        self.assertEqual([item[0] for item in found], self.facility.ids)

    def test_the_page_on_the_form(self):
        for user, shown in ((self.user, True), (self._create_user(), False)):
            arch = (
                self.env["res.partner"].with_user(user).get_view(None, "form")["arch"]
            )
            self.assertEqual('<widget name="interop_identifiers"' in arch, shown)
        arch = self.env["res.company"].get_view(None, "form")["arch"]
        self.assertIn('<widget name="interop_identifiers"', arch)
