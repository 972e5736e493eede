"""Work of users in the browser."""

from odoo.exceptions import ValidationError
from odoo.tests import HttpCase, tagged

from .common import InteropMixin
from .fakes import EngineMixin


@tagged("post_install", "-at_install")
class TestTours(EngineMixin, InteropMixin, HttpCase):
    """Real Odoo in a real browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_interop()

    def _create_named_user(self, login, *groups):
        user = self._create_user(*groups)
        user.write({"login": login, "name": login, "password": login})
        return user

    def test_administrator_builds_a_catalogue_and_steward_approves(self):
        admin = self._create_named_user("interop_admin", "admin")
        steward = self._create_named_user("interop_steward", "steward")
        self.start_tour("/odoo", "interop_base_catalogue", login="interop_admin")

        interface = self.env["interop.interface"].search(
            [("code", "=", "tour-interface")]
        )
        self.assertEqual(interface.system_id.code, "tour-system")
        self.assertEqual(
            interface.system_id._company_for_code("MAIN-01"), self.facility
        )
        self.assertEqual(interface.contract_ids.display_name, "tour.finished v1")
        self.assertEqual(interface.contract_ids.example_ids.body, "{}")
        self.assertEqual(interface.company_ids, self.facility)
        self.assertFalse(interface.requested_by_id)
        contract = interface.contract_ids
        self.assertEqual(contract.requested_by_id, admin)
        self.assertIn(steward, contract.activity_ids.user_id)

        self.start_tour("/odoo", "interop_base_publication", login="interop_steward")
        self.assertEqual(contract.state, "published")
        self.assertEqual(contract.approved_by_id, steward)

        self._create_handler("tour.finished")
        contract.invalidate_recordset(["handler_name"])
        self._complete(interface)
        interface.with_user(admin).action_request_approval()
        self.assertEqual(interface.requested_by_id, admin)
        self.assertIn(steward, interface.activity_ids.user_id)

        self.start_tour("/odoo", "interop_base_approval", login="interop_steward")
        self.assertEqual(interface.state, "approved")
        self.assertEqual(interface.approved_by_id, steward)
        self.assertEqual(interface.approved_fingerprint, interface._fingerprint())

    def _complete(self, interface):
        """Choose a transport that needs nothing else; interop_base brings none."""
        field = interface._fields["transport"]
        for transport in field.get_values(self.env):
            for direction in ("in", "out"):
                try:
                    with self.env.cr.savepoint():
                        interface.write(
                            {"transport": transport, "direction": direction}
                        )
                except ValidationError:
                    continue
                if not interface._missing_for_approval():
                    return
        self.skipTest("No transport is installed.")

    def test_user_retries_a_failed_message(self):
        clerk = self._create_named_user("interop_clerk", "user")
        interface = self._create_interface(
            activate=False, transport=False, exception_user_id=clerk.id
        )
        # interop_base brings no transport, so nothing could be activated by its button.
        interface._transition({"state": "active"})
        message = self._create_message(interface)
        message._set_dead(
            "business_rule", "business_rule", "The customer has no payment terms."
        )
        self.assertEqual(message.owner_user_id, clerk)

        self.start_tour("/odoo", "interop_base_retry", login="interop_clerk")
        self.assertEqual(message.state, "pending")
        self.assertFalse(message.error_message)
        audit = self.env["interop.audit.event"].search(
            [("res_model", "=", message._name), ("res_id", "=", message.id)]
        )
        self.assertEqual(audit.mapped("action"), ["retried"])
        self.assertEqual(audit.login, "interop_clerk")

    def test_b7_and_b13_an_old_message_is_found_and_skipped(self):
        clerk = self._create_named_user("interop_clerk", "user")
        interface = self._create_interface(
            activate=False, transport=False, exception_user_id=clerk.id
        )
        interface._transition({"state": "active"})
        old = self._create_message(interface)
        newer = old.copy({"external_id": "msg_tour_newer"})
        self._set_columns(newer, state="done")
        old._set_dead("business_rule", "business_rule", "The city is unknown.")
        interface.system_id._set_stopped("The tour stops it")

        self.start_tour("/odoo", "interop_base_replaced", login="interop_clerk")
        self.assertEqual((old.state, old.superseded_by_id), ("skipped", newer))

    def test_a_new_secret_is_shown_once(self):
        self._create_named_user("interop_admin", "admin")
        secrets = self.env["interop.secret"]
        secret = secrets._create_value(
            {
                "name": "Tour Secret",
                "system_id": self._create_system().id,
                "kind": "hmac",
            },
            secrets._generate_plaintext("hmac"),
        )
        self.start_tour("/odoo", "interop_base_rotate", login="interop_admin")
        self.assertTrue(secret.valid_to)
        successor = secrets.search([("system_id", "=", secret.system_id.id)]) - secret
        self.assertEqual(successor.state, "active")

    def _create_message(self, interface):
        """Create an outbound message about a partner, with content."""
        content = b'{"name": "Tour Partner"}'
        payloads = self.env["interop.payload"]._store_many(
            [(self.facility.id, "none", content)]
        )
        partner = self.env["res.partner"].create({"name": "Tour Partner"})
        return self.env["interop.message"].create(
            {
                "direction": "out",
                "interface_id": interface.id,
                "system_id": interface.system_id.id,
                "contract_id": interface.contract_ids.id,
                "company_id": self.facility.id,
                "external_id": "msg_tour",
                "data_class": "none",
                "lane": interface._lane(),
                "res_model": partner._name,
                "res_id": partner.id,
                "payload_id": payloads[0],
            }
        )
