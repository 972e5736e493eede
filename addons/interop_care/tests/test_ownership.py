"""Systems of record of contacts, over the real route."""

from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.interop_base import clock

from .common import NPI, CareCase


@tagged("post_install", "-at_install")
class TestOwnership(CareCase):
    """Systems that may change a provider, and the report to the sender."""

    def _rule(self, *names, system=None, **values):
        ir_fields = self.env["ir.model.fields"]
        return self.env["interop.ownership"].create(
            {
                "name": "Group",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "field_ids": [
                    (6, 0, [ir_fields._get("res.partner", n).id for n in names])
                ],
                "authority": "system" if system else "odoo",
                "system_id": system and system.id,
                **values,
            }
        )

    def _outcomes(self, response):
        body = response.json()
        fields = body.get("fields") or body["message"]["fields"]
        return {
            item["field"]: (item["outcome"], item.get("reason", "")) for item in fields
        }

    def _phone(self, number, **envelope):
        return self._provider(telecom=[{"system": "phone", "value": number}]) | envelope

    def test_the_answer_reports_the_outcome_of_each_field(self):
        self._send(self._phone("1"))
        self._rule("phone", policy="ignore")
        partner = self._found(NPI, "1234567893")
        response = self._send(self._phone("CANARY-2"))
        self.assertEqual(self._outcomes(response)["phone"], ("ignored", "not_owner"))
        self.assertEqual(self._outcomes(response)["name"], ("unchanged", ""))
        self.assertEqual(partner.phone, "1")
        self.assertNotIn("CANARY", response.text)
        message = self.env["interop.message"].search([], limit=1)
        self.assertEqual(message._answer_fields(), response.json()["fields"])

    def test_a_rejected_message_leaves_nothing_and_names_the_fields(self):
        self._send(self._phone("1"))
        self._rule("phone", policy="reject")
        response = self._send(self._phone("CANARY-2") | {}, status=422)
        self.assertEqual(response.json()["code"], "not_owner")
        self.assertEqual(self._outcomes(response)["phone"], ("rejected", "not_owner"))
        self.assertEqual(self._found(NPI, "1234567893").phone, "1")
        self.assertNotIn("CANARY", response.text)

    def test_an_older_message_changes_nothing(self):
        now = clock.now().replace(microsecond=0)
        earlier = clock.isoformat(now - timedelta(minutes=10))
        self._send(self._phone("new", occurred_at=clock.isoformat(now)))
        response = self._send(self._phone("old", occurred_at=earlier))
        self.assertEqual(self._outcomes(response)["phone"], ("ignored", "stale"))
        self.assertEqual(self._found(NPI, "1234567893").phone, "new")

    def test_creating_obeys_the_rules(self):
        self._rule("phone", policy="ignore")
        response = self._send(self._phone("1"))
        self.assertEqual(self._outcomes(response)["phone"], ("ignored", "not_owner"))
        self.assertFalse(self._found(NPI, "1234567893").phone)

    def test_users_edit_fields_that_no_system_has_sent(self):
        self._send(self._phone("1"))
        partner = self._found(NPI, "1234567893")
        clerk = self._create_user("user", "base.group_partner_manager")
        mine = partner.with_user(clerk)
        mine.phone = "2"
        self._rule("phone", system=self.client.system_id)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            mine.phone = "3"
        mine.comment = "Not governed"
        vendor = self.env["res.partner"].with_user(clerk).create({"name": "Vendor"})
        vendor.phone = "4"
        self.assertEqual((mine.phone, vendor.phone), ("2", "4"))
        self.assertEqual(mine.interop_locked_fields, ",phone,")
