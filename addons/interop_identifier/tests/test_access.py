"""Access to namespaces and identifiers, per group and per facility."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import IdentifierCase

# group -> operations on (namespace, identifier)
MATRIX = {
    None: ("", ""),
    "user": ("r", "r"),
    "operator": ("r", "r"),
    "admin": ("rwcu", "rwc"),
    "steward": ("r", "rwc"),
    "auditor": ("r", "r"),
}
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}


@tagged("post_install", "-at_install")
class TestAccess(IdentifierCase):
    def test_groups(self):
        for group, rights in MATRIX.items():
            user = self._create_user(*([group] if group else []))
            for model, allowed in zip(
                ("interop.namespace", "interop.identifier"), rights, strict=True
            ):
                for letter, operation in OPERATIONS.items():
                    with self.subTest(group=group, model=model, operation=operation):
                        self.assertEqual(
                            self.env[model].with_user(user).has_access(operation),
                            letter in allowed,
                        )

    def test_promise_9_facilities_stay_apart(self):
        shared = self._create_identifier(self.npi, "1234567893")
        mine = self._create_identifier(
            self._create_namespace(company_id=self.facility.id), "7"
        )
        theirs = self._create_identifier(
            self._create_namespace(company_id=self.other_facility.id), "8"
        )
        user = self._create_user("admin", "steward", companies=self.facility)
        rows = (shared | mine | theirs).with_user(user)
        found = rows.search([("id", "in", rows.ids)])
        self.assertEqual(found, rows[0] | rows[1])
        with self.assertRaises(AccessError):
            rows[2].read(["value"])
        with self.assertRaises(AccessError):
            rows[2].write({"use": "old"})
        with self.assertRaises(AccessError):
            rows[2].namespace_id.write({"name": "Mine now"})
        with self.assertRaises(AccessError):
            rows.create(
                {
                    "namespace_id": theirs.namespace_id.id,
                    "value": "9",
                    "res_model": "res.partner",
                    "res_id": self.partner.copy().id,
                }
            )

    def test_linking_needs_rights(self):
        user = self._create_user("user")
        with self.assertRaises(AccessError):
            self.identifiers.with_user(user)._link(
                self.partner, [self._wire(self.npi, "1234567893")], self._message()
            )
