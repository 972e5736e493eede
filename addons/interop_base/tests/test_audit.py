"""The audit trail: the database itself makes it append-only."""

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import InteropCase


@tagged("post_install", "-at_install")
class TestAudit(InteropCase):
    def setUp(self):
        super().setUp()
        self.system = self._create_system()
        self.line = self.env["interop.audit.event"]._log("viewed", self.system, "why")
        self.env.flush_all()

    def test_database_refuses_to_change_or_remove_lines(self):
        for statement in (
            "UPDATE interop_audit_event SET login = 'x' WHERE id = %s",
            "UPDATE interop_audit_event SET detail = detail WHERE id = %s",
            "DELETE FROM interop_audit_event WHERE id = %s",
            "TRUNCATE interop_audit_event -- %s",
            "TRUNCATE interop_audit_event CASCADE -- %s",
        ):
            with (
                self.assertRaisesRegex(psycopg2.Error, "append-only", msg=statement),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement, [self.line.id])

    def test_orm_refuses_too_even_the_superuser(self):
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            self.line.sudo().write({"detail": "x"})
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            self.line.sudo().unlink()

    def test_users_cannot_write_entries(self):
        for group in ("user", "operator", "admin", "steward", "auditor"):
            user = self._create_user(group)
            with self.assertRaises(AccessError, msg=group):
                self.line.with_user(user).create(
                    {"login": "x", "action": "viewed", "occurred_at": "2020-01-01"}
                )

    def test_entry_names_user_action_and_time_and_outlives_them(self):
        user = self._create_user("operator")
        line = (
            self.system.with_user(user)
            .env["interop.audit.event"]
            ._log("stopped", self.system.with_user(user), "reason")
        )
        self.assertEqual(
            (line.login, line.user_id, line.res_model, line.res_id, line.res_name),
            (user.login, user.id, "interop.system", self.system.id, self.system.name),
        )
        self.assertTrue(line.occurred_at)
        login, name, system_id = user.login, self.system.name, self.system.id
        self.system.unlink()
        user.unlink()
        self.env.flush_all()
        line.invalidate_recordset()
        self.assertEqual(
            (line.login, line.res_name, line.res_id), (login, name, system_id)
        )

    def test_a_line_does_not_read_whole_users(self):
        user = self._create_user("operator")
        users = user.with_user(user).with_context(
            lang="en_US", allowed_company_ids=user.company_id.ids
        )
        users.has_access("read")  # rights are at hand
        self.env.flush_all()
        self.env.invalidate_all()
        users.env["interop.audit.event"]._log("viewed", users.env["interop.system"])
        known = {
            name: user.id in user._fields[name]._get_cache(self.env)
            for name in ("login", "signature")
        }
        self.assertEqual(known, {"login": True, "signature": False})

    def test_lines_of_several_records_are_separate(self):
        both = self.system | self._create_system()
        lines = self.env["interop.audit.event"]._log("viewed", both)
        self.assertEqual(lines.mapped("res_id"), both.ids)

    def test_each_record_may_have_its_own_detail(self):
        both = self.system | self._create_system()
        details = {system.id: f"number {system.id}" for system in both}
        lines = self.env["interop.audit.event"]._log("viewed", both, details)
        self.assertEqual(lines.mapped("detail"), list(details.values()))

    def test_lines_are_in_the_database_as_they_were_logged(self):
        """They are inserted in bulk, past the cache: reading them takes a query."""
        both = self.system | self._create_system()
        audit = self.env["interop.audit.event"]
        for records, detail in ((both, "why"), (both[:0], self.env._("for %s", "x"))):
            lines = audit._log("viewed", records, detail)
            names = ["action", "res_model", "res_id", "login", "detail"]
            expected = [
                ("viewed", "interop.system", res_id, self.env.user.login, str(detail))
                for res_id in records.ids or [0]
            ]
            found = [tuple(line[name] for name in names) for line in lines]
            self.assertEqual(found, expected)

    def test_an_unknown_action_is_refused(self):
        with self.assertRaisesRegex(ValueError, "juggled"):
            self.env["interop.audit.event"]._log("juggled", self.system)
