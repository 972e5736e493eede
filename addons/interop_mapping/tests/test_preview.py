"""Preview of a real record: rights of the user, protected content, and reasons."""

import json

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .mapping_common import MappingCase


@tagged("post_install", "-at_install")
class TestPreview(MappingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.schema = json.dumps(
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "maxLength": 20},
                    "city": {"type": "string"},
                },
            }
        )
        cls._line("name", "name")
        cls.admin = cls._create_user("admin", "base.group_partner_manager")

    def _open(self, user=None, record=None):
        interface = self.interface.with_user(user or self.admin)
        action = interface.action_preview()
        preview = self.env[action["res_model"]].with_user(user or self.admin)
        preview = preview.browse(action["res_id"])
        preview.invalidate_recordset()
        if record:
            preview.record_ref = f"{record._name},{record.id}"
        return preview

    def _onchange(self, preview, **values):
        """Answer what the form shows when a field is changed, before it is saved."""
        names = ("data", "envelope", "problems", "notes", "protected")
        spec = {name: {} for name in names}
        current = {"record_ref": preview._record_key(), **values}
        answer = preview.onchange(current, list(values), {**spec, "record_ref": {}})
        return answer["value"]

    def test_data_and_envelope_of_the_chosen_record(self):
        preview = self._open(record=self.partner)
        self.assertEqual(json.loads(preview.data), {"name": " Dr. Ada "})
        envelope = json.loads(preview.envelope)
        self.assertEqual(envelope["type"], self.contract.message_type)
        self.assertEqual(envelope["facility"], "MERCY")
        self.assertTrue(envelope["test"])
        self.assertEqual(envelope["data"], {"name": " Dr. Ada "})
        self.assertFalse(preview.problems)
        self.assertFalse(preview.notes)

    def test_a_record_that_would_be_sent_is_proposed(self):
        latest = self.env["res.partner"].create(
            {"name": "Latest", "company_id": self.facility.id}
        )
        self.env["res.partner"].create(
            {"name": "Elsewhere", "company_id": self.other_facility.id}
        )
        self.assertEqual(self._open().record_ref, latest)

    def test_it_is_live(self):
        preview = self._open(record=self.partner)
        other = self.env["res.partner"].create(
            {"name": "Grace", "company_id": self.facility.id}
        )
        shown = self._onchange(preview, record_ref=f"res.partner,{other.id}")
        self.assertEqual(json.loads(shown["data"]), {"name": "Grace"})

    def test_violations_are_listed_by_path(self):
        self.partner.name = "x" * 30
        preview = self._open(record=self.partner)
        self.assertIn("/name", preview.problems)
        self.assertTrue(preview.data)

    def test_a_missing_required_value_is_said(self):
        self._line("city", "city", required=True)
        preview = self._open(record=self.partner)
        self.assertIn("city", preview.problems)
        self.assertFalse(preview.data)

    def test_why_a_record_would_not_be_sent(self):
        self.interface.filter_domain = "[('color', '=', 99)]"
        self.partner.company_id = self.other_facility
        self.admin.company_ids |= self.other_facility
        notes = self._open(record=self.partner).notes
        self.assertIn(self.other_facility.name, notes)
        self.assertIn("filter", notes)

    def test_fields_that_the_user_may_not_read_are_not_shown(self):
        self.env["ir.rule"].create(
            {
                "name": "Not Ada",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.partner.id})]",
            }
        )
        preview = self._open(record=self.partner)
        self.assertFalse(preview.data)
        self.assertIn("may not read", preview.problems)

    def test_a_mapped_field_of_another_group_is_not_shown(self):
        self._line("creator", "create_uid.login")
        field = self.env["res.users"]._fields["login"]
        self.patch(field, "groups", "base.group_no_one,base.group_system")
        preview = self._open(record=self.partner)
        self.assertFalse(preview.data)
        self.assertIn("may not read", preview.problems)

    def test_protected_content_needs_the_group_and_leaves_an_audit_line(self):
        self.interface.data_class = "personal"
        preview = self._open(record=self.partner)
        self.assertFalse(preview.data)
        self.assertFalse(preview.allowed)
        with self.assertRaises(AccessError):
            preview.action_reveal()
        may_see = self._create_user("admin", "payload", "base.group_partner_manager")
        preview = self._open(may_see, self.partner)
        self.assertFalse(preview.data)
        before = self._audit_count()
        preview.action_reveal()
        self.assertEqual(json.loads(preview.data), {"name": " Dr. Ada "})
        self.assertEqual(self._audit_count(), before + 1)

    def test_another_record_is_revealed_on_its_own(self):
        self.interface.data_class = "personal"
        may_see = self._create_user("admin", "payload", "base.group_partner_manager")
        preview = self._open(may_see, self.partner)
        preview.action_reveal()
        preview.record_ref = f"res.partner,{self.partner.child_ids[0].id}"
        self.assertFalse(preview.data)

    def test_revealing_cannot_be_forged(self):
        self.interface.data_class = "personal"
        may_see = self._create_user("admin", "payload", "base.group_partner_manager")
        preview = self._open(may_see, self.partner)
        key = preview._record_key()
        with self.assertRaises(AccessError):
            preview.write({"revealed_ref": key})
        self.assertFalse(self._onchange(preview, revealed_ref=key).get("data"))
        forged = preview.create(
            {
                "interface_id": self.interface.id,
                "contract_id": self.contract.id,
                "record_ref": key,
                "revealed_ref": key,
            }
        )
        self.assertFalse(forged.data)

    def _audit_count(self):
        return self.env["interop.audit.event"].search_count(
            [("action", "=", "revealed"), ("res_id", "=", self.interface.id)]
        )

    def test_ordinary_users_have_no_preview(self):
        with self.assertRaises(AccessError):
            self._open(self._create_user("user"))

    def test_nothing_is_kept_and_nothing_is_sent(self):
        before = self.env["interop.message"].search_count([])
        self._open(record=self.partner).mapped("data")
        self._commit()
        self.env["interop.materializer"]._materialize()
        self.assertEqual(self.env["interop.message"].search_count([]), before)
