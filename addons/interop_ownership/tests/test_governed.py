"""Systems of record: values that messages may change, and the report about them."""

from odoo.tests import tagged

from odoo.addons.interop_base.exceptions import ConfigurationError, OwnershipError
from odoo.addons.interop_base.models.engine import origin

from .governed_common import GovernedCase


@tagged("post_install", "-at_install")
class TestGovernedMessages(GovernedCase):
    """Inbound: applied, unchanged, ignored, rejected, flagged, stale."""

    def test_values_of_the_owner_are_applied_and_reported(self):
        self._create_rule("name", "city", system=self.ehr)
        partner = self._create_partner(city="Lund")
        message = self._send(self.ehr_in, partner, name="Ada L.", city="Lund")
        self.assertEqual(message.state, "done")
        self.assertEqual(partner.name, "Ada L.")
        self.assertEqual(
            self._outcomes(message),
            {"name": ("applied", ""), "city": ("unchanged", "")},
        )
        self.assertFalse(message.has_field_notes)

    def test_reject_refuses_the_whole_message_and_names_the_fields(self):
        self._create_rule("city", system=self.ehr, policy="reject")
        partner = self._create_partner(city="Lund", name="Ada")
        message = self._send(self.billing_in, partner, city="SECRET-CITY", name="Other")
        self.assertEqual((message.state, message.error_class), ("dead", "ownership"))
        self.assertEqual(message.error_code, "not_owner")
        self.assertIn("City", message.error_message)
        self.assertEqual((partner.city, partner.name), ("Lund", "Ada"))
        self.assertEqual(
            self._outcomes(message),
            {"city": ("rejected", "not_owner"), "name": ("not_applied", "")},
        )
        self.assertTrue(message.has_field_notes)
        told = (
            f"{message.error_message}{message.field_report}{message.field_report_html}"
        )
        self.assertNotIn("SECRET", told)

    def test_ignore_leaves_the_field_alone_and_applies_the_rest(self):
        self._create_rule("city", system=self.ehr, policy="ignore")
        partner = self._create_partner(city="Lund")
        message = self._send(self.billing_in, partner, city="Malmö", name="Ada B.")
        self.assertEqual(message.state, "done")
        self.assertEqual((partner.city, partner.name), ("Lund", "Ada B."))
        self.assertEqual(self._outcomes(message)["city"], ("ignored", "not_owner"))
        self.assertTrue(message.has_field_notes)

    def test_flag_applies_and_records(self):
        self._create_rule("city", system=self.ehr, policy="flag")
        partner = self._create_partner(city="Lund")
        message = self._send(self.billing_in, partner, city="Malmö")
        self.assertEqual(partner.city, "Malmö")
        self.assertEqual(self._outcomes(message)["city"], ("flagged", "not_owner"))
        self.assertTrue(message.has_field_notes)

    def test_odoo_is_an_authority_like_any_other(self):
        self._create_rule("city", policy="ignore")
        partner = self._create_partner(city="Lund")
        message = self._send(self.ehr_in, partner, city="Malmö")
        self.assertEqual(partner.city, "Lund")
        self.assertEqual(self._outcomes(message)["city"], ("ignored", "not_owner"))

    def test_the_same_value_is_never_an_offence(self):
        self._create_rule("city", system=self.ehr, policy="reject")
        partner = self._create_partner(city="Lund")
        message = self._send(self.billing_in, partner, city="Lund")
        self.assertEqual(message.state, "done")
        self.assertEqual(self._outcomes(message)["city"], ("unchanged", ""))

    def test_the_rule_of_the_facility_beats_the_general_one(self):
        self._create_rule("city", system=self.ehr, policy="ignore")
        self._create_rule(
            "city",
            system=self.billing,
            policy="ignore",
            company_id=self.other_facility.id,
        )
        here = self._create_partner(city="Lund")
        there = self._create_partner(city="Lund", company_id=self.other_facility.id)
        self._send(self.billing_in, here, city="Malmö")
        self._send(self.billing_in, there, company=self.other_facility, city="Malmö")
        self._send(self.ehr_in, there, company=self.other_facility, city="Ystad")
        self.assertEqual((here.city, there.city), ("Lund", "Malmö"))

    def test_a_branch_follows_its_facility(self):
        branch = self.env["res.company"].create(
            {"name": "Mercy North", "parent_id": self.facility.id}
        )
        self._create_rule("city", system=self.billing)
        own = self._create_rule("city", system=self.ehr, company_id=self.facility.id)
        rules = self.env["interop.ownership"]._effective("res.partner", branch.id)
        self.assertEqual(rules["city"].id, own.id)
        own.active = False
        rules = self.env["interop.ownership"]._effective("res.partner", branch.id)
        self.assertEqual(rules["city"].owner, self.billing.id)

    def test_an_older_message_does_not_overwrite(self):
        self._create_rule("city", "zip", system=self.ehr)
        partner = self._create_partner()
        self._send(self.ehr_in, partner, minutes=-10, city="New")
        late = self._send(self.ehr_in, partner, minutes=-20, city="Old", zip="222")
        self.assertEqual((partner.city, partner.zip), ("New", False))
        self.assertEqual(
            self._outcomes(late),
            {"city": ("ignored", "stale"), "zip": ("ignored", "stale")},
        )
        # Fields without a rule are separate groups, and each system has its time.
        self._send(self.ehr_in, partner, minutes=-20, phone="1")
        self.assertEqual(partner.phone, "1")
        self._send(self.ehr_in, partner, minutes=-5, city="Newer")
        self.assertEqual(partner.city, "Newer")

    def test_stale_even_after_another_author_changed_the_value(self):
        self._create_rule("city", system=self.ehr, policy="flag")
        partner = self._create_partner()
        self._send(self.ehr_in, partner, minutes=-10, city="New")
        self._send(self.billing_in, partner, minutes=-8, city="Flagged")
        self._send(self.ehr_in, partner, minutes=-20, city="Old")
        self.assertEqual(partner.city, "Flagged")

    def test_a_confirmation_counts_as_the_latest_statement(self):
        self._create_rule("city", system=self.ehr)
        partner = self._create_partner(city="Lund")
        self._send(self.ehr_in, partner, minutes=-5, city="Lund")
        self._send(self.ehr_in, partner, minutes=-9, city="Old")
        self.assertEqual(partner.city, "Lund")

    def test_a_clock_that_runs_ahead_does_not_silence_its_system(self):
        self._create_rule("city", system=self.ehr)
        partner = self._create_partner()
        self._send(self.ehr_in, partner, minutes=600000, city="Future")
        self._send(self.ehr_in, partner, minutes=1, city="Now")
        self.assertEqual(partner.city, "Now")

    def test_creation_obeys_the_rules_too(self):
        self._create_rule("city", system=self.ehr, policy="ignore")
        message = self._send(self.billing_in, name="Born Here", city="Malmö")
        partner = self.env["res.partner"].browse(message.res_id)
        self.assertEqual((partner.name, partner.city), ("Born Here", False))
        self.assertEqual(self._outcomes(message)["city"], ("ignored", "not_owner"))
        self.assertEqual(self._source(partner, "name").message_id, message)
        self._create_rule("name", system=self.ehr, policy="reject")
        message = self._send(self.billing_in, name="Never Born")
        self.assertEqual((message.state, message.res_id), ("dead", 0))
        self.assertEqual(self._outcomes(message)["name"], ("rejected", "not_owner"))
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Never Born")]))

    def test_an_archived_rule_does_not_count_whoever_asks_first(self):
        rule = self._create_rule("city", system=self.ehr)
        rule.active = False
        rules = self.env["interop.ownership"]
        for asking in (rules.with_context(active_test=False), rules):
            found = asking._rules("res.partner")
            self.assertNotIn(
                rule.id, [item.id for by in found.values() for item in by.values()]
            )

    def test_a_handler_cannot_write_past_the_rules(self):
        self._create_rule("city", system=self.ehr, policy="ignore")
        partner = self._create_partner(city="Lund")
        message = self._send(self.billing_in, partner, direct=True, city="Malmö")
        self.assertEqual((message.state, message.error_code), ("dead", "not_owner"))
        self.assertEqual(partner.city, "Lund")
        message = self._send(self.ehr_in, partner, direct=True, city="Malmö")
        self.assertEqual((message.state, partner.city), ("done", "Malmö"))
        self.assertEqual(self._source(partner, "city").message_id, message)
        message = self._send(self.billing_in, partner, direct=True, name="Not Governed")
        self.assertEqual((message.state, partner.name), ("done", "Not Governed"))

    def test_lines_of_a_checked_write_are_checked_themselves(self):
        self._create_rule("city", system=self.ehr, policy="reject")
        parent = self._create_partner(is_company=True)
        child = self._create_partner(parent_id=parent.id, type="other", city="Lund")
        lines = [(1, child.id, {"city": "Malmö"})]
        message = self._send(self.billing_in, parent, child_ids=lines)
        self.assertEqual((message.state, message.error_code), ("dead", "not_owner"))
        self.assertEqual(child.city, "Lund")

    def test_a_value_that_does_not_fit_is_the_senders_fault(self):
        partner = self._create_partner()
        message = self._send(self.ehr_in, partner, type="SECRET-TYPE")
        self.assertEqual((message.state, message.error_code), ("dead", "invalid_value"))
        self.assertNotIn("SECRET", message.error_message)

    def test_a_retry_starts_its_report_anew(self):
        rule = self._create_rule("city", system=self.ehr, policy="reject")
        partner = self._create_partner(city="Lund")
        message = self._send(self.billing_in, partner, city="Malmö")
        self.assertTrue(message.has_field_notes)
        rule.system_id = self.billing
        message._set_pending()
        message._apply_now()
        self.assertEqual(self._outcomes(message), {"city": ("applied", "")})
        self.assertFalse(message.has_field_notes)

    def test_the_answer_has_no_ids_of_ours(self):
        partner = self._create_partner()
        message = self._send(self.ehr_in, partner, name="Ada L.")
        self.assertEqual(
            message._answer_fields(),
            [{"object": "res.partner", "field": "name", "outcome": "applied"}],
        )
        self.assertEqual(message.field_report[0]["id"], partner.id)

    def test_the_outcome_tells_the_handler(self):
        self._create_rule("city", system=self.ehr, policy="ignore")
        self._create_rule("zip", system=self.ehr, policy="reject")
        partner = self._create_partner(name="Ada")
        message = self._receive(self.billing_in, {})
        outcome = partner._apply_governed(
            message, {"city": "M", "name": "Ada", "phone": "1"}
        )
        self.assertEqual(
            (outcome.applied, outcome.unchanged, outcome.ignored, outcome.stale),
            (["phone"], ["name"], ["city"], []),
        )
        with self.assertRaises(OwnershipError) as caught:
            partner._apply_governed(message, {"zip": "1"})
        self.assertEqual(caught.exception.fields, ["zip"])
        self.assertIsNone(origin.current(self.env))

    def test_relations_compare_by_content(self):
        category = self.env["res.partner.category"].create({"name": "A"})
        partner = self._create_partner(category_id=[(6, 0, category.ids)])
        sweden = self.env.ref("base.se")
        partner.country_id = sweden
        same = {
            "category_id": [(6, 0, category.ids)],
            "country_id": sweden.id,
            "email": "",
            "color": 0,
        }
        outcome = partner._apply_governed(self._receive(self.ehr_in, {}), same)
        self.assertEqual(sorted(outcome.unchanged), sorted(same))
        other = {"category_id": [(5,)], "country_id": False}
        outcome = partner._apply_governed(self._receive(self.ehr_in, {}), other)
        self.assertEqual(sorted(outcome.applied), sorted(other))


