"""Inbound messages: one effect, or no effect and a reason."""

import re
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.sql_db import Cursor
from odoo.tests import tagged
from odoo.tools import SQL

from .. import clock
from ..exceptions import (
    BusinessError,
    OwnershipError,
    PossibleDuplicate,
    Skipped,
    TechnicalError,
    UnknownIdentifier,
)
from ..models.log.message_effect import MessageEffect
from ..models.log.message_leases import MessageLeases
from .fakes import EngineCase

NOTE = {"object": "res.partner", "id": 1, "field": "name", "outcome": "applied"}


@tagged("post_install", "-at_install")
class TestApply(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["interop.retry.policy"].create(
            {"name": "Two tries", "schedule": "0s, 60s", "jitter_percent": 1}
        )
        cls.contract = cls._create_contract()
        cls._create_handler(cls.contract.message_type, _apply=cls._apply)
        cls.interface = cls._inbound()
        cls.clerk = cls._create_user("user")
        # The service user of these tests may do what the handler does.
        cls.env.ref("interop_base.user_integration").write(
            {
                "group_ids": [(4, cls.env.ref("base.group_partner_manager").id)],
                "company_ids": [(4, cls.facility.id)],
            }
        )

    @classmethod
    def _inbound(cls, **values):
        return cls._create_interface(
            **{
                "direction": "in",
                "contract_ids": [(6, 0, cls.contract.ids)],
                "retry_policy_id": cls.policy.id,
                **values,
            }
        )

    def setUp(self):
        super().setUp()
        type(self).error = None
        type(self).also = None
        type(self).seen = []

    @staticmethod
    def _apply(handler, message, data):
        test = TestApply
        env = handler.env
        partner = env["res.partner"].create({"name": data["name"]})
        test.seen.append((env.user, env.company, env.companies, message.external_id))
        if test.error:
            partner.city = "Half way"
            env.flush_all()
            raise test.error
        if test.also:
            test.also(message, partner)
        return partner

    def _partner(self, name):
        return self.env["res.partner"].search([("name", "=", name)])

    def _apply_with(self, error, interface=None, name="Effect"):
        TestApply.error = error
        message = self._receive(interface or self.interface, {"name": name})
        self._run()
        return message

    def test_applied_once_as_the_service_user_in_the_facility(self):
        message = self._apply_with(None)
        partner = self._partner("Effect")
        self.assertEqual(len(partner), 1)
        self.assertEqual(message.state, "done")
        self.assertEqual(message.resource_ref, partner)
        ((user, company, companies, external_id),) = TestApply.seen
        self.assertEqual(user, self.env.ref("interop_base.user_integration"))
        self.assertEqual((company, companies), (self.facility, self.facility))
        self.assertEqual(external_id, message.external_id)
        self.assertEqual(partner.create_uid, user)
        attempt = message.attempt_ids
        self.assertEqual((attempt.number, attempt.outcome), (1, "done"))
        self._run()
        self.assertEqual(len(TestApply.seen), 1)

    def _updates_of_messages(self):
        """Collect the statements that change messages from now on."""
        found = []
        execute = Cursor.execute

        def collect(cursor, query, *args, **kwargs):
            text = query.code if isinstance(query, SQL) else query
            if re.search('UPDATE "?interop_message', str(text)):
                found.append(text)
            return execute(cursor, query, *args, **kwargs)

        self.startPatcher(patch.object(Cursor, "execute", collect))
        return found

    def test_report_try_and_outcome_are_one_statement(self):
        TestApply.also = lambda message, partner: message._note_fields([NOTE])
        message = self._receive(self.interface, {"name": "Effect"})
        self.env.flush_all()
        found = self._updates_of_messages()
        started = clock.now()
        message._apply_now({"name": "Effect"}, started)
        MessageEffect(message, started).record(0.1)
        self.env.flush_all()
        self.assertEqual(len(found), 1, found)
        message.invalidate_recordset()
        self.assertEqual((message.state, message.attempt_count), ("done", 1))
        self.assertEqual(message.first_attempt_at, started)
        self.assertEqual(message.field_report, [NOTE])
        self.assertEqual(message.attempt_ids.number, 1)

    def test_a_try_after_a_try_has_the_next_number(self):
        message = self._apply_with(UserError("Odoo says no"))
        first = message.first_attempt_at
        TestApply.error = None
        message._set_pending()
        self._run()
        self.assertEqual((message.state, message.attempt_count), ("done", 1))
        self.assertEqual(message.first_attempt_at, first)
        self.assertEqual(message.attempt_ids.mapped("number"), [1, 2])

    def test_applying_without_a_moment_counts_no_try(self):
        message = self._receive(self.interface, {"name": "Effect"})
        message._apply_now({"name": "Effect"})
        self.assertEqual((message.state, message.attempt_count), ("done", 0))
        self.assertFalse(message.first_attempt_at)

    def test_what_the_database_refuses_takes_report_and_outcome_with_it(self):
        def also(message, partner):
            message._note_fields([NOTE])
            partner.name = False  # the database finds that out, when all is written

        TestApply.also = also
        message = self._apply_with(None)
        message.invalidate_recordset()
        self.assertEqual(
            (message.state, message.error_code), ("dead", "content_refused")
        )
        self.assertFalse(self._partner("Effect"))
        self.assertFalse(message.field_report or message.done_at or message.res_id)
        self.assertEqual(message.attempt_count, 1)
        self.assertEqual(message.attempt_ids.mapped("outcome"), ["dead"])

    @staticmethod
    def _raising(sqlstate):
        """Return what makes PostgreSQL raise an error in the handler."""
        query = f"DO $$ BEGIN RAISE 'canary' USING ERRCODE = '{sqlstate}'; END $$"
        return lambda message, partner: partner.env.cr.execute(query)

    def test_what_is_taken_is_tried_once_more_before_the_content_is_to_blame(self):
        """A unique violation may be a race, which only another transaction sees."""
        for sqlstate in ("23503", "23505", "23P01"):
            TestApply.also = self._raising(sqlstate)
            message = self._apply_with(None)
            self.assertEqual(
                (message.state, message.error_code), ("pending", "lost_race")
            )
            self.assertEqual(message.attempt_ids.mapped("outcome"), ["retry"])
            self._set_columns(message, next_attempt_at=message.create_date)
            self._run()
            self.assertEqual(
                (message.state, message.error_code), ("dead", "content_refused")
            )
            self.assertEqual(message.attempt_count, 2)
        self.assertFalse(self._partner("Effect"))

    def test_a_lost_race_is_won_by_the_next_try(self):
        TestApply.also = self._raising("23505")
        message = self._apply_with(None)
        TestApply.also = None
        self._set_columns(message, next_attempt_at=message.create_date)
        self._run()
        self.assertEqual((message.state, message.error_code), ("done", False))
        self.assertEqual(len(self._partner("Effect")), 1)

    def test_handler_has_the_rights_of_the_service_user_only(self):
        user = self.env.ref("interop_base.user_integration")
        user.group_ids -= self.env.ref("base.group_partner_manager")
        message = self._apply_with(None)
        self.assertEqual(
            (message.state, message.error_code), ("dead", "refused_by_odoo")
        )
        self.assertFalse(self._partner("Effect"))

    def test_business_failures_end_dead_or_parked_without_partial_effect(self):
        for error, state, error_class in (
            (BusinessError("Locked"), "dead", "business_rule"),
            (OwnershipError("Not yours"), "dead", "ownership"),
            (UnknownIdentifier("Who is this?"), "parked", "unknown_identifier"),
            (PossibleDuplicate("Two of them"), "parked", "conflict"),
            (UserError("Odoo says no"), "dead", "business_rule"),
            (ValidationError("Odoo says no"), "dead", "business_rule"),
        ):
            message = self._apply_with(error)
            self.assertEqual((message.state, message.error_class), (state, error_class))
            self.assertEqual(message.error_message, str(error))
            self.assertEqual(message.owner_user_id, self.interface.exception_user_id)
            self.assertFalse(self._partner("Effect"), "partial effect rolled back")
            self.assertEqual(message.attempt_ids.outcome, state)
            self.assertEqual(message.attempt_count, 1)
            self.assertTrue(message.first_attempt_at)
            self.assertFalse(message.res_id)

    def test_skipped_keeps_the_reason_and_no_effect(self):
        message = self._apply_with(Skipped("Older than what we have"))
        self.assertEqual(message.state, "skipped")
        self.assertEqual(message.error_message, "Older than what we have")
        self.assertFalse(self._partner("Effect"))
        self.assertFalse(message.owner_user_id or message.error_class)

    def test_technical_failure_is_retried_and_then_dead_with_the_operators(self):
        message = self._apply_with(TechnicalError("Try later", "busy"))
        self.assertEqual((message.state, message.error_code), ("pending", "busy"))
        self.assertFalse(self._partner("Effect"))
        self.assertEqual(message.attempt_ids.outcome, "retry")
        self._set_columns(message, next_attempt_at=message.create_date)
        self._run()
        self.assertEqual((message.state, message.error_kind), ("dead", "technical"))
        self.assertEqual(message.owner_user_id, self.interface.system_id.owner_id)

    def test_unexpected_exception_keeps_its_type_only(self):
        message = self._apply_with(KeyError("canary of Dr. Ada"))
        self.assertEqual(
            (message.state, message.error_code), ("pending", "apply_failed")
        )
        self.assertIn("KeyError", message.error_message)
        self.assertNotIn("canary", message.error_message)
        self.assertFalse(self._partner("Effect"))

    def test_refusal_by_odoo_quotes_nothing_of_protected_content(self):
        personal = self._inbound(data_class="personal")
        message = self._apply_with(UserError("Dr. Ada is locked"), personal)
        self.assertEqual(message.state, "dead")
        self.assertNotIn("Ada", message.error_message)
        self.assertIn("UserError", message.error_message)

    def test_parked_message_is_applied_after_the_cause_is_gone(self):
        message = self._apply_with(UnknownIdentifier("Who?"))
        TestApply.error = None
        message.action_retry()
        self._run()
        self.assertEqual(message.state, "done")
        self.assertTrue(self._partner("Effect"))

    def test_purged_inbound_content_cannot_be_retried(self):
        message = self._apply_with(BusinessError("Locked"))
        message.payload_id.sudo().unlink()
        message.invalidate_recordset()
        with self._refused(UserError, "send it again"):
            message.action_retry()

    def test_stale_lease_applies_nothing(self):
        message = self._receive(self.interface, {"name": "Effect"})
        self._set_columns(message, state="processing", lease_token="other")
        self.assertFalse(MessageLeases(self.env).lock(message, "mine"))
        self.assertTrue(MessageLeases(self.env).lock(message, "other"))

    def test_order_is_kept_per_key(self):
        first = self._receive(self.interface, {"name": "First"}, ordering_key="k")
        second = self._receive(self.interface, {"name": "Second"}, ordering_key="k")
        TestApply.error = BusinessError("Locked")
        self._run()
        self.assertEqual((first.state, second.state), ("dead", "pending"))
        TestApply.error = None
        first.action_retry()
        self._run()
        self.assertEqual((first.state, second.state), ("done", "done"))

    def test_contract_without_a_way_in_says_so(self):
        contract = self._create_contract()
        self._create_handler(contract.message_type)
        interface = self._inbound(contract_ids=[(6, 0, contract.ids)])
        message = self._receive(interface, {"name": "x"})
        self._run()
        self.assertEqual(message.error_class, "config")
