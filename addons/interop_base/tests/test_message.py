"""The message log: a guarded state machine, with owners, buttons and closed content."""

import logging

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .. import const
from .fakes import EngineCase

FAILURE = ("connect", "refused", "No connection")
# transition → states from which it is legal, arguments
MOVES = {
    "done": (("pending", "processing"), ()),
    "dead": (("pending", "processing", "parked"), FAILURE),
    "parked": (("pending", "processing"), ("unknown_identifier", "unknown", "Who?")),
    "skipped": (("pending", "processing"), ("Nothing to do",)),
    "cancelled": (("pending", "dead", "parked"), ("Given up",)),
    "pending": (("dead", "parked"), ()),
}


@tagged("post_install", "-at_install")
class TestStateMachine(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls._create_interface()

    def setUp(self):
        super().setUp()
        self.message = self._publish(self.interface)

    def test_every_move_is_legal_or_refused(self):
        for target, (legal, arguments) in MOVES.items():
            for state, _label in const.MESSAGE_STATES:
                self._set_columns(self.message, state=state)
                move = getattr(self.message, f"_set_{target}")
                if state == target:
                    continue
                if state in legal:
                    move(*arguments)
                    self.assertEqual(self.message.state, target)
                else:
                    with self._refused(UserError, "cannot become", msg=(state, target)):
                        move(*arguments)
                    self.assertEqual(self.message.state, state)

    def test_repeated_transition_is_a_logged_no_op(self):
        for target, (_legal, arguments) in MOVES.items():
            self._set_columns(self.message, state=target)
            self.env.flush_all()
            self.env.cr.execute(
                "SELECT m::text FROM interop_message m WHERE id = %s", [self.message.id]
            )
            before = self.env.cr.fetchone()
            with self.assertLogs(
                "odoo.addons.interop_base.models.log.interop_message",
                logging.INFO,
            ) as logs:
                getattr(self.message, f"_set_{target}")(*arguments)
            self.assertIn(f"are {target} already", logs.output[0])
            self.env.flush_all()
            self.env.cr.execute(
                "SELECT m::text FROM interop_message m WHERE id = %s", [self.message.id]
            )
            self.assertEqual(self.env.cr.fetchone(), before, target)

    def test_nobody_writes_the_state_not_even_the_superuser(self):
        for env_message in (self.message, self.message.sudo()):
            with self._refused(AccessError, "cannot be edited"):
                env_message.write({"state": "done"})
            with self._refused(AccessError):
                env_message.state = "cancelled"
        with self._refused(AccessError):
            self.message.sudo().copy({"state": "done", "external_id": "x"})
        with self._refused(UserError, "cannot be deleted manually"):
            self.message.sudo().unlink()

    def test_no_group_creates_or_writes_messages(self):
        values = {
            "direction": "out",
            "interface_id": self.interface.id,
            "system_id": self.interface.system_id.id,
            "company_id": self.facility.id,
            "external_id": "forged",
            "data_class": "none",
            "lane": "x",
        }
        for group in ("user", "operator", "admin", "steward", "auditor"):
            user = self._create_user(group, "payload", "all_facilities")
            message = self.message.with_user(user)
            with self._refused(AccessError, msg=group):
                message.create(values)
            with self._refused(AccessError, msg=group):
                message.write({"external_id": "forged"})
            result = message.load(list(values), [[str(v) for v in values.values()]])
            self.assertFalse(result["ids"], group)

    def test_done_clears_the_failure_and_the_lease(self):
        self.message._set_dead(*FAILURE)
        self.message._set_pending()
        partner = self.env.user.partner_id
        self.message._set_done(partner, answer_status=200, answer_body={"id": "1"})
        self.assertFalse(self.message.error_class or self.message.owner_user_id)
        self.assertFalse(self.message.lease_token or self.message.next_attempt_at)
        self.assertTrue(self.message.done_at)
        self.assertEqual(self.message.answer_status, 200)
        self.assertEqual(self.message.resource_ref, partner)

    def test_skipped_keeps_its_reason_and_is_not_done(self):
        self.message._set_skipped("Older than what we have")
        self.assertEqual(self.message.state, "skipped")
        self.assertEqual(self.message.error_message, "Older than what we have")
        self.assertTrue(self.message.done_at)

    # === OWNERS === #

    def test_owner_follows_the_kind_of_failure(self):
        clerk = self._create_user("user")
        boss = self._create_user("user")
        owner = self._create_user("admin")
        operators = self.env["interop.team"].create({"name": "Operators"})
        billing = self.env["interop.team"].create({"name": "Billing"})
        system = self._create_system(owner_id=owner.id)
        interface = self._create_interface(
            system_id=system.id, exception_user_id=clerk.id, owner_id=boss.id
        )
        parameters = self.env["ir.config_parameter"]

        def owners(error_class, interface=interface):
            message = self._publish(interface)
            message._set_dead(error_class, "code", "text")
            return message.owner_user_id, message.owner_team_id, message.error_kind

        nobody, no_team = self.env["res.users"], self.env["interop.team"]
        for error_class, _label in const.BUSINESS_CLASSES:
            self.assertEqual(owners(error_class), (clerk, no_team, "business"))
        for error_class, _label in const.TECHNICAL_CLASSES:
            self.assertEqual(owners(error_class), (owner, no_team, "technical"))
        parameters.set_param("interop_base.operators_team_id", operators.id)
        self.assertEqual(owners("timeout"), (nobody, operators, "technical"))
        gone = self.env["interop.team"].create({"name": "Gone"})
        parameters.set_param("interop_base.operators_team_id", gone.id)
        gone.unlink()
        self.assertEqual(owners("timeout"), (owner, no_team, "technical"))
        system.owner_id = False
        self.assertEqual(owners("timeout")[0], boss, "never nobody")
        interface.write({"exception_team_id": billing.id, "exception_user_id": False})
        self.assertEqual(owners("schema"), (nobody, billing, "business"))

    def test_same_cause_has_the_same_fingerprint(self):
        first, second, third = (self._publish(self.interface) for _i in range(3))
        first._set_dead(
            "business_rule", "x", "Invoice “INV/1” is locked since 2026-01-01"
        )
        second._set_dead(
            "business_rule", "x", "Invoice “INV/2” is locked since 2026-02-03"
        )
        third._set_dead("business_rule", "x", "The partner is archived")
        self.assertEqual(first.cause, second.cause)
        self.assertNotEqual(first.cause, third.cause)

    def test_every_error_class_has_a_next_step(self):
        for error_class, _label in const.ERROR_CLASSES:
            message = self._publish(self.interface)
            message._set_dead(error_class, "code", "text")
            self.assertTrue(message.next_step, error_class)
        self.assertFalse(self.message.next_step, "nothing failed")

    def test_related_record_is_shown_to_who_may_read_it(self):
        partner = self.env["res.partner"].browse(self.message.res_id)
        self.assertEqual(self.message.resource_ref, partner)
        action = self.message.action_view_resource()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("res.partner", partner.id)
        )
        rule = self.env["ir.rule"].create(
            {
                "name": "None",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {partner.id})]",
            }
        )
        operator = self._create_user("operator")
        message = self.message.with_user(operator)
        self.env.invalidate_all()
        self.assertFalse(message.resource_ref, "of what the record rules hide")
        with self._refused(UserError, "have no access"):
            message.action_view_resource()
        rule.unlink()
        self.message.invalidate_recordset()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM res_partner WHERE id = %s", [partner.id])
        self.env.invalidate_all()
        self.assertFalse(self.message.resource_ref, "of what is gone")
