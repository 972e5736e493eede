"""Messages: buttons, search and content, per group."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..exceptions import ConfigurationError
from ..models.log import message_search
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
        self.assertEqual(
            many.mapped("state"), ["pending", "pending", "pending", "done"]
        )
        self.assertEqual(
            set(self._audit("retried").mapped("res_id")), {dead.id, parked.id}
        )
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
        with self._refused(UserError, "no longer in use"):
            message.with_user(self.operator).action_retry()
        message.with_user(self.operator).action_cancel()
        self.assertEqual(message.state, "cancelled")

    def _unbuilt(self):
        interface = self._create_interface()
        interface.mapping_ids.line_ids.required = True
        self._accept(interface)
        message = self._publish(interface)
        self.assertEqual((message.state, message.payload_id.id), ("dead", False))
        return message

    def _follow_up(self, message):
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
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
            self.assertEqual(
                self._find(text, operator=operator), closed_message, operator
            )
        self.assertEqual(self._find("closed person"), closed_message)
        self.assertEqual(self._find("Open"), open_message, "the beginning is enough")
        self.assertEqual(self._find("oPEN p"), open_message)
        for text in ("Person", "Op_n", "%", "Open\\"):
            self.assertFalse(self._find(text), "and taken literally")
        with patch.object(message_search, "FEW_FOUND", 0):
            self.assertEqual(self._find("Open"), open_message, "of many, too")
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
        for user in (
            self.clerk,
            self._create_user("auditor"),
            self._create_user("steward"),
        ):
            with self._refused(AccessError):
                message.with_user(user).action_view_payload()

    def test_purged_content_says_so(self):
        message = self._publish(self.interface)
        message.payload_id.sudo().unlink()
        message.invalidate_recordset()
        with self._refused(UserError, "no longer stored"):
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
        with self.assertRaises(ConfigurationError):
            first._payload_bytes()
        self.env.cr.execute(
            "UPDATE interop_payload SET company_id = %s WHERE id = %s",
            [self.other_facility.id, second.payload_id.id],
        )
        with self.assertRaises(ConfigurationError):
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
            lambda: (
                self.env["ir.binary"]
                .with_user(viewer)
                ._get_stream_from(payloads.browse(message.payload_id.id), "content")
            ),
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
