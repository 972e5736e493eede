"""Clients: nobody alone gives one more than was approved, from whichever side."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.interop_base import clock

from .common import RestHttpCase


@tagged("post_install", "-at_install")
class TestClientApproval(RestHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls._create_user("admin")
        cls.steward = cls._create_user("steward")
        cls.both = cls._create_user("admin", "steward")

    def _trail(self, record, *actions):
        return self.env["interop.audit.event"].search(
            [
                ("res_model", "=", record._name),
                ("res_id", "=", record.id),
                ("action", "in", actions),
            ]
        )

    # === S1: BOTH SIDES === #

    def test_a_client_is_not_written_onto_an_interface(self):
        """S1: of another system, of another facility, in any state, by any command."""
        foreign = self._create_interface(
            direction="in", transport="rest", latency_tier="real_time"
        )
        draft = self._create_in_interface(activate=False)
        for interface in (foreign, draft):
            for record in (interface.with_user(self.admin), interface.sudo()):
                for value in (
                    [Command.link(self.client.id)],
                    [Command.set(self.client.ids)],
                    [Command.create({"name": "n", "code": "n"})],
                ):
                    with self._refused(AccessError, "on the client"):
                        record.write({"client_ids": value})
                    with self._refused(AccessError, "on the client"):
                        record.copy({"client_ids": value})
        for value in ([Command.unlink(self.client.id)], [Command.clear()], False):
            with self._refused(AccessError, "on the client"):
                self.interface.with_user(self.admin).write({"client_ids": value})
        self.assertEqual(self.client.interface_ids, self.interface)

    def test_a_duplicate_and_a_context_bring_no_clients(self):
        """S1."""
        self.assertFalse(self.interface.with_user(self.admin).copy().client_ids)
        made = (
            self.env["interop.interface"]
            .with_user(self.admin)
            .with_context(default_client_ids=[Command.set(self.client.ids)])
            .create(
                {"name": "F", "code": "forged-clients", "system_id": self.system.id}
            )
        )
        self.assertFalse(made.client_ids)

    def test_an_interface_does_not_move_to_another_system_with_its_clients(self):
        """S1: the constraint runs from this side, too."""
        interface = self._create_in_interface(activate=False)
        client = self._create_client(interface_ids=[(6, 0, interface.ids)])
        self.assertEqual(interface.client_ids, client)
        with self._refused(ValidationError, "the client's system"):
            interface.with_user(self.admin).system_id = self._create_system()

    def test_nobody_chooses_or_approves_an_interface_that_they_do_not_see(self):
        """S1: the inbound side of another facility."""
        self.system.company_ids |= self.other_facility
        hidden = self._create_in_interface(
            company_ids=[(6, 0, self.other_facility.ids)], activate=False
        )
        client = self._create_client()
        self._add_key(client)
        with self._refused(AccessError):
            client.with_user(self.admin).interface_ids = [Command.link(hidden.id)]
        client.interface_ids |= hidden
        with self._refused(AccessError):
            self._approve(client, self.steward)
        seeing = self._create_user(
            "steward", companies=self.facility | self.other_facility
        )
        self._approve(client, seeing)

    # === B15, B1, S3 === #

    def test_a_client_is_asked_for_approved_or_refused(self):
        """B15."""
        client = self._create_client()
        self._add_key(client)
        client.with_user(self.admin).action_request_approval()
        self.assertEqual(client.requested_by_id, self.admin)
        self.assertIn(self.steward, client.activity_ids.user_id)
        client.with_user(self.steward).action_refuse("Too many rights")
        self.assertFalse(client.requested_by_id)
        self.assertIn("Too many rights", client.activity_ids.note)
        self.assertEqual(client.activity_ids.user_id, self.admin)
        self.assertEqual(self._trail(client, "refused").detail, "Too many rights")

    def test_what_changed_after_it_was_read_is_not_approved(self):
        """B1."""
        client = self._create_client()
        self._add_key(client)
        seen = client.with_user(self.steward).approval_fingerprint
        client.with_user(self.admin).may_link = True
        with self._refused(UserError, "changed after you opened"):
            client.with_user(self.steward).action_approve(seen)
        self._approve(client, self.steward)
        self.assertIn("Link", self._trail(client, "approved").detail)

    def test_who_changed_a_client_cannot_approve_it(self):
        """S3: a client of another administrator, too."""
        client = self._create_client()
        self._add_key(client)
        client.with_user(self.both).allowed_networks = "10.0.0.0/8"
        with self._refused(UserError, "Another steward has to approve"):
            self._approve(client, self.both)
        self._approve(client, self.steward)
        client._set_active()
        client.with_user(self.both).action_suspend()
        client.with_user(self.both).action_request()
        with self._refused(UserError, "Another steward has to approve"):
            self._approve(client, self.both)

    # === S7: KEYS === #

    def test_the_owner_hears_of_new_keys_of_a_client_in_use(self):
        """S7."""
        owner = self._create_user("user")
        self.system.owner_id = owner
        fresh = self._create_client()
        fresh.with_user(self.admin).action_generate_hmac()
        self.assertFalse(self.system.activity_ids)
        self.client.with_user(self.admin).action_generate_hmac()
        self.assertIn(owner, self.system.activity_ids.user_id)
        self.assertIn(self.steward, self.system.activity_ids.user_id)
        self.assertIn(self.client.name, self.system.activity_ids[:1].summary)
        self.assertEqual(self.client.state, "active")
        key = self.client.secret_ids.sorted("id")[-1]
        self.assertIn(key.fingerprint, self._trail(self.client, "changed").detail)

    def test_a_new_key_of_a_client_that_is_being_changed_is_told_and_shown(self):
        """S7: suspend, change, generate a key: nobody does that unnoticed."""
        owner = self._create_user("user")
        self.system.owner_id = owner
        client = self.client.with_user(self.both)
        client.action_suspend()
        client.with_user(self.admin).action_request()
        before = client.approval_fingerprint
        client.action_generate_hmac()
        told = self.system.activity_ids.user_id
        self.assertIn(owner, told)
        self.assertIn(self.steward, told)
        key = self.client.secret_ids.sorted("id")[-1]
        for text in (key.fingerprint, key.uuid):
            self.assertIn(text, self.client.approval_changes)
        with self._refused(UserError, "changed after you opened"):
            client.with_user(self.steward).action_approve(before)
        with self._refused(UserError, "Another steward has to approve"):
            self._approve(client, self.both)
        before = client.approval_fingerprint
        key.with_user(self.admin).write({"valid_to": clock.now() + timedelta(days=9)})
        client.invalidate_recordset(["approval_fingerprint"])
        self.assertNotEqual(client.approval_fingerprint, before)
        self._approve(client, self.steward)

    def test_a_rotated_key_stops_no_client(self):
        """S7: what it is approved for next names the new key."""
        self.client.secret_ids.with_user(self.both).action_rotate()
        self.assertEqual(self.client.state, "active")
        self.assertIn(self.steward, self.system.activity_ids.user_id)
        new = self.client.secret_ids.sorted("id")[-1]
        self.assertEqual(self._post(secret=new._get_value()).status_code, 422)
        self.client._set_suspended()
        self.client._set_requested()
        with self._refused(UserError, "Another steward has to approve"):
            self._approve(self.client, self.both)

    # === REOPENED INTERFACES === #

    def test_swapped_facility_codes_apply_nothing(self):
        """S7: messages wait at the sender until another person approves the codes."""
        self.system.company_ids |= self.other_facility
        data = {"name": "Ada", "city": "A-1"}
        self.assertEqual(self._post(self._envelope(data=data)).status_code, 200)
        codes = self.system.facility_code_ids.with_user(self.admin)
        codes.code = "ANNE"
        envelope = self._envelope(facility="ANNE", data=data)
        self._assert_problem(self._post(envelope), 503, "paused")
        steward = self._create_user(
            "steward", companies=self.facility | self.other_facility
        )
        self._approve(self.interface, steward)
        self.assertEqual(self._post(envelope).status_code, 200)

    # === B18 === #

    def test_the_last_use_of_a_key_is_known(self):
        """B18: which of two keys a caller uses, written every few minutes at most."""
        new = self._add_key(self.client)
        old_key, new_key = self.client.secret_ids.sorted("id")
        start = clock.now().replace(microsecond=0)
        for seconds, secret, old, latest in (
            (0, self.secret_text, 0, None),
            (10, new, 0, 10),
            (290, self.secret_text, 0, 10),
            (400, self.secret_text, 400, 10),
        ):
            moment = start + timedelta(seconds=seconds)
            with patch.object(clock, "now", lambda now=moment: now):
                # What it says does not matter: it was proven.
                self.assertEqual(self._post(secret=secret).status_code, 422)
            expected = [
                None if age is None else start + timedelta(seconds=age)
                for age in (old, latest)
            ]
            self.assertEqual(
                [key.last_used_at or None for key in (old_key, new_key)], expected
            )

    def test_a_refused_call_is_no_use(self):
        """B18."""
        later = clock.now() + timedelta(hours=2)
        with patch.object(clock, "now", lambda: later):
            wrong = self.env["interop.secret"]._generate_plaintext("hmac")
            self.assertEqual(self._post(secret=wrong).status_code, 401)
        self.assertFalse(self.client.secret_ids.last_used_at)
