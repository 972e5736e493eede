"""Assigning authorities."""

import importlib.util
from pathlib import Path

from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base.exceptions import OwnershipError, UnknownIdentifier

from .common import IdentifierCase


@tagged("post_install", "-at_install")
class TestNamespace(IdentifierCase):
    def test_npi_is_there_with_its_aliases(self):
        self.assertEqual(self.npi.uri, "http://hl7.org/fhir/sid/us-npi")
        for name in (
            self.npi.uri,
            "urn:oid:2.16.840.1.113883.4.6",
            "2.16.840.1.113883.4.6",
        ):
            found = self.env["interop.namespace"]._find(name, self.facility)
            self.assertEqual(found, self.npi)

    def test_look_ups_do_not_depend_on_who_asks_first(self):
        archived = self._create_namespace(system_id=self.system.id, active=False)
        namespaces = self.env["interop.namespace"]
        self.env.registry.clear_cache()
        for asking in (namespaces.with_context(active_test=False), namespaces):
            found = asking._find_id(archived.uri, self.system.id, self.facility.id)
            self.assertFalse(found)
            self.assertNotIn(archived.uri, asking._ranks(self.system.id))

    def test_a_look_up_in_the_middle_of_a_change_is_forgotten(self):
        namespaces, first, second = (
            self.env["interop.namespace"],
            self._create_namespace(),
            self._create_namespace(),
        )
        aliases = self.env["interop.namespace.alias"]

        def find():
            return namespaces._find_id("MRN", self.system.id, self.facility.id)

        with self._in_the_middle(aliases._name, "create", find):
            alias = aliases.create({"namespace_id": first.id, "name": "MRN"})
        self.assertEqual(find(), first.id)
        with self._in_the_middle(aliases._name, "write", find):
            alias.namespace_id = second
        self.assertEqual(find(), second.id)
        with self._in_the_middle(aliases._name, "unlink", find):
            alias.unlink()
        self.assertFalse(find())
        aliases.create({"namespace_id": first.id, "name": "MRN"})
        with self._in_the_middle(namespaces._name, "unlink", find):
            first.unlink()
        self.assertFalse(find())

    def test_unknown_authority_waits_for_a_steward(self):
        with self.assertRaises(UnknownIdentifier) as caught:
            self.env["interop.namespace"]._find("http://nobody.example", self.facility)
        self.assertEqual(caught.exception.code, "unknown_namespace")
        self.assertTrue(caught.exception.parks)

    def test_no_authority_means_the_senders_default_at_the_facility(self):
        for name in (None, ""):
            with self.assertRaises(UnknownIdentifier):
                self._find_nameless(name, self.facility)
        own = self._create_namespace(company_id=self.facility.id)
        system = self.system.with_company(self.facility)
        system.identifier_namespace_id = own
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.facility.id}
        )
        for company in (self.facility, branch):
            self.assertEqual(self._find_nameless("", company), own)
        with self.assertRaises(UnknownIdentifier):  # another default, or none
            self._find_nameless("", self.other_facility)
        with self.assertRaises(UnknownIdentifier):
            self._find_nameless("", self.facility, self._create_system())
        own.active = False
        with self.assertRaises(UnknownIdentifier):
            self._find_nameless("", self.facility)

    def test_another_facility_s_numbers_are_no_default(self):
        other = self._create_namespace(company_id=self.other_facility.id)
        with self.assertRaisesRegex(
            ValidationError, "choose a default namespace of Mercy"
        ):
            system = self.system.with_company(self.facility)
            system.identifier_namespace_id = other
        system = self.system.with_company(self.other_facility)
        system.identifier_namespace_id = other

    def _find_nameless(self, name, company, system=None):
        namespaces = self.env["interop.namespace"]
        return namespaces._find(name, company, system or self.system)

    def test_an_alias_means_what_its_system_says(self):
        common, own = self._create_namespace(), self._create_namespace()
        alias = self.env["interop.namespace.alias"]
        alias.create({"namespace_id": common.id, "name": "MRN"})
        alias.create(
            {"namespace_id": own.id, "name": "MRN", "system_id": self.system.id}
        )
        find = self.env["interop.namespace"]._find
        self.assertEqual(find("MRN", self.facility), common)
        self.assertEqual(find("MRN", self.facility, self.system), own)
        self.assertEqual(find("MRN", self.facility, self._create_system()), common)

    def test_an_alias_means_what_its_facility_says(self):
        here = self._create_namespace(company_id=self.facility.id)
        there = self._create_namespace(company_id=self.other_facility.id)
        for namespace in (here, there):
            self._alias("MR", namespace, self.system)
        self.assertEqual(here.alias_ids.company_id, self.facility)
        find = self.env["interop.namespace"]._find
        self.assertEqual(find("MR", self.facility, self.system), here)
        self.assertEqual(find("MR", self.other_facility, self.system), there)
        branch, third = self.env["res.company"].create(
            [{"name": "North", "parent_id": self.facility.id}, {"name": "Third"}]
        )
        self.assertEqual(find("MR", branch, self.system), here)
        own = self._create_namespace(company_id=branch.id)
        self._alias("MR", own, self.system)
        self.assertEqual(find("MR", branch, self.system), own)
        self.assertEqual(find("MR", self.facility, self.system), here)
        with self.assertRaises(UnknownIdentifier) as caught:  # a steward says
            find("MR", third, self.system)
        self.assertTrue(caught.exception.question)
        common = self._create_namespace()
        self._alias("MR", common)
        self.assertEqual(find("MR", third, self.system), common)
        self.assertEqual(find("MR", branch, self.system), own)
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self._alias("MR", common, self.system, company_id=self.facility.id)

    def test_an_alias_of_another_facility_s_numbers_is_asked_about(self):
        there = self._create_namespace(company_id=self.other_facility.id)
        self._alias("MR", there, self.system, company_id=False)
        with self.assertRaises(UnknownIdentifier):
            self.env["interop.namespace"]._find("MR", self.facility, self.system)

    def _alias(self, name, namespace, system=None, **values):
        return self.env["interop.namespace.alias"].create(
            {
                "name": name,
                "namespace_id": namespace.id,
                "system_id": system.id if system else False,
                **values,
            }
        )

    def test_an_upgrade_keeps_the_aliases_of_a_facility_to_it(self):
        path = Path(__file__).parents[1] / "migrations/19.0.1.1.0/post-alias.py"
        spec = importlib.util.spec_from_file_location("post_alias", path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        rule = self.env.ref("interop_identifier.interop_namespace_alias_rule_company")
        rule.domain_force = script.OLD
        alias = self._alias(
            "MR", self.npi, self.system, company_id=self.other_facility.id
        )
        user = self._create_user("user")
        self.assertTrue(alias.with_user(user).has_access("read"))
        script.change_rule(self.env)
        self.assertFalse(alias.with_user(user).has_access("read"))
        rule.domain_force = "[(1, '=', 1)]"
        script.change_rule(self.env)
        self.assertEqual(rule.domain_force, "[(1, '=', 1)]")

    def test_a_new_alias_applies_at_once(self):
        namespace = self._create_namespace()
        find = self.env["interop.namespace"]._find
        with self.assertRaises(UnknownIdentifier):
            find("LATE", self.facility)
        alias = self.env["interop.namespace.alias"].create(
            {"namespace_id": namespace.id, "name": "LATE"}
        )
        self.assertEqual(find("LATE", self.facility), namespace)
        alias.unlink()
        with self.assertRaises(UnknownIdentifier):
            find("LATE", self.facility)

    def test_an_archived_authority_is_unknown(self):
        namespace = self._create_namespace()
        self.env["interop.namespace"]._find(namespace.uri, self.facility)
        namespace.active = False
        with self.assertRaises(UnknownIdentifier):
            self.env["interop.namespace"]._find(namespace.uri, self.facility)

    def test_another_facility_cannot_use_a_facility_s_numbers(self):
        namespace = self._create_namespace(company_id=self.facility.id)
        find = self.env["interop.namespace"]._find
        self.assertEqual(find(namespace.uri, self.facility), namespace)
        with self.assertRaises(OwnershipError) as caught:
            find(namespace.uri, self.other_facility)
        self.assertEqual(caught.exception.code, "namespace_not_allowed")

    def test_branches_use_the_numbers_of_their_facility(self):
        namespace = self._create_namespace(company_id=self.facility.id)
        branch = self.env["res.company"].create(
            {"name": "Mercy North", "parent_id": self.facility.id}
        )
        found = self.env["interop.namespace"]._find(namespace.uri, branch)
        self.assertEqual(found, namespace)

    def test_spelling_is_fixed_once_used(self):
        namespace = self._create_namespace()
        namespace.case_rule = "upper"
        self._create_identifier(namespace, "a1")
        with self.assertRaises(UserError):
            namespace.case_rule = "lower"
        namespace.name = "Other name"  # anything else may change

    def test_a_broken_check_is_refused(self):
        for values in (
            {"validator": "regex"},
            {"validator": "regex", "validator_pattern": "("},
            {"validator": "standard", "validator_standard": "no.such"},
            {"uri": "with a space"},
        ):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self._create_namespace(**values)

    def test_levels_of_the_check(self):
        namespace = self._create_namespace(
            validator="standard", validator_standard="gb.nhs", validation="block"
        )
        self.assertTrue(namespace._passes("9434765870"))
        self.assertFalse(namespace._passes("9434765871"))
        namespace.validation = "off"
        self.assertTrue(namespace._passes("9434765871"))

    def test_the_code_never_changes(self):
        with self.assertRaises(UserError):
            self.npi.code = "other"

    def test_button_opens_the_identifiers(self):
        identifier = self._create_identifier(self.npi, "1234567893")
        action = self.npi.action_view_identifiers()
        self.assertIn(identifier, self.identifiers.search(action["domain"]))
        self.assertEqual(
            self.npi.identifier_count, len(self.identifiers.search(action["domain"]))
        )
