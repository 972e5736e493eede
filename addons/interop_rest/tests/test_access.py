"""Who sees and changes clients, and what a service user may touch."""

from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, tagged

from .common import RestMixin

MATRIX = {
    None: "",
    "user": "",
    "operator": "r",
    "admin": "rwc",
    "steward": "r",
    "auditor": "r",
}
# Closed to everybody: the engine alone writes and reads them.
CLOSED = ("interop.client.nonce", "interop.rate.counter")
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
# model -> operations of a service user, and nothing on any other model of ours
SERVICE = {
    "interop.message": "r",
    "interop.namespace": "r",
    "interop.identifier": "rwc",
}


@tagged("post_install", "-at_install")
class TestAccess(RestMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()

    def test_groups(self):
        for group, rights in MATRIX.items():
            user = self._create_user(*([group] if group else []))
            for letter, operation in OPERATIONS.items():
                with self.subTest(group=group, operation=operation):
                    self.assertEqual(
                        self.env["interop.client"]
                        .with_user(user)
                        .has_access(operation),
                        letter in rights,
                    )

    def _rights(self, name, user):
        model = self.env[name].with_user(user)
        return "".join(
            letter
            for letter, operation in OPERATIONS.items()
            if model.has_access(operation)
        )

    def test_groups_and_what_belongs_to_clients(self):
        for group in MATRIX:
            user = self._create_user(*([group] if group else []))
            for name in CLOSED:
                self.assertEqual(self._rights(name, user), "", (group, name))

    def test_service_users_touch_what_they_need_and_no_more(self):
        models = [
            name
            for name, model in self.env.registry.items()
            if name.startswith("interop.")
            and not model._abstract
            and model._original_module
            in (
                "interop_base",
                "interop_mapping",
                "interop_ownership",
                "interop_identifier",
                "interop_rest",
            )
        ]
        self.assertIn("interop.secret", models)
        for name in models:
            model = self.env[name].with_user(self.client.user_id)
            allowed = "".join(
                letter
                for letter, operation in OPERATIONS.items()
                if model.has_access(operation)
            )
            self.assertEqual(allowed, SERVICE.get(name, ""), name)

    def test_service_users_read_their_facilities_and_change_nothing_of_odoo(self):
        user = self.client.user_id
        companies = self.env["res.company"].with_user(user).search([])
        self.assertEqual(companies, self.facility)
        for name in ("res.users", "res.company", "ir.config_parameter"):
            self.assertFalse(self.env[name].with_user(user).has_access("write"))

    def test_promise_9_facilities_stay_apart(self):
        theirs = self._create_system(
            company_ids=[(6, 0, self.other_facility.ids)], facility_code_ids=[]
        )
        interface = self._create_in_interface(
            system_id=theirs.id,
            company_ids=[(6, 0, self.other_facility.ids)],
            activate=False,
        )
        client = self._create_client(
            system_id=theirs.id, interface_ids=[(6, 0, interface.ids)]
        )
        admin = self._create_user("admin", companies=self.facility)
        clients = self.env["interop.client"].with_user(admin)
        self.assertNotIn(client, clients.search([]))
        self.assertIn(self.client, clients.search([]))
        with self.assertRaises(AccessError):
            client.with_user(admin).write({"name": "Mine now"})
        steward = self._create_user("steward", companies=self.facility)
        with self.assertRaises(AccessError):
            client.with_user(steward).action_approve(client.approval_fingerprint)
