"""The message log: a guarded state machine, with owners, buttons and closed content."""

import logging

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .. import const
from .fakes import EngineCase

FAILURE = ("connect", "refused", "No connection")
# transition → states from which it is legal, arguments
MOVES = {
    "done": (("pending", "processing"), ()),
    "dead": (("pending", "processing"), FAILURE),
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
                self.message._transition({"state": state})
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
            self.message._transition({"state": target})
            self.env.flush_all()
            self.env.cr.execute(
                "SELECT m::text FROM interop_message m WHERE id = %s", [self.message.id]
            )
            before = self.env.cr.fetchone()
            with self.assertLogs(
                "odoo.addons.interop_base.models.interop_message_transition", logging.INFO
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
            with self._refused(AccessError, "only through its buttons"):
                env_message.write({"state": "done"})
            with self._refused(AccessError):
                env_message.state = "cancelled"
        with self._refused(AccessError):
            self.message.sudo().copy({"state": "done", "external_id": "x"})
        with self._refused(UserError, "retention only"):
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
        first._set_dead("business_rule", "x", "Invoice “INV/1” is locked since 2026-01-01")
        second._set_dead("business_rule", "x", "Invoice “INV/2” is locked since 2026-02-03")
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
        self.assertEqual((action["res_model"], action["res_id"]), ("res.partner", partner.id))
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
        with self._refused(UserError, "may see"):
            message.action_view_resource()
        rule.unlink()
        self.message.invalidate_recordset()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM res_partner WHERE id = %s", [partner.id])
        self.env.invalidate_all()
        self.assertFalse(self.message.resource_ref, "of what is gone")


@tagged("post_install", "-at_install")
class TestMessageButtons(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("user")
        cls.operator = cls._create_user("operator")
        cls.interface = cls._create_interface(exception_user_id=cls.clerk.id)
        cls.foreign = cls._create_interface()

    def _dead(self, interface=None):
        message = self._publish(interface or self.interface)
        message._set_dead("business_rule", "locked", "Locked")
        return message

    def _audit(self, action):
        return self.env["interop.audit.event"].search([("action", "=", action)])

    def test_retry_is_the_same_message_with_the_same_bytes(self):
        message = self._dead()
        external_id, content = message.external_id, message._payload_bytes()
        message.with_user(self.clerk).action_retry()
        self.assertEqual((message.state, message.external_id), ("pending", external_id))
        self.assertFalse(message.error_class or message.owner_user_id)
        self._run()
        self.assertEqual(message.state, "done")
        self.assertEqual(message._payload_bytes(), content)
        line = self._audit("retried")[:1]
        self.assertEqual((line.login, line.res_id), (self.clerk.login, message.id))

    def test_retry_and_cancel_many_take_what_fits_and_leave_the_rest(self):
        dead, parked, pending, done = (self._publish(self.interface) for _i in range(4))
        dead._set_dead(*FAILURE)
        parked._set_parked("unknown_identifier", "unknown", "Who?")
        done._set_done()
        many = dead | parked | pending | done
        many.with_user(self.operator).action_retry()
        self.assertEqual(many.mapped("state"), ["pending", "pending", "pending", "done"])
        self.assertEqual(set(self._audit("retried").mapped("res_id")), {dead.id, parked.id})
        many.with_user(self.operator).action_cancel()
        self.assertEqual(many.mapped("state"), ["cancelled"] * 3 + ["done"])
        self.assertIn(self.operator.name, dead.error_message)
        self.assertEqual(len(self._audit("cancelled")), 3)
        for button in ("action_retry", "action_cancel"):
            with self._refused(UserError):
                getattr(done.with_user(self.operator), button)()

    def test_who_may_retry_and_cancel(self):
        mine, theirs = self._dead(), self._dead(self.foreign)
        for button in ("action_retry", "action_cancel"):
            with self._refused(AccessError):
                getattr(theirs.with_user(self.clerk), button)()
            with self._refused(AccessError, msg="one that is not mine spoils all"):
                getattr((mine | theirs).with_user(self.clerk), button)()
            for groups in (("steward",), ("auditor",), ("base.group_system",), ()):
                user = self._create_user(*groups)
                with self._refused(AccessError, msg=groups):
                    getattr(mine.with_user(user), button)()
            other = self._create_user("admin", companies=self.other_facility)
            with self._refused(AccessError, msg="other facility"):
                getattr(mine.with_user(other), button)()
        self.assertEqual((mine | theirs).mapped("state"), ["dead", "dead"])

    def test_retry_of_what_cannot_move_any_more_is_refused(self):
        message = self._dead()
        self.interface._set_suspended()
        message.with_user(self.operator).action_retry()
        message._set_dead(*FAILURE)
        self.interface._set_deprecated()
        with self._refused(UserError, "not in use any more"):
            message.with_user(self.operator).action_retry()
        message.with_user(self.operator).action_cancel()
        self.assertEqual(message.state, "cancelled")

    def _unbuilt(self):
        interface = self._create_interface()
        interface.mapping_ids.line_ids.required = True
        message = self._publish(interface)
        self.assertEqual((message.state, message.payload_id.id), ("dead", False))
        return message

    def _follow_up(self, message):
        self._commit()
        self.env["interop.pump"].sudo()._materialize()
        return message.child_ids

    def test_resubmission_is_linked_both_ways_on_the_wire_too(self):
        message = self._unbuilt()
        self.env["res.partner"].browse(message.res_id).city = "Lund"
        message.action_retry()
        again = self._follow_up(message)
        self.assertEqual((again.state, again.parent_id), ("pending", message))
        self.assertEqual(again.causation_id, message.external_id)
        self.assertEqual(again.correlation_id, message.correlation_id)
        self.assertEqual(message.correlation_id, message.external_id)

    def test_resubmission_of_a_deleted_record_says_so(self):
        message = self._unbuilt()
        self.env["res.partner"].browse(message.res_id).unlink()
        with self._refused(UserError, "was deleted"):
            message.action_retry()
        self.assertEqual(message.state, "dead")

    def test_resubmission_is_not_lost_when_the_contract_is_gone(self):
        message = self._unbuilt()
        message.contract_id._set_retired()
        with self._refused(UserError, "no longer in use"):
            message.action_retry()
        self.assertEqual(message.state, "dead")

    def test_resubmission_that_no_longer_matches_has_an_owner_again(self):
        message = self._unbuilt()
        self.env["res.partner"].browse(message.res_id).company_id = self.other_facility
        message.action_retry()
        again = self._follow_up(message)
        self.assertEqual((again.state, again.error_code), ("dead", "not_wanted"))
        self.assertTrue(again.owner_user_id)

    # === SEARCH === #

    def _find(self, text, user=None, operator="ilike"):
        model = self.env["interop.message"].with_user(user or self.operator)
        return model.search([("search_key", operator, text)])

    def test_business_key_is_searched_in_clear_or_by_blind_index(self):
        open_message = self._publish(self.interface, name="Open Person")
        personal = self._create_interface(data_class="personal")
        closed_message = self._publish(personal, name="Closed Person")
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT business_key, business_key_index, ordering_key"
            " FROM interop_message WHERE id = %s",
            [closed_message.id],
        )
        key, index, ordering = self.env.cr.fetchone()
        self.assertIsNone(key)
        self.assertRegex(index, "^[0-9a-f]{32}$")
        self.assertRegex(ordering, "^[0-9a-f]{32}$")
        self.assertEqual(open_message.business_key, "Open Person")
        for operator in ("ilike", "=", "in"):
            text = ["Closed Person"] if operator == "in" else "Closed Person"
            self.assertEqual(self._find(text, operator=operator), closed_message, operator)
        self.assertEqual(self._find("closed person"), closed_message)
        self.assertEqual(self._find("Open"), open_message, "the beginning is enough")
        self.assertFalse(self._find("Closed"), "of a blind index it is not")
        other = self._create_user("operator", companies=self.other_facility)
        self.assertFalse(self._find("Closed Person", other))
        with self._conf(key_file=None):
            self.assertFalse(self._find("Closed Person"))
            self.assertEqual(self._find("Open Person"), open_message)

    # === CONTENT === #

    def test_content_needs_the_group_and_leaves_a_line(self):
        personal = self._create_interface(
            data_class="personal", exception_user_id=self.clerk.id
        )
        message = self._publish(personal, name="Canary Name")
        viewer = self._create_user("operator", "payload")
        action = message.with_user(viewer).action_view_payload()
        self.assertIn("Canary Name", action["params"]["value"])
        line = self._audit("revealed")
        self.assertEqual((line.login, line.res_id), (viewer.login, message.id))
        for groups in (
            ("user",),
            ("operator",),
            ("admin",),
            ("steward",),
            ("auditor",),
            ("payload",),
            ("base.group_system",),
        ):
            user = self.clerk if groups == ("user",) else self._create_user(*groups)
            with self._refused(AccessError, msg=groups):
                message.with_user(user).action_view_payload()
        self.assertEqual(len(self._audit("revealed")), 1)

    def test_content_without_personal_data_is_for_operators_never_for_auditors(self):
        message = self._publish(self.interface)
        message.with_user(self.operator).action_view_payload()
        for user in (self.clerk, self._create_user("auditor"), self._create_user("steward")):
            with self._refused(AccessError):
                message.with_user(user).action_view_payload()

    def test_purged_content_says_so(self):
        message = self._publish(self.interface)
        message.payload_id.sudo().unlink()
        message.invalidate_recordset()
        with self._refused(UserError, "no longer kept"):
            message.with_user(self.operator).action_view_payload()

    def test_content_at_rest(self):
        for data_class in ("none", "personal", "patient_adjacent"):
            interface = self._create_interface(data_class=data_class)
            message = self._publish(interface, name="Canary")
            self.env.cr.execute(
                "SELECT key_id, content FROM interop_payload WHERE id = %s",
                [message.payload_id.id],
            )
            key_id, content = self.env.cr.fetchone()
            clear = b"Canary" in bytes(content)
            self.assertEqual(clear, data_class == "none", data_class)
            self.assertEqual(bool(key_id), data_class != "none", data_class)
            self.assertIn(b"Canary", message._payload_bytes())
            self.assertEqual(message.size, len(message._payload_bytes()))

    def test_content_is_bound_to_its_row_and_facility(self):
        interface = self._create_interface(data_class="personal")
        first, second = self._publish(interface), self._publish(interface)
        self.env.cr.execute(
            "UPDATE interop_payload p SET content = o.content FROM interop_payload o"
            " WHERE p.id = %s AND o.id = %s",
            [first.payload_id.id, second.payload_id.id],
        )
        with self.assertRaises(Exception):
            first._payload_bytes()
        self.env.cr.execute(
            "UPDATE interop_payload SET company_id = %s WHERE id = %s",
            [self.other_facility.id, second.payload_id.id],
        )
        with self.assertRaises(Exception):
            second._payload_bytes()

    def test_closed_columns_stay_closed_however_one_asks(self):
        message = self._publish(self._create_interface(data_class="personal"))
        viewer = self._create_user("admin", "payload", "all_facilities", "auditor")
        model = self.env["interop.message"].with_user(viewer)
        payloads = self.env["interop.payload"].with_user(viewer)
        ways = [
            lambda: payloads.browse(message.payload_id.id).read(["content"]),
            lambda: payloads.search([("content", "!=", False)]),
            lambda: payloads.search([("key_id", "!=", False)]),
            lambda: model.search([("payload_id.key_id", "!=", False)]),
            lambda: message.with_user(viewer).mapped("payload_id.content"),
            lambda: message.with_user(viewer).export_data(["payload_id/content"]),
            lambda: model.formatted_read_group([], ["payload_id.content"], []),
            lambda: self.env["ir.binary"]
            .with_user(viewer)
            ._get_stream_from(payloads.browse(message.payload_id.id), "content"),
        ]
        for name in ("business_key_index", "body_hash", "answer_body"):
            ways += [
                lambda n=name: message.with_user(viewer).read([n]),
                lambda n=name: model.search([(n, "!=", False)]),
                lambda n=name: model.formatted_read_group([], [n], []),
                lambda n=name: model.search([], order=n),
                lambda n=name: message.with_user(viewer).export_data([n]),
            ]
        for number, way in enumerate(ways):
            self.env.invalidate_all()
            with self._refused(UserError, msg=number), mute_logger("odoo.sql_db"):
                way()
