"""Access: every model × every group, and facilities stay apart (promise 9)."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .. import clock
from ..tools import signing
from .fakes import EngineCase
from .matrix import MatrixMixin

# r read, w write, c create, u unlink; nothing: no access at all.
_READ_ALL = {"user": "r", "operator": "r", "steward": "r", "auditor": "r"}
_CATALOGUE = {**_READ_ALL, "admin": "rwcu"}
_LOG = {**_READ_ALL, "admin": "r"}
ACCESS = {
    "interop.system": _CATALOGUE,
    "interop.system.facility.code": _CATALOGUE,
    "interop.contract": _CATALOGUE,
    "interop.contract.example": _CATALOGUE,
    "interop.contract.field": _CATALOGUE,
    "interop.interface": _CATALOGUE,
    "interop.team": _CATALOGUE,
    "interop.retry.policy": _CATALOGUE,
    "interop.endpoint": _CATALOGUE,
    "interop.endpoint.health": {"admin": "r"},
    "interop.endpoint.hour": _LOG,
    "interop.secret": {"operator": "r", "admin": "rwc", "auditor": "r"},
    "interop.client": {
        "operator": "r",
        "admin": "rwc",
        "steward": "r",
        "auditor": "r",
    },
    # Closed to everybody: the engine alone writes and reads them.
    "interop.client.nonce": {},
    "interop.rate.counter": {},
    "interop.queue.key": {},
    "interop.queue.lease": {},
    "interop.message": _LOG,
    "interop.queue": _LOG,
    "interop.attempt": _LOG,
    "interop.event": {"operator": "r", "admin": "r", "auditor": "r"},
    "interop.stream": {"operator": "r", "admin": "r", "auditor": "r"},
    "interop.payload": {"operator": "r", "admin": "r"},
    "interop.engine.problem": {"operator": "r", "admin": "r", "auditor": "r"},
    "interop.audit.event": {"admin": "r", "steward": "r", "auditor": "r"},
    "interop.dead.letter.cause": _LOG,
    "interop.replay": {
        "user": "r",
        "operator": "rwc",
        "admin": "rwc",
        "auditor": "r",
    },
    "interop.close.wizard": {"user": "rwc", "operator": "rwc", "admin": "rwc"},
    "interop.approval.wizard": {"steward": "rwc"},
    "interop.stop.wizard": {"operator": "rwc", "admin": "rwc"},
}


@tagged("post_install", "-at_install")
class TestMatrix(MatrixMixin, EngineCase):
    def test_table_names_every_model(self):
        self.assertEqual(self._models_of("interop_base"), set(ACCESS))

    def test_every_model_and_group(self):
        differences = self._differences(ACCESS)
        self.assertFalse(differences, "model, group, found, expected")

    def test_privileges_are_one_selection_each_and_imply_downwards(self):
        ref = lambda name: self.env.ref(f"interop_base.interop_base_group_{name}")
        self.assertIn(ref("operator"), ref("admin").all_implied_ids)
        self.assertIn(ref("user"), ref("operator").all_implied_ids)
        for name in ("steward", "auditor", "payload", "all_facilities"):
            self.assertNotIn(ref(name), ref("admin").all_implied_ids)
            self.assertNotIn(ref("user"), ref(name).all_implied_ids)
        self.assertEqual(
            ref("user").privilege_id | ref("operator").privilege_id,
            ref("admin").privilege_id,
        )
        self.assertEqual(
            len((ref("user") | ref("steward") | ref("auditor")).privilege_id), 3
        )
        self.assertFalse((ref("payload") | ref("all_facilities")).privilege_id)

    def test_engine_user_cannot_log_in(self):
        user = self.env.ref("interop_base.user_integration")
        self.assertFalse(user.active)
        self.env.cr.execute("SELECT password FROM res_users WHERE id = %s", [user.id])
        self.assertFalse(self.env.cr.fetchone()[0])


@tagged("post_install", "-at_install")
class TestPromise9FacilitiesStayApart(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mine = cls._facility_records(cls.facility)
        cls.theirs = cls._facility_records(cls.other_facility)
        for records in (cls.mine, cls.theirs):
            records["event"] = cls._event(records["interface"])

    @classmethod
    def _event(cls, interface):
        """Publish a partner of the interface's facility and return the event."""
        partner = cls.env["res.partner"].create(
            {"name": "P", "company_id": interface.company_ids.id}
        )
        events = cls.env["interop.event"]
        events._publish(interface.contract_ids.message_type, partner)
        cls.env.cr.flush()
        return events.search([("res_id", "=", partner.id)])

    @classmethod
    def _facility_records(cls, company):
        """Create one record of every model that belongs to a facility."""
        system = cls._create_system(
            company_ids=[(6, 0, company.ids)],
            facility_code_ids=[(0, 0, {"code": "F", "company_id": company.id})],
        )
        interface = cls._create_interface(
            system_id=system.id,
            company_ids=[(6, 0, company.ids)],
            data_class="personal",
        )
        cls.sent, cls.answer = [], {"outcome": "done"}
        cls._event(interface)
        cls.env["interop.pump"].sudo()._run_inline()
        message = cls.env["interop.message"].search(
            [("interface_id", "=", interface.id)]
        )
        secret = cls.env["interop.secret"]._create_value(
            {
                "name": "K",
                "system_id": system.id,
                "company_id": company.id,
                "kind": "hmac",
            },
            signing.generate_hmac_secret(),
        )
        shared = cls.env["interop.secret"]._create_value(
            {"name": "S", "system_id": system.id, "kind": "hmac"},
            signing.generate_hmac_secret(),
        )
        return {
            "system": system,
            "code": system.facility_code_ids,
            "interface": interface,
            "mapping": interface.mapping_ids,
            "line": interface.mapping_ids.line_ids,
            "message": message,
            "attempt": message.attempt_ids,
            "payload": message.payload_id,
            "stream": cls.env["interop.stream"].search(
                [("interface_id", "=", interface.id)]
            ),
            "secret": secret,
            "secret of all facilities": shared,
            "audit": cls.env["interop.audit.event"]._log("revealed", message),
        }

    def _user(self, *groups):
        return self._create_user(*groups, companies=self.facility)

    def test_promise_9_users_neither_read_nor_find_records_of_another_facility(self):
        everything = ("admin", "steward", "auditor", "payload", "base.group_system")
        for groups in (
            ("user",),
            ("operator",),
            ("steward",),
            ("auditor",),
            everything,
        ):
            user = self._user(*groups)
            for name, records in self.theirs.items():
                self.assertTrue(records, name)
                model = records.browse().with_user(user)
                with self._refused(AccessError, msg=(groups, name)):
                    records.with_user(user).read(["id", "display_name"])
                if model.has_access("read"):
                    found = model.search([])
                    self.assertFalse(found & records, (groups, name))
                    grouped = model.formatted_read_group([], ["id"], ["__count"])
                    self.assertFalse(
                        {group["id"] for group in grouped} & set(records.ids),
                        (groups, name),
                    )

    def test_promise_9_the_own_facility_is_readable(self):
        """Without this one, the test above could pass because nothing is readable."""
        user = self._user("admin", "auditor")
        for name, records in self.mine.items():
            self.assertTrue(records.with_user(user).read(["display_name"]), name)
            self.assertIn(records[0], records.browse().with_user(user).search([]), name)

    def test_promise_9_users_change_nothing_of_another_facility(self):
        user = self._user("admin", "steward", "payload")
        theirs = {
            name: records.with_user(user) for name, records in self.theirs.items()
        }
        moves = {
            "system": lambda r: r.write({"name": "x"}),
            "code": lambda r: r.write({"code": "x"}),
            "interface": lambda r: r.write({"purpose": "x"}),
            "mapping": lambda r: r.unlink(),
            "line": lambda r: r.write({"required": True}),
            "secret": lambda r: r.action_revoke(),
            "secret of all facilities": lambda r: r.action_rotate(),
            "message": lambda r: r.action_cancel(),
        }
        for name, move in moves.items():
            with self._refused(AccessError, msg=name):
                move(theirs[name])
        for button in ("action_view_payload", "action_retry", "action_view_resource"):
            with self._refused(AccessError, msg=button):
                getattr(theirs["message"], button)()

    def test_promise_9_allowed_companies_of_a_forged_context_do_not_help(self):
        user = self._user("admin", "auditor")
        message = self.theirs["message"].with_user(user)
        message = message.with_context(allowed_company_ids=self.other_facility.ids)
        with self._refused(AccessError):
            message.read(["external_id"])
        with self._refused(AccessError):
            message.search([])

    def test_promise_9_counts_and_smart_buttons_count_visible_records(self):
        user = self._user("operator")
        shared = self._create_interface(
            system_id=self._create_system(
                company_ids=[(6, 0, (self.facility | self.other_facility).ids)]
            ).id,
            company_ids=[(6, 0, (self.facility | self.other_facility).ids)],
        )
        for company in (self.facility, self.other_facility):
            self._publish(shared, company=company)._set_dead("schema", "x", "x")
        shared.invalidate_recordset()
        self.assertEqual(shared.with_user(user).failed_count, 1)

    def test_promise_9_unresolved_messages_are_for_all_facility_operators_only(self):
        interface = self._create_interface(direction="in")
        message = self._receive(interface, {}, company=self.env["res.company"])
        self.assertFalse(message.company_id)
        self._set_columns(message, owner_user_id=self.env.user.id)
        for groups in (
            ("user",),
            ("operator",),
            ("admin",),
            ("steward",),
            ("auditor",),
        ):
            user = self._user(*groups)
            self._set_columns(message, owner_user_id=user.id)
            with self._refused(AccessError, msg=groups):
                message.with_user(user).read(["external_id"])
        user = self._user("operator", "all_facilities")
        self.assertTrue(message.with_user(user).read(["external_id"]))
        self.assertIn(message, message.browse().with_user(user).search([]))
        with self._refused(AccessError):
            self.theirs["message"].with_user(user).read(["external_id"])


