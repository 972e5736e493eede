"""Promises of the design, as far as the way out keeps them."""

import logging

from odoo.tests import tagged

from . import receiver as hostile
from .common import WebhookCase

CANARY = "Canary-7b1c-Patient"


class Everything(logging.Handler):
    """Keeps every record of every logger, formatted as a log file would have it."""

    def __init__(self):
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@tagged("post_install", "-at_install")
class TestPromises(WebhookCase):
    # === 1: atomic === #

    def test_promise_1_atomic_rolled_back_business_sends_nothing(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        message_type = interface.contract_ids.message_type
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            partner = self.env["res.partner"].create(
                {"name": "Never", "company_id": self.facility.id}
            )
            self.env["interop.event"]._publish(message_type, partner)
            raise ZeroDivisionError
        self._commit()
        self._run()
        self.assertFalse(receiver.connections)

    def test_promise_1_atomic_committed_business_sends_exactly_one(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver)
        self._publish(interface)
        for _again in range(3):
            self._run()
        self.assertEqual(len(receiver.requests), 1)

    # === 7: no silent skip === #

    def test_promise_7_every_failure_has_an_owner(self):
        for answer, owner in ((401, "owner_id"), (422, "exception_user_id")):
            receiver = self._start_receiver(answer)
            interface = self._create_flow(receiver)
            interface.retry_policy_id.auth_schedule = False
            interface.exception_user_id = self._create_user("user")
            message = self._publish(interface)
            self._run()
            self.assertEqual(message.state, "dead")
            holder = interface if owner == "exception_user_id" else interface.system_id
            self.assertEqual(message.owner_user_id, holder[owner])

    # === 8: nothing leaks === #

    def _echo(self, status):
        """A receiver that throws our own content back at us, and logs in its answer."""

        def answer(connection, received):
            signature = received.header("webhook-signature") or ""
            body = b'{"error": "%s", "signature": "%s"}' % (
                CANARY.encode(),
                signature.encode(),
            )
            hostile.send(
                connection, status, body, [("Content-Type", "application/json")]
            )
            return True

        return answer

    def test_promise_8_nothing_leaks_on_the_way_out(self):
        contract = self._create_contract(data_class="personal")
        flows = [
            self._create_flow(
                self._start_receiver(self._echo(status)),
                interface={
                    "data_class": "personal",
                    "contract_ids": [(6, 0, contract.ids)],
                },
            )
            for status in (200, 400, 500)
        ]
        secrets = [flow.endpoint_id.secret_ids._get_value() for flow in flows]
        handler = Everything()
        root = logging.getLogger()
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)
        kept = logging.getLogger("odoo.addons").level
        logging.getLogger("odoo.addons").setLevel(logging.DEBUG)
        self.addCleanup(logging.getLogger("odoo.addons").setLevel, kept)
        partner = self.env["res.partner"].create(
            {"name": CANARY, "company_id": self.facility.id}
        )
        self.env["interop.event"]._publish(contract.message_type, partner)
        self._commit()
        self._run()
        messages = self._message_of(partner)
        self.assertEqual(set(messages.mapped("state")), {"done", "dead", "pending"})
        self.assertEqual(len(messages.attempt_ids), 3)
        log = "\n".join(handler.lines)
        for needle in (CANARY, *secrets, *(value[6:] for value in secrets)):
            self.assertNotIn(needle, log)
        self._assert_not_in_database((CANARY, *secrets), partner)

    def _assert_not_in_database(self, needles, partner):
        """No column of ours, of the chatter or of the job queue holds a needle in
        clear."""
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT table_name FROM information_schema.tables
                WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
                  AND (table_name LIKE 'interop\\_%%' OR table_name LIKE 'queue\\_job%%'
                       OR table_name IN ('mail_message', 'mail_tracking_value',
                                         'mail_activity', 'ir_logging',
                                         'ir_config_parameter'))"""
        )
        tables = [name for (name,) in self.env.cr.fetchall()]
        self.assertIn("interop_payload", tables)
        self.assertIn("queue_job", tables)
        for table in tables:
            for needle in needles:
                # the row as text shows bytes in hex: look for both spellings
                self.env.cr.execute(
                    f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s'
                    " OR t::text LIKE %s",
                    [f"%{needle}%", f"%{needle.encode().hex()}%"],
                )
                (count,) = self.env.cr.fetchone()
                if table == "mail_message":
                    continue  # checked below: the partner's own chatter names it
                self.assertFalse(count, f"{table} holds {needle[:6]}…")
        chatter = self.env["mail.message"].search([("model", "=like", "interop.%")])
        for needle in needles:
            self.assertNotIn(needle, str(chatter.mapped("body")))
