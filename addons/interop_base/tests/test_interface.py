"""The interface: complete before it moves, approved by another user, then locked."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .fakes import EngineCase

# state → the groups whose button leads out of it, and where it leads
BUTTONS = (
    ("draft", "action_approve", "steward", "approved"),
    ("approved", "action_activate", "admin", "active"),
    ("active", "action_suspend", "operator", "suspended"),
    ("suspended", "action_activate", "admin", "active"),
    ("active", "action_deprecate", "admin", "deprecated"),
    ("deprecated", "action_retire", "admin", "retired"),
)
GROUPS = ("user", "operator", "admin", "steward", "auditor")
IMPLIED = {"operator": {"operator", "admin"}}


@tagged("post_install", "-at_install")
class TestInterfaceLifecycle(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {group: cls._create_user(group) for group in GROUPS}

    def _bare(self):
        """Return a draft that lacks everything that can be missing."""
        return self.env["interop.interface"].create(
            {
                "name": "Bare",
                "code": f"bare-{self._next()}",
                "system_id": self._create_system().id,
                "objective_seconds": 0,
                "retry_policy_id": False,
            }
        )

    # === ACTIVATION === #

    def test_activation_names_everything_that_is_missing_in_one_error(self):
        """B2: request and approval, too, are refused while anything is missing."""
        interface = self._bare()
        steward, admin = self.users["steward"], self.users["admin"]
        texts = []
        for attempt in (
            interface._set_active,
            interface.with_user(admin).action_request_approval,
            lambda: interface.with_user(steward).action_approve(
                interface.approval_fingerprint
            ),
        ):
            with self.assertRaises(UserError) as caught:
                attempt()
            texts.append(str(caught.exception))
        for part in (
            "business owner",
            "exception owner",
            "service objective",
            "data class",
            "latency tier",
            "retry policy",
            "transport",
            "facility",
            "published contract",
        ):
            for text in texts:
                self.assertIn(part, text)
        self.assertEqual(
            (interface.state, interface.requested_by_id.id), ("draft", False)
        )

    def test_each_missing_fact_alone_blocks_activation_and_is_the_only_one_named(self):
        for name, label in (
            ("owner_id", "business owner"),
            ("exception_user_id", "exception owner"),
            ("objective_seconds", "service objective"),
            ("data_class", "data class"),
            ("latency_tier", "latency tier"),
            ("retry_policy_id", "retry policy"),
            ("transport", "transport"),
            ("company_ids", "facility"),
            ("contract_ids", "published contract"),
        ):
            empty = (
                [Command.clear()] if name in ("company_ids", "contract_ids") else False
            )
            interface = self._create_interface(activate=False, **{name: empty})
            with self.assertRaises(UserError, msg=name) as caught:
                self._approve(interface, self.users["steward"])
            self.assertEqual(str(caught.exception).count("•"), 1, name)
            interface._transition({"state": "approved"})
            with self.assertRaises(UserError, msg=name) as caught:
                interface._set_active()
            self.assertEqual(str(caught.exception).count("•"), 1, name)
            self.assertIn(label, str(caught.exception))

    def test_draft_contract_is_not_enough(self):
        draft = self._create_contract(publish=False)
        interface = self._create_interface(
            activate=False, contract_ids=[(6, 0, draft.ids)]
        )
        with self._refused(UserError, "published contract"):
            self._approve(interface, self.users["steward"])
        draft._set_published()
        self._approve(interface, self.users["steward"])
        interface._set_active()

    def test_team_is_an_exception_owner_too(self):
        team = self.env["interop.team"].create({"name": "Billing"})
        interface = self._create_interface(
            exception_user_id=False, exception_team_id=team.id
        )
        self.assertEqual(interface.state, "active")

    def test_unmapped_contract_and_missing_key_file_block_activation(self):
        interface = self._create_interface(activate=False, data_class="personal")
        interface.with_user(self.users["steward"]).action_approve(
            interface.approval_fingerprint
        )
        interface.mapping_ids.line_ids.unlink()
        with self._conf(key_file=None), self.assertRaises(UserError) as caught:
            interface._set_active()
        self.assertIn("mapping lines for", str(caught.exception))
        self.assertIn("key file", str(caught.exception))

    def test_an_active_interface_keeps_the_values_that_activation_required(self):
        interface = self._create_interface()
        for name in (
            "owner_id",
            "exception_user_id",
            "objective_seconds",
            "latency_tier",
            "retry_policy_id",
        ):
            with self._refused(ValidationError, "These values are required", msg=name):
                interface[name] = False
        with self._refused(ValidationError, "in use"):
            interface.active = False
        with self._refused(UserError, "Retire it instead"):
            interface.unlink()

    # === APPROVAL === #

    def test_steward_approves_but_the_requesting_user_cannot(self):
        both = self._create_user("steward", "admin")
        interface = self._create_interface(activate=False)
        interface.with_user(both).action_request_approval()
        self.assertEqual(interface.requested_by_id, both)
        with self._refused(UserError, "You requested the approval"):
            interface.with_user(both).action_approve(interface.approval_fingerprint)
        steward = self.users["steward"]
        told = interface.activity_ids.filtered(lambda item: item.user_id == steward)
        self.assertTrue(told, "stewards are told")
        interface.with_user(steward).action_approve(interface.approval_fingerprint)
        self.assertEqual(interface.state, "approved")
        self.assertEqual(interface.approved_by_id, steward)
        self.assertTrue(interface.approved_at)
        self.assertFalse(interface.activity_ids)

    def test_the_creator_cannot_approve_it(self):
        both = self._create_user("steward", "admin")
        interface = self._create_interface(activate=False)
        mine = interface.with_user(both).copy()
        with self._refused(UserError, "Another steward has to approve"):
            mine.action_approve(mine.approval_fingerprint)

    def test_buttons_per_group(self):
        interface = self._create_interface(activate=False)
        for state, button, group, target in BUTTONS:
            self.assertEqual(interface.state, state)
            allowed = IMPLIED.get(group, {group})
            for name, user in self.users.items():
                if name not in allowed:
                    with self._refused(AccessError, msg=(button, name)):
                        getattr(interface.with_user(user), button)()
            given = [interface.approval_fingerprint] if "approve" in button else []
            getattr(interface.with_user(self.users[group]), button)(*given)
            self.assertEqual(interface.state, target)

    def test_buttons_do_not_reach_into_other_facilities(self):
        interface = self._create_interface()
        foreign = self.other_facility
        operator = self._create_user("operator", companies=foreign)
        admin = self._create_user("admin", companies=foreign)
        steward = self._create_user("steward", companies=foreign)
        draft = self._create_interface(activate=False)
        for user, record, button in (
            (operator, interface, "action_suspend"),
            (operator, interface, "action_lift_stop"),
            (operator, self.facility, "action_lift_stop"),
            (admin, interface, "action_deprecate"),
            (admin, draft, "action_request_approval"),
            (steward, draft, "action_approve"),
        ):
            with self._refused(AccessError, msg=button):
                getattr(record.with_user(user), button)()

    def test_moves_that_skip_a_step_are_refused(self):
        legal = {(state, target) for state, _b, _g, target in BUTTONS} | {
            ("approved", "draft"),
            ("suspended", "draft"),
            ("suspended", "deprecated"),
            ("draft", "retired"),
            ("approved", "retired"),
        }
        states = ("draft", "approved", "active", "suspended", "deprecated", "retired")
        interface = self._create_interface(activate=False, owner_id=self.env.user.id)
        interface._transition({"requested_by_id": self.users["admin"].id})
        for state in states:
            for target in states:
                interface._transition({"state": state})
                if (state, target) in legal or state == target:
                    continue
                with self._refused(UserError, "cannot become", msg=(state, target)):
                    getattr(interface, f"_set_{target}")()

    def test_repeated_transition_changes_nothing(self):
        interface = self._create_interface()
        before = self.env["interop.audit.event"].search_count([])
        self.assertFalse(interface._set_active())
        self.assertEqual(self.env["interop.audit.event"].search_count([]), before)

    def test_users_neither_write_nor_forge_state_and_approval(self):
        interface = self._create_interface(activate=False)
        admin = self.users["admin"]
        for name, value in (
            ("state", "active"),
            ("approved_by_id", admin.id),
            ("requested_by_id", admin.id),
            ("approved_at", "2020-01-01"),
            ("interop_stopped_at", "2020-01-01"),
        ):
            for env_interface in (interface.with_user(admin), interface.sudo()):
                with self._refused(AccessError, msg=name):
                    env_interface.write({name: value})
            with self._refused(AccessError, msg=name):
                interface.with_user(admin).copy({name: value})
        forged = interface.with_user(admin).with_context(
            default_state="active",
            default_approved_by_id=self.users["steward"].id,
            default_requested_by_id=self.users["steward"].id,
            default_interop_stop_reason="forged",
        )
        created = forged.create(
            {
                "name": "F",
                "code": f"forged-{self._next()}",
                "system_id": interface.system_id.id,
            }
        )
        self.assertEqual(created.state, "draft")
        self.assertFalse(created.approved_by_id or created.requested_by_id)
        self.assertFalse(created.interop_stop_reason)

    def test_duplicate_is_a_draft_with_its_own_code_and_mapping(self):
        interface = self._create_interface()
        first, second = interface.copy(), interface.copy()
        self.assertEqual(first.code, f"{interface.code}-2")
        self.assertEqual(second.code, f"{interface.code}-3")
        self.assertEqual((first.state, first.approved_by_id.id), ("draft", False))
        self.assertEqual(len(first.mapping_ids.line_ids), 2)

    def test_retirement_waits_for_open_messages_of_every_facility(self):
        interface = self._create_interface()
        message = self._publish(interface)
        interface._set_deprecated()
        self.assertEqual(message.state, "pending")
        with self._refused(UserError, "1 messages"):
            interface._set_retired()
        message._set_cancelled("No longer needed")
        interface._set_retired()
        self.assertEqual(interface.state, "retired")
