"""Who sees and changes what belongs to webhooks of third parties."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, tagged

from odoo.addons.interop_rest.tests.common import RestMixin
from odoo.addons.interop_rest.tests.test_access import MATRIX, OPERATIONS

# For administrators only: what is typed in there is a secret.
WIZARDS = ("interop.client.secret.wizard", "interop.signature.try.wizard")


@tagged("post_install", "-at_install")
class TestVendorAccess(RestMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()

    def _rights(self, name, user):
        model = self.env[name].with_user(user)
        return "".join(
            letter
            for letter, operation in OPERATIONS.items()
            if model.has_access(operation)
        )

    def test_groups(self):
        for group, rights in MATRIX.items():
            user = self._create_user(*([group] if group else []))
            for name in ("interop.signature.scheme", "interop.client.event.type"):
                expected = rights + "u" if group == "admin" else rights
                self.assertEqual(self._rights(name, user), expected, (group, name))
            for name in WIZARDS:
                expected = "rwc" if group == "admin" else ""
                self.assertEqual(self._rights(name, user), expected, (group, name))

    def test_a_service_user_touches_nothing_of_it(self):
        models = [
            name
            for name, model in self.env.registry.items()
            if name.startswith("interop.")
            and not model._abstract
            and model._original_module == "interop_rest_vendor"
        ]
        self.assertIn("interop.signature.scheme", models)
        for name in models:
            self.assertEqual(self._rights(name, self.client.user_id), "", name)

    def test_promise_9_vendor_events_stay_with_their_facility(self):
        theirs = self._create_system(
            company_ids=[(6, 0, self.other_facility.ids)], facility_code_ids=[]
        )
        clients = [
            self._create_client(
                system_id=system.id,
                interface_ids=[],
                event_type_ids=[(0, 0, {"value": "ping"})],
            )
            for system in (self.system, theirs)
        ]
        own, foreign = (client.event_type_ids for client in clients)
        for group in ("admin", "operator", "steward", "auditor"):
            user = self._create_user(group, companies=self.facility)
            seen = self.env["interop.client.event.type"].with_user(user).search([])
            self.assertIn(own, seen)
            self.assertNotIn(foreign, seen)
        admin = self._create_user("admin", companies=self.facility)
        with self.assertRaises(AccessError):
            foreign.with_user(admin).write({"value": "pong"})
        with self.assertRaises(AccessError):
            foreign.with_user(admin).unlink()

    def test_who_changes_the_events_or_the_scheme_counts(self):
        """S3."""
        scheme = self.env["interop.signature.scheme"].create(
            {"name": "Mine", "header": "X-Sign"}
        )
        vendor = self._create_client(
            accepts_vendor=True,
            signature_scheme_id=scheme.id,
            event_type_ids=[(0, 0, {"contract_id": self.contract.id})],
        )
        self._add_key(vendor)
        for change in (
            lambda user: scheme.with_user(user).write({"prefix": "v1="}),
            lambda user: vendor.event_type_ids.with_user(user).write({"value": "x"}),
        ):
            user = self._create_user("admin", "steward")
            change(user)
            with self.assertRaisesRegex(UserError, "Another steward has to approve"):
                self._approve(vendor, user)
            # Each change updates the row, as an approval does: of both at once, one fails.
            touched = vendor.approval_touch
            change(user)
            self.assertGreater(vendor.approval_touch, touched)