@tagged("post_install", "-at_install")
class TestOwnArea(EngineCase):
    """Functional users see the messages of their own area."""

    def test_user_sees_messages_owned_by_name_by_team_and_by_interface(self):
        clerk = self._create_user("user")
        team = self.env["interop.team"].create(
            {"name": "Billing", "member_ids": [(6, 0, clerk.ids)]}
        )
        nobody = self._create_user("user")
        others = self.env.user.id
        cases = {
            "interface owner": {"owner_id": clerk.id},
            "exception owner": {"exception_user_id": clerk.id},
            "exception team": {
                "exception_user_id": False,
                "exception_team_id": team.id,
            },
            "not mine": {"owner_id": others, "exception_user_id": others},
        }
        for name, values in cases.items():
            message = self._publish(self._create_interface(**values))
            message._set_dead("connect", "x", "x")
            attempt = self.env["interop.attempt"].create(
                {"message_id": message.id, "started_at": clock.now(), "outcome": "dead"}
            )
            for records in (message, attempt):
                seen = (
                    records.browse()
                    .with_user(clerk)
                    .search([("id", "in", records.ids)])
                )
                self.assertEqual(bool(seen), name != "not mine", (name, records._name))
                self.assertFalse(
                    records.browse()
                    .with_user(nobody)
                    .search([("id", "in", records.ids)])
                )
        message = self._publish(self._create_interface(owner_id=others))
        message._set_dead("schema", "x", "x")
        self.assertFalse(
            message.browse().with_user(clerk).search([("id", "=", message.id)])
        )
        self._set_columns(message, owner_user_id=clerk.id)
        self.assertTrue(message.with_user(clerk).read(["state"]))
        self._set_columns(message, owner_user_id=None, owner_team_id=team.id)
        self.assertTrue(message.with_user(clerk).read(["state"]))

    def test_area_follows_owners_and_members_at_once(self):
        clerk = self._create_user("user")
        team = self.env["interop.team"].create({"name": "Stores"})
        interface = self._create_interface(owner_id=self.env.user.id)
        message = self._publish(interface)
        log = message.browse().with_user(clerk)

        def seen():
            return bool(log.search([("id", "=", message.id)]))

        self.assertFalse(seen())
        interface.exception_team_id = team
        self.assertFalse(seen())
        team.member_ids = clerk
        self.assertTrue(seen())
        team.member_ids = False
        self.assertFalse(seen())
        interface.owner_id = clerk
        self.assertTrue(seen())
        interface.owner_id = self.env.user
        self.assertFalse(seen())

    def test_area_of_a_user_is_hidden_from_other_users(self):
        clerk = self._create_user("user")
        with self.assertRaises(AccessError):
            clerk.with_user(clerk).read(["interop_area_interface_ids"])

    def test_area_is_asked_for_without_sub_queries(self):
        """A sub-query behind an OR would have PostgreSQL read the whole log."""
        clerk = self._create_user("user")
        self._create_interface(owner_id=clerk.id)
        self.env["interop.team"].create({"name": "Stores", "member_ids": clerk.ids})
        for name in ("interop.message", "interop.dead.letter.cause"):
            where = self.env[name].with_user(clerk)._search([]).where_clause
            self.assertNotIn("SELECT", str(where))
            self.assertIn("interface_id", str(where))
