"""Promise 8: nothing leaks. No table or log contains the canary of a payload in
clear."""

import logging

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.queue_job.tests.common import trap_jobs

from ..exceptions import BusinessError, UnknownIdentifier
from ..tools import signing
from .fakes import EngineCase

CANARY = "Zzyzxcanary"
# The business data itself lives here: that is not ours to hide.
BUSINESS = ("res_partner",)


@tagged("post_install", "-at_install")
class TestPromise8NothingLeaks(EngineCase):
    def _places(self, needle=CANARY):
        """Return the ``table.column`` in which ``needle`` stands in clear, in any
        case."""
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT table_name, column_name, data_type FROM information_schema.columns
                WHERE table_schema = 'public' AND data_type IN (
                      'character varying', 'text', 'jsonb', 'json', 'bytea', 'ARRAY')
                  AND (table_name LIKE 'interop%' OR table_name IN (
                      'queue_job', 'mail_message', 'mail_mail', 'mail_activity', 'ir_logging',
                      'mail_tracking_value', 'ir_attachment', 'bus_bus', 'res_partner'))"""
        )
        found = []
        for table, column, kind in self.env.cr.fetchall():
            text = f'"{column}"::text'
            if kind == "bytea":
                text = f"""encode("{column}", 'escape')"""
            self.env.cr.execute(
                f'SELECT count(*) FROM "{table}" WHERE {text} ILIKE %s', [f"%{needle}%"]
            )
            if self.env.cr.fetchone()[0]:
                found.append(f"{table}.{column}")
        return [name for name in found if name.split(".")[0] not in BUSINESS]

    def _work(self, data_class, contract=None):
        """Send, fail, refuse and receive with a canary in it; returns the lines of the
        log."""
        values = {"contract_ids": [(6, 0, contract.ids)]} if contract else {}
        interface = self._create_interface(data_class=data_class, **values)
        answers = [
            {"outcome": "done"},
            {"outcome": "dead", "error_class": "schema", "error_message": "Refused"},
        ]
        with self.assertLogs("odoo", logging.INFO) as logs:
            logging.getLogger("odoo").info("so that there is one line at least")
            for answer in answers:
                type(self).answer = answer
                self._publish(interface, name=f"{CANARY} Person", city=CANARY)
                self._run()
            self._publish(interface, name=f"{CANARY} Waiting")
            self._break_contract(data_class)
            self._receive_all(data_class)
        return logs.output

    def _break_contract(self, data_class):
        """The content breaks the schema: the violation must not quote it."""
        contract = self._create_contract(
            schema='{"type": "object", "properties": {"name": {"type": "string",'
            ' "maxLength": 3, "enum": ["A"]}}}'
        )
        interface = self._create_interface(
            data_class=data_class, contract_ids=[(6, 0, contract.ids)]
        )
        interface.mapping_ids.line_ids.filtered(
            lambda line: line.path == "city"
        ).unlink()
        self._accept(interface)
        message = self._publish(interface, name=f"{CANARY} Broken")
        self.assertEqual((message.state, message.error_class), ("dead", "schema"))

    def _receive_all(self, data_class):
        """Apply inbound messages that fail in every way."""
        contract = self._create_contract()
        errors = iter(
            (
                lambda env, name: env.cr.execute("SELECT %s::int", [name]),
                lambda env, name: env["res.partner"].create({"id": name, "name": name}),
                lambda env, name: (_ for _ in ()).throw(KeyError(name)),
                lambda env, name: (_ for _ in ()).throw(UserError(name)),
                lambda env, name: (_ for _ in ()).throw(BusinessError("Locked")),
                lambda env, name: (_ for _ in ()).throw(UnknownIdentifier("Who?")),
            )
        )

        def apply(handler, message, data):
            next(errors)(handler.env, data["name"])

        self._create_handler(contract.message_type, _apply=apply)
        contract.invalidate_recordset()
        interface = self._create_interface(
            direction="in", data_class=data_class, contract_ids=[(6, 0, contract.ids)]
        )
        self.env.ref("interop_base.user_integration").company_ids += self.facility
        for number in range(6):
            message = self._receive(
                interface,
                {"name": CANARY},
                business_key=CANARY,
                ordering_key=f"{CANARY}{number}",
            )
            self._run()
            self.assertTrue(message.error_class, number)

    def test_promise_8_canary_of_protected_content_is_nowhere_in_clear(self):
        for data_class in ("personal", "patient_adjacent"):
            logs = self._work(data_class)
            self.assertEqual(self._places(), [], data_class)
            self.assertFalse([line for line in logs if CANARY.lower() in line.lower()])

    def test_the_scan_finds_a_canary_that_is_there(self):
        """The test above proves something only because this one holds."""
        self._work("none")
        places = self._places()
        self.assertIn("interop_payload.content", places)
        self.assertIn("interop_message.business_key", places)

    def test_promise_8_audit_search_and_view_leave_no_canary(self):
        interface = self._create_interface(data_class="personal")
        message = self._publish(interface, name=CANARY)
        viewer = self._create_user("operator", "payload")
        message.with_user(viewer).search([("search_key", "=", CANARY)])
        message.with_user(viewer).action_view_payload()
        message._set_dead("connect", "x", "x")
        message.with_user(viewer).action_retry()
        message.with_user(viewer).action_cancel()
        self.assertEqual(self._places(), [])

    def test_promise_8_secrets_are_in_clear_nowhere(self):
        value = signing.generate_hmac_secret()
        with self.assertLogs("odoo", logging.INFO) as logs:
            logging.getLogger("odoo").info("one line")
            secret = self.env["interop.secret"]._create_value(
                {"name": "K", "system_id": self._create_system().id, "kind": "hmac"},
                value,
            )
            secret._get_value()
            successor, fresh = secret._rotate(1)
            successor._set_revoked()
            self.env.flush_all()
            self.cr.precommit.run()
        for text in (value, fresh, value.removeprefix("whsec_"), fresh[6:]):
            self.assertEqual(self._places(text), [])
            self.assertFalse([line for line in logs.output if text in line])

    def test_promise_8_jobs_carry_ids_only(self):
        interface = self._create_interface(data_class="personal")
        with trap_jobs() as trap:
            self._publish(interface, name=CANARY)
            self.env["interop.pump"]._arm()
            for job in trap.enqueued_jobs:
                self.assertFalse(job.args or job.kwargs)
                self.assertNotIn(CANARY, job.description or "")
