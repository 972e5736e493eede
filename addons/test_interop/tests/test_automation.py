"""Odoo's own automation rules trigger publications, without Python."""

import json

from odoo.tests import tagged

from odoo.addons.interop_base.tests.test_publish import PublishCase


@tagged("post_install", "-at_install")
class TestAutomation(PublishCase):
    def _rule(self, trigger, **values):
        model_id = self.env["ir.model"]._get_id("res.partner")
        rule = self.env["base.automation"].create(
            {"name": trigger, "model_id": model_id, "trigger": trigger, **values}
        )
        self.env["ir.actions.server"].create(
            {
                "name": "Tell the others",
                "model_id": model_id,
                "state": "interop_publish",
                "interop_contract_id": self.contract.id,
                "usage": "base_automation",
                "base_automation_id": rule.id,
            }
        )
        return rule

    def _sent(self):
        return [
            json.loads(message._payload_bytes())["data"] for message in self._messages()
        ]

    def test_on_creation_by_a_clerk(self):
        self._rule("on_create_or_write", filter_domain="[('city', '=', 'Lund')]")
        clerk = self._create_user("base.group_partner_manager")
        self.env["res.partner"].with_user(clerk).create(
            [
                {"name": "Here", "city": "Lund", "company_id": self.facility.id},
                {"name": "There", "city": "Oslo", "company_id": self.facility.id},
            ]
        )
        self.assertEqual(self._sent(), [{"name": "Here", "city": "Lund"}])

    def test_on_change_of_a_field(self):
        field = self.env["ir.model.fields"]._get("res.partner", "city")
        partner = self._partners(1)
        self._rule("on_create_or_write", trigger_field_ids=[(6, 0, field.ids)])
        partner.phone = "+1 555 0100"
        self.assertEqual(len(self._messages()), 0)
        partner.city = "Lund"
        self.assertEqual(self._sent(), [{"name": "Partner 0", "city": "Lund"}])

    def test_before_deletion_the_last_state_leaves(self):
        self._rule("on_unlink")
        partner = self._partners(1, city="Lund")
        partner.unlink()
        self.assertEqual(self._sent(), [{"name": "Partner 0", "city": "Lund"}])

    def test_on_archive(self):
        self._rule("on_archive")
        partner = self._partners(1)
        partner.action_archive()
        self.assertEqual(len(self._messages()), 1)

    def test_rolled_back_with_the_change_that_triggered_it(self):
        self._rule("on_create_or_write")
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self._partners(3)
            raise ZeroDivisionError
        self.assertFalse(self._messages())

    def test_a_record_that_odoo_writes_many_times_is_one_message(self):
        self._rule("on_create_or_write")
        partner = self._partners(1)
        for city in ("Lund", "Oslo"):
            partner.city = city
        self.assertEqual(self._sent(), [{"name": "Partner 0", "city": "Oslo"}])
