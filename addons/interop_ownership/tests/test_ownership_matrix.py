"""The ownership rules themselves, and the matrix that shows them."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from odoo.addons.interop_base.models.engine import origin

from .governed_common import GovernedCase


@tagged("post_install", "-at_install")
class TestOwnershipRules(GovernedCase):
    """Checks of a rule."""

    def test_authority_and_system_go_together(self):
        rule = self._create_rule("city", system=self.ehr)
        with self._refused(ValidationError):
            rule.authority = "odoo"
        with self._refused(ValidationError):
            rule.system_id = False

    def test_one_rule_per_field_and_facility(self):
        self._create_rule("city", system=self.ehr)
        with self._refused(ValidationError, "already have a system of record"):
            self._create_rule("city", "zip")
        self._create_rule("city", company_id=self.facility.id)
        with self._refused(ValidationError, "another object"):
            self._create_rule("email", "phone").field_ids = self.env[
                "ir.model.fields"
            ]._get("res.users", "login")

    def test_odoo_publishes_only_its_fields_under_a_matching_contract(self):
        contract = self._create_contract()
        with self._refused(
            ValidationError, "only fields that Odoo is authoritative for"
        ):
            self._create_rule("city", system=self.ehr, contract_id=contract.id)
        foreign = self._create_contract(
            model_id=self.env["ir.model"]._get_id("res.users")
        )
        with self._refused(ValidationError, "another object"):
            self._create_rule("city", contract_id=foreign.id)

    def test_rules_count_from_the_moment_they_change(self):
        ownership = self.env["interop.ownership"]
        facility = self.facility.id
        self.assertNotIn("city", ownership._effective("res.partner", facility))
        rule = self._create_rule("city", system=self.ehr)
        self.assertIn("city", ownership._effective("res.partner", facility))
        rule.active = False
        self.assertNotIn("city", ownership._effective("res.partner", facility))
        rule.active = True
        rule.unlink()
        self.assertNotIn("city", ownership._effective("res.partner", facility))

    def test_a_rule_shows_whether_it_is_enforced(self):
        self.assertTrue(self._create_rule("city").is_enforced)
        self.assertFalse(self._create_rule("login", model="res.users").is_enforced)


@tagged("post_install", "-at_install")
class TestOwnershipMatrix(GovernedCase):
    """A row per field, a column per system."""

    def _matrix(self, user=None, company=None):
        matrix = self.env["interop.ownership"].with_user(user or self.env.user)
        return matrix.matrix_data((company or self.facility).id)

    def _row(self, name, user=None, company=None):
        for item in self._matrix(user, company)["objects"]:
            if item["model"] == "res.partner":
                for row in item["fields"]:
                    if row["name"] == name:
                        return row
        return None

    def test_owner_writer_and_receiver(self):
        rule = self._create_rule("city", system=self.ehr, policy="flag")
        partner = self._create_partner()
        self._send(self.ehr_in, partner, city="Lund")
        replica = self._create_interface(
            system_id=self.billing.id
        )  # maps name and city
        row = self._row("city")
        self.assertEqual((row["rule_id"], row["group"]), (rule.id, rule.name))
        self.assertFalse(row["gap"] or row["overlap"])
        self.assertEqual(
            row["cells"],
            {
                self.ehr.id: {"owner": True, "writes": True, "reads": False},
                self.billing.id: {"owner": False, "writes": False, "reads": True},
            },
        )
        replica._set_suspended()
        replica._set_deprecated()
        replica._set_retired()
        self.assertNotIn(self.billing.id, self._row("city")["cells"])

    def test_a_gap_is_an_exchanged_field_without_a_rule(self):
        self._send(self.ehr_in, self._create_partner(), city="Lund")
        row = self._row("city")
        self.assertTrue(row["gap"])
        self.assertFalse(row["rule_id"])
        self.assertIsNone(self._row("zip"))
        self._create_rule("city")
        self.assertFalse(self._row("city")["gap"])

    def test_an_overlap_is_a_field_that_others_write(self):
        partner = self._create_partner()
        self._create_rule("city", system=self.ehr, policy="flag")
        self._send(self.billing_in, partner, city="Lund")
        self.assertTrue(self._row("city")["overlap"])
        other = self._create_partner()
        self._send(self.ehr_in, other, zip="222")
        self.assertFalse(self._row("zip")["overlap"])
        self._send(self.billing_in, partner, zip="333")
        self.assertTrue(self._row("zip")["overlap"])

    def test_facilities_stay_apart(self):
        there = self._create_partner(company_id=self.other_facility.id)
        self._create_rule("city", company_id=self.other_facility.id)
        self._send(self.ehr_in, there, company=self.other_facility, zip="222")
        self.assertIsNone(self._row("city"))
        self.assertIsNone(self._row("zip"))
        self.assertTrue(self._row("city", company=self.other_facility))
        self.assertTrue(self._row("zip", company=self.other_facility)["gap"])
        user = self._create_user("auditor")
        with self._refused(AccessError):
            self._matrix(user, self.other_facility)
        own = self._create_system(
            name="Elsewhere", company_ids=[(6, 0, self.other_facility.ids)]
        )
        names = [system["name"] for system in self._matrix(user)["systems"]]
        self.assertIn("EHR Mercy", names)
        self.assertNotIn(own.name, names)

    def test_groups(self):
        self._create_rule("city", system=self.ehr)
        for group in ("user", "operator", "admin", "steward", "auditor"):
            user = self._create_user(group)
            self.assertTrue(self._row("city", user), group)
        with self._refused(AccessError):
            self._matrix(self._create_user())

    def test_it_probes_an_index_and_never_scans(self):
        self._send(self.ehr_in, self._create_partner(), city="Lund")
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        self.env.cr.execute(
            """EXPLAIN SELECT 1 FROM interop_provenance p WHERE p.system_id = 1
                  AND p.res_model = 'a' AND p.field_name = 'b' AND p.company_id = 1"""
        )
        plan = str(self.env.cr.fetchall())
        self.assertIn("interop_provenance_writer_idx", plan)

    def test_the_context_names_no_origin(self):
        env = self.env(context={"interop_applying": True, "origin_system_id": 1})
        self.assertIsNone(origin.origin_system_id(env))