@tagged("post_install", "-at_install")
class TestProvenance(GovernedCase):
    """One row per record and field with the last source of the value."""

    def test_message_then_user_then_message(self):
        partner = self._create_partner()
        first = self._send(self.ehr_in, partner, city="Lund")
        row = self._source(partner, "city")
        self.assertEqual(
            (row.system_id, row.message_id, row.message_ref, row.company_id),
            (self.ehr, first, first.external_id, self.facility),
        )
        self.assertEqual(
            (row.field_label, row.record_name), ("City", partner.display_name)
        )
        partner.city = "Malmö"
        row = self._source(partner, "city")
        self.assertEqual(len(row), 1)
        self.assertFalse(row.system_id or row.message_id)
        self.assertEqual(row.user_id, self.env.user)
        second = self._send(self.billing_in, partner, city="Ystad")
        self.assertEqual(self._source(partner, "city").message_id, second)

    def test_a_confirmed_value_keeps_its_source(self):
        partner = self._create_partner(zip="222")
        first = self._send(self.ehr_in, partner, city="Lund", zip="222")
        self._send(self.billing_in, partner, city="Lund")
        self.assertEqual(self._source(partner, "city").message_id, first)
        # The value had no source: the first system that confirms it becomes the source.
        self.assertEqual(self._source(partner, "zip").system_id, self.ehr)

    def test_edits_of_ruled_fields_have_a_source_and_others_do_not(self):
        self._create_rule("city")
        partner = self._create_partner(city="Lund")
        self.assertEqual(self._source(partner, "city").user_id, self.env.user)
        partner.write({"city": "Lund", "phone": "1"})
        self.assertFalse(self._source(partner, "phone"))

    def test_deleted_records_leave_nothing(self):
        partner = self._create_partner()
        self._send(self.ehr_in, partner, city="Lund")
        source = self._source(partner, "city")
        partner.unlink()
        self.assertFalse(source.exists())

    def test_no_row_holds_a_value(self):
        partner = self._create_partner()
        self._send(self.ehr_in, partner, city="CANARY-4711")
        self.env.cr.execute(
            "SELECT p::text FROM interop_provenance p WHERE res_id = %s", [partner.id]
        )
        self.assertNotIn("CANARY", str(self.env.cr.fetchall()))

    def test_facilities_and_groups(self):
        here = self._create_partner()
        there = self._create_partner(company_id=self.other_facility.id)
        self._send(self.ehr_in, here, city="Lund")
        self._send(self.ehr_in, there, company=self.other_facility, city="Lund")
        rows = self._source(here, "city") | self._source(there, "city")
        self.assertEqual(len(rows), 2)
        for group in ("user", "operator", "admin", "steward", "auditor"):
            user = self._create_user(group)
            visible = (
                self.env["interop.provenance"]
                .with_user(user)
                .search([("id", "in", rows.ids)])
            )
            self.assertEqual(visible.res_id, here.id, group)
            for operation in ("write", "create", "unlink"):
                self.assertFalse(visible.has_access(operation), (group, operation))
        nobody = self._create_user()
        self.assertFalse(rows.with_user(nobody).has_access("read"))

    def test_a_missing_guard_index_stops_the_traffic(self):
        self.env.cr.execute('DROP INDEX "interop_provenance_value_uniq"')
        self.env.registry.clear_cache()
        with self.assertRaises(ConfigurationError):
            self.env["interop.guard"]._check()
