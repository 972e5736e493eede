"""The ownership matrix and the override, in a real browser."""

from odoo.tests import HttpCase, tagged

from .governed_common import GovernedCase


@tagged("post_install", "-at_install")
class TestOwnershipTours(GovernedCase, HttpCase):
    """Screens and actions of a steward."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.steward = cls._create_user("steward", "user", "base.group_partner_manager")
        cls.steward.write(
            {
                "name": "Steward",
                "login": "interop_steward",
                "password": "interop_steward",
            }
        )
        cls.partner = cls._create_partner(name="Dr. Ada Lovelace")
        cls._create_rule("city", "zip", system=cls.ehr, name="Address", policy="flag")

    def test_the_matrix_shows_gaps_and_overlaps_and_closes_a_gap(self):
        self._send(self.ehr_in, self.partner, city="Malmö", zip="222 22")
        other = self._create_partner()
        self._send(self.billing_in, other, city="Lund", phone="1")
        self.start_tour("/odoo", "interop_ownership_matrix", login="interop_steward")
        rule = self.env["interop.ownership"].search([("name", "=", "Phone")])
        self.assertEqual(rule.field_ids.mapped("name"), ["phone"])

    def test_a_steward_overrides_on_the_form(self):
        self._send(self.ehr_in, self.partner, city="Malmö")
        self.start_tour(
            f"/odoo/res.partner/{self.partner.id}",
            "interop_ownership_override",
            login="interop_steward",
        )
        self.assertEqual(self.partner.city, "Lund")
        details = self.env["interop.audit.event"].search(
            [("action", "=", "overrode"), ("res_id", "=", self.partner.id)]
        )
        self.assertIn("City: Typing error, told to the EHR", details.mapped("detail"))
        self.assertEqual(self._source(self.partner, "city").user_id, self.steward)
