"""Machine identities and their lifecycle."""

from datetime import timedelta

from odoo.exceptions import AccessDenied, AccessError, UserError, ValidationError
from odoo.tests import Form, TransactionCase, tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import signing

from .common import RestMixin


@tagged("post_install", "-at_install")
class TestClient(RestMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()

    def test_the_service_user_has_least_privilege_and_no_login(self):
        user = self.client.user_id
        group = self.env.ref("interop_base.interop_rest_group_client")
        # What its mapping needs was approved on its own, and implies nothing.
        group |= self.env["interop.mapping.model"]._allowed("res.partner").group_id
        self.assertEqual(user.group_ids, group)
        self.assertEqual(user.all_group_ids, group)
        self.assertFalse(user.active or user.partner_id.active)
        self.assertEqual(user.company_ids, self.facility)
        user.password = "Very-Secret-1"
        self.env.flush_all()
        with self.assertRaises(AccessDenied):
            user.with_user(user)._check_credentials(
                {"type": "password", "password": "Very-Secret-1"}, {"interactive": True}
            )

    def test_the_service_user_follows_the_facilities_of_its_interfaces(self):
        self.system.company_ids |= self.other_facility
        other = self._create_in_interface(
            company_ids=[(6, 0, self.other_facility.ids)], activate=False
        )
        client = self._create_client(
            interface_ids=[(6, 0, (self.interface | other).ids)]
        )
        self.assertEqual(client.user_id.company_ids, self.facility)
        self._add_key(client)
        client._set_requested()
        client.interface_ids = self.interface
        self._activate_client(client)
        self.assertEqual(client.user_id.company_ids, self.facility)
        client._set_suspended()
        client._set_requested()
        client.interface_ids |= other
        self._activate_client(client)
        self.assertEqual(client.user_id.company_ids, self.facility)
        self._activate_elsewhere(other)
        self.assertEqual(
            client.user_id.company_ids, self.facility | self.other_facility
        )

    def test_somebody_else_approves(self):
        admin = self._create_user("admin", "steward")
        client = self._create_client()
        mine = client.with_user(admin).copy({"code": f"copy-{self._next()}"})
        self.assertEqual((mine.editor_ids, mine.state), (admin, "requested"))
        self._add_key(mine)
        with self._refused(UserError, "Another steward has to approve"):
            mine.action_approve(mine.approval_fingerprint)
        steward = self._create_user("steward")
        mine.with_user(steward).action_approve(mine.approval_fingerprint)
        self.assertEqual((mine.state, mine.approved_by_id), ("approved", steward))
        self.assertTrue(mine.approved_at)

    def test_that_it_was_asked_for_is_in_the_audit_trail(self):
        admin = self._create_user("admin")
        client = self._create_client()
        mine = client.with_user(admin).copy({"code": f"copy-{self._next()}"})
        self._add_key(mine)
        mine.action_request_approval()
        line = self.env["interop.audit.event"].search(
            [("res_model", "=", mine._name), ("res_id", "=", mine.id)]
        )
        self.assertEqual((line.action, line.user_id), ("requested", admin.id))

    def test_approval_is_for_stewards_and_activation_for_administrators(self):
        client = self._create_client()
        self._add_key(client)
        with self.assertRaises(AccessError):
            client.with_user(self._create_user("operator")).action_approve(
                client.approval_fingerprint
            )
        client.with_user(self._create_user("steward")).action_approve(
            client.approval_fingerprint
        )
        for name in ("action_activate", "action_revoke", "action_request"):
            with self.assertRaises(AccessError):
                getattr(client.with_user(self._create_user("operator")), name)()
        with self.assertRaises(AccessError):
            client.with_user(self._create_user("user")).action_suspend()

    def test_one_error_names_everything_that_is_missing(self):
        client = self._create_client(
            interface_ids=[], expires_at=clock.now() - timedelta(days=1)
        )
        texts = []
        for attempt in (
            client.action_request_approval,
            lambda: self._approve(client),
            client._set_active,
        ):
            with self.assertRaises(UserError) as caught:
                attempt()
            texts.append(str(caught.exception))
        for text in ("interface", "facility", "valid key", "expiry"):
            for refusal in texts:
                self.assertIn(text, refusal)
        self.assertIn("“Change”", texts[-1])

    def test_an_approved_map_does_not_change(self):
        for values in (
            {"allowed_networks": "10.0.0.0/8"},
            {"interface_ids": [(5,)]},
            {"expires_at": clock.now()},
            {"system_id": self._create_system().id},
        ):
            with self.assertRaises(UserError):
                self.client.write(values)
        self.client.name = "Another name"
        self.client.action_suspend()
        self.client.action_request()
        self.assertFalse(self.client.approved_by_id)
        self.client.allowed_networks = "10.0.0.0/8"

    def test_state_and_user_move_by_transition_only(self):
        for name, value in (("state", "active"), ("user_id", self.env.uid)):
            with self.assertRaises(AccessError):
                self.client.write({name: value})

    def test_revoking_takes_the_keys_along(self):
        self.client.action_revoke()
        self.assertEqual(self.client.secret_ids.mapped("state"), ["revoked"])
        with self.assertRaises(UserError):
            self.client._set_active()

    def test_clients_are_not_deleted(self):
        with self.assertRaises(UserError):
            self.client.unlink()

    def test_networks_are_checked_on_saving(self):
        with self.assertRaises(ValidationError):
            self._create_client(allowed_networks="10.1.2.3/8")

    def test_only_rest_interfaces_of_the_own_system(self):
        foreign = self._create_in_interface(
            system_id=self._create_system().id, activate=False
        )
        with self.assertRaises(ValidationError):
            self._create_client(interface_ids=[(6, 0, foreign.ids)])
        with self.assertRaises(ValidationError):
            self._create_in_interface(direction="out", activate=False)

    def test_a_generated_key_is_shown_once(self):
        action = self.client.action_generate_hmac()
        text = action["params"]["value"]
        secret = self.client.secret_ids.sorted("id")[-1]
        self.assertEqual(secret._get_value(), text)
        self.assertEqual(secret.name, f"{self.client.name}: HMAC key")
        self.assertNotIn(text, str(secret.read()))
        keys = self.client._verifying_keys(clock.now())
        self.assertIn(signing.decode_secret(text), [key.material for key in keys])

    def test_only_public_keys_are_taken_over(self):
        wizard = self.env["interop.client.key.wizard"]
        action = self.client.action_add_public_key()
        self.assertEqual(action["context"]["default_client_id"], self.client.id)
        private, public = signing.generate_ed25519_keypair()
        for text in (private, "whpk_AAAA", "junk", "whpk_" + "A" * 43 + "="):
            with self.assertRaises(ValidationError):
                wizard.create(
                    {"client_id": self.client.id, "public_key": text}
                ).action_add()
        wizard.create({"client_id": self.client.id, "public_key": public}).action_add()
        self.assertIn("ed25519_public", self.client.secret_ids.mapped("kind"))

    def test_rotation_keeps_the_client(self):
        secret = self.client.secret_ids
        successor, _text = secret._rotate(1)
        self.assertEqual(successor.client_id, self.client)
        self.assertEqual(len(self.client._verifying_keys(clock.now())), 2)
        with self.assertRaises(UserError):
            secret.client_id = self._create_client()

    def test_ending_soon(self):
        soon = self._create_client(expires_at=clock.now() + timedelta(days=3))
        late = self._create_client(expires_at=clock.now() + timedelta(days=300))
        self.assertTrue(soon.expires_soon)
        self.assertFalse(late.expires_soon)
        found = self.env["interop.client"].search([("expires_soon", "=", True)])
        self.assertIn(soon, found)
        self.assertNotIn(late, found)

    def test_an_administrator_makes_one_in_the_form(self):
        form = Form(self.env["interop.client"].with_user(self._create_user("admin")))
        form.name = "From the form"
        form.code = f"form-{self._next()}"
        form.system_id = self.system
        form.interface_ids.add(self.interface)
        client = form.save()
        self.assertEqual(client.state, "requested")
        self.assertEqual(client.user_id.company_ids, self.facility)

    def test_button_opens_the_messages(self):
        action = self.client.action_view_messages()
        self.assertEqual(action["domain"], [("client_id", "in", self.client.ids)])
        self.assertEqual(self.client.message_count, 0)
