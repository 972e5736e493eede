"""Private networks need two people where protected messages go."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import file_path

from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestNetworks(WebhookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.endpoint = cls._create_endpoint()
        cls.interface = cls._create_interface(
            endpoint_id=cls.endpoint.id, data_class="patient_adjacent"
        )
        cls.admin = cls._create_user("admin")
        cls.both = cls._create_user("admin", "steward")
        cls.steward = cls._create_user("steward")

    def _ask(self, networks, user=None):
        wizard = self.env["interop.network.wizard"].with_user(user or self.admin)
        wizard.create(
            {"endpoint_id": self.endpoint.id, "networks": networks}
        ).action_request()

    def test_one_person_alone_adds_nothing(self):
        for networks in ("127.0.0.0/8\n10.1.0.0/16", "10.1.0.0/16"):
            with self._refused(UserError, "second person"):
                self.endpoint.with_user(self.admin).allowed_networks = networks
        with self._refused(UserError):
            self.endpoint.with_user(self.admin).allowed_networks = "nonsense"
        self.endpoint.with_user(self.admin).allowed_networks = "127.0.0.0/16"
        with self._refused(UserError, "second person"):
            self.endpoint.with_user(self.admin).allowed_networks = "127.0.0.0/8"

    def test_other_data_needs_one_administrator(self):
        other = self._create_endpoint()
        self._create_interface(endpoint_id=other.id, data_class="none")
        other.with_user(self.admin).allowed_networks = "127.0.0.0/8\n10.1.0.0/16"
        for user in (self._create_user("operator"), self.steward):
            for vals in ({"allowed_networks": "10.1.0.0/16"}, {"allow_http": True}):
                with self.assertRaises(AccessError):
                    other.with_user(user).write(vals)

    def test_a_steward_approves_what_somebody_else_asked_for(self):
        asked = "127.0.0.0/8\n10.1.0.0/16"
        self._ask(asked, self.both)
        self.assertEqual(self.endpoint.allowed_networks, "127.0.0.0/8")
        self.assertIn(self.steward, self.endpoint.activity_ids.user_id)
        self.assertNotIn(self.both, self.endpoint.activity_ids.user_id)
        with self._refused(UserError, "You requested"):
            self.endpoint.with_user(self.both).action_approve_networks(
                self.endpoint.requested_networks
            )
        with self._refused(AccessError):
            self.endpoint.with_user(self.admin).action_approve_networks(
                self.endpoint.requested_networks
            )
        self.endpoint.with_user(self.steward).action_approve_networks(
            self.endpoint.requested_networks
        )
        self.assertEqual(self.endpoint.allowed_networks, asked)
        self.assertFalse(self.endpoint.requested_networks)
        trail = self.env["interop.audit.event"].search(
            [("res_model", "=", "interop.endpoint"), ("res_id", "=", self.endpoint.id)]
        )
        self.assertTrue({"requested", "approved"} <= set(trail.mapped("action")))
        self.env.flush_all()
        self.env.cr.precommit.run()
        tracked = self.endpoint.message_ids.tracking_value_ids.field_id.mapped("name")
        self.assertIn("allowed_networks", tracked)

    def test_networks_are_part_of_what_is_approved(self):
        """S2: not by way of a draft without the endpoint either."""
        interface = self.interface.with_user(self.admin)
        interface.action_suspend()
        interface.action_draft()
        interface.endpoint_id = False
        endpoint = self.endpoint.with_user(self.both)
        endpoint.allowed_networks = "127.0.0.0/8\n10.1.0.0/16"
        interface.endpoint_id = self.endpoint
        self.assertIn("10.1.0.0/16", self.interface.approval_changes)
        with self._refused(UserError, "Another steward has to approve"):
            self._approve(self.interface, self.both)
        self._approve(self.interface)
        self.assertFalse(self.interface.approval_changes)

    def test_one_person_alone_stops_flows_of_any_data(self):
        """S2: until another person approves the networks, or they are put back."""
        flow = self._create_flow()
        endpoint = flow.endpoint_id.with_user(self.admin)
        endpoint.allowed_networks = "127.0.0.0/8\n10.1.0.0/16"
        self.assertTrue(flow.approval_changed)
        endpoint.allowed_networks = " 127.0.0.0/8"
        self.assertFalse(flow.approval_changed)

    def test_approved_networks_stop_no_flow(self):
        """S2: also where no network was allowed before; what else differs still does."""
        other = self._create_flow(url="https://198.41.0.4/", allowed_networks=False)
        self.endpoint = other.endpoint_id
        for networks in ("10.1.0.0/16", "10.1.0.0/16\n10.2.0.0/16"):
            self._ask(networks)
            self.endpoint.with_user(self.steward).action_approve_networks(networks)
            self.assertFalse(other.approval_changed)
            self.assertFalse(other.approval_changes)
            self.assertEqual(other.approved_fingerprint, other._fingerprint())
        self.endpoint.with_user(self.admin).url = "https://198.41.0.4/other"
        self._ask("10.0.0.0/8")
        self.endpoint.with_user(self.steward).action_approve_networks("10.0.0.0/8")
        self.assertTrue(other.approval_changed)
        changes = other._changes_text(other.approved_state)
        self.assertIn("/other", changes)
        self.assertNotIn("10.0.0.0/8", changes)

    def test_personal_data_and_archived_flows_count(self):
        """S2: protected classes alike, and what comes back from the archive."""
        for values in (
            {"data_class": "personal"},
            {"data_class": "patient_adjacent", "active": False},
        ):
            other = self._create_endpoint()
            self._create_interface(endpoint_id=other.id, activate=False, **values)
            with self._refused(UserError, "second person"):
                other.with_user(self.admin).allowed_networks = "10.1.0.0/16"

    def test_a_request_can_be_refused(self):
        self._ask("10.1.0.0/16")
        endpoint = self.endpoint.with_user(self.steward)
        sheet = endpoint.action_refuse_networks()
        self.assertEqual(sheet["res_model"], "interop.approval.wizard")
        self.assertTrue(self.endpoint.requested_networks)
        endpoint.action_refuse_networks("Not that wide")
        activity = self.endpoint.activity_ids
        self.assertEqual(activity.user_id, self.admin)
        self.assertIn("Not that wide", activity.note)
        with self._refused(UserError, "has no request for networks"):
            endpoint.action_refuse_networks("Again")
        self.assertFalse(self.endpoint.requested_networks)
        self.assertEqual(self.endpoint.allowed_networks, "127.0.0.0/8")

    def test_what_is_asked_for_has_to_be_acceptable(self):
        for networks in ("0.0.0.0/0", "nonsense", "127.0.0.0/16"):
            with self._refused(UserError):
                self._ask(networks)
        self._ask("10.1.0.0/16")  # would leave out loopback, where the receiver is
        with self._refused(ValidationError):
            self.endpoint.with_user(self.steward).action_approve_networks(
                self.endpoint.requested_networks
            )

    def test_other_networks_than_those_that_were_read_are_not_approved(self):
        """B1."""
        self._ask("127.0.0.0/8\n10.1.0.0/16")
        endpoint = self.endpoint.with_user(self.steward)
        action = endpoint.action_approve_networks()
        dialog = self.env[action["res_model"]].with_user(self.steward)
        dialog = dialog.browse(action["res_id"])
        self.assertIn("10.1.0.0/16", dialog.content)
        self._ask("127.0.0.0/8\n10.0.0.0/8")
        with self._refused(UserError, "requested networks"):
            dialog.action_approve()
        self.assertEqual(self.endpoint.allowed_networks, "127.0.0.0/8")
        action = endpoint.action_approve_networks()
        dialog.browse(action["res_id"]).action_approve()
        self.assertIn("10.0.0.0/8", self.endpoint.allowed_networks)

    def test_nobody_who_shaped_the_request_approves_it(self):
        """As with every approval: the user who asked first, and who asked for more."""
        self._ask("127.0.0.0/8\n10.1.0.0/16", self.both)
        self._ask("127.0.0.0/8\n10.2.0.0/16")
        request = self.endpoint.network_request_ids
        self.assertEqual(len(request), 1)
        self.assertEqual(request.requested_by_id, self.admin)
        with self._refused(UserError, "Another steward has to approve"):
            request.with_user(self.both).action_approve(request.approval_fingerprint)
        notes = self.endpoint.activity_ids.mapped("note")
        self.assertTrue(notes)
        self.assertTrue(all("10.2.0.0/16" in note for note in notes))
        self.endpoint.url = f"{self.endpoint.url}elsewhere"
        seen = request.approval_fingerprint
        self.endpoint.url = f"{self.endpoint.url}again"
        with self._refused(UserError, "changed after you opened"):
            request.with_user(self.steward).action_approve(seen)

    def test_an_upgrade_keeps_what_waits_for_a_steward(self):
        """Before 19.0.1.3.0 the endpoint itself held the request."""
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE interop_endpoint SET requested_networks = '10.1.0.0/16',
                      networks_requested_by_id = %s WHERE id = %s""",
            [self.both.id, self.endpoint.id],
        )
        self.env.invalidate_all()
        path = "interop_webhook/migrations/19.0.1.3.0/post-network-requests.py"
        script = load_script(file_path(path), "network_requests")
        script.migrate(self.env.cr, "19.0.1.2.0")
        self.env.invalidate_all()
        request = self.endpoint.network_request_ids
        self.assertEqual(request.requested_by_id, self.both)
        self.assertEqual(self.endpoint.networks_requested_by_id, self.both)
        with self._refused(UserError, "You requested the approval"):
            self.endpoint.with_user(self.both).action_approve_networks("10.1.0.0/16")
        self.assertEqual(self.endpoint.requested_networks, "10.1.0.0/16")

    def test_a_request_cannot_be_forged(self):
        for vals in (
            {"requested_networks": "10.0.0.0/8"},
            {"networks_requested_by_id": self.steward.id},
        ):
            with self.assertRaises(AccessError):
                self.endpoint.with_user(self.admin).write(vals)
        requests = self.env["interop.network.request"].with_user(self.admin)
        vals = {"endpoint_id": self.endpoint.id, "networks": "10.0.0.0/8"}
        with self.assertRaises(AccessError):
            requests.create(vals)
        self._ask("10.1.0.0/16")
        with self.assertRaises(AccessError):
            requests.search([]).networks = "10.0.0.0/8"
