"""Rights of service users and users, per group and per facility."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import NPI, CareCase

OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
MATRIX = {
    "client": ("rwc", "rc", "rwc"),
    "user": ("r", "r", "r"),
    "base.group_partner_manager": ("rwcu", "rwc", "rwcu"),
}
MODELS = ("res.partner", "interop.care.specialty", "interop.care.role")


@tagged("post_install", "-at_install")
class TestAccess(CareCase):
    def test_groups(self):
        for group, rights in MATRIX.items():
            client = group == "client"
            user = self.client.user_id if client else self._create_user(group)
            for model, expected in zip(MODELS, rights, strict=True):
                allowed = "".join(
                    letter
                    for letter, operation in OPERATIONS.items()
                    if self.env[model].with_user(user).has_access(operation)
                )
                self.assertEqual(allowed, expected, (group, model))

    def test_a_client_changes_only_marked_partners(self):
        partners = self.env["res.partner"].with_user(self.client.user_id)
        customer = partners.sudo().create({"name": "A customer"}).sudo(False)
        with self.assertRaises(AccessError):
            customer.write({"name": "Changed"})
        with self.assertRaises(AccessError):
            partners.create({"name": "Not marked"})
        provider = partners.create({"name": "Marked", "interop_is_provider": True})
        provider.write({"name": "Changed"})
        with self.assertRaises(AccessError):
            provider.unlink()

    def test_promise_9_facilities_stay_apart(self):
        role = self.env["interop.care.role"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "P"}).id,
                "code": "d",
                "name": "Doctor",
                "company_id": self.other_facility.id,
            }
        )
        user = self._create_user("base.group_partner_manager", companies=self.facility)
        for reader in (user, self.client.user_id):
            with self.assertRaises(AccessError):
                role.with_user(reader).write({"name": "Mine now"})
        self._send(self._provider())
        partner = self._found(NPI, "1234567893")
        outsider = self._create_user("operator", companies=self.other_facility)
        seen = partner.with_user(outsider)
        with self.assertRaises(AccessError):
            seen.read(["name"])
        partner._interop_join(self.other_facility, "Works there, too")
        self.assertEqual(seen.interop_identifier_ids.namespace_id.uri, NPI)
        self.assertEqual(seen.interop_message_count, 0)
