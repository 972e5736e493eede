"""Test messages: from nothing to a verified delivery, before anything real may move."""

import uuid

from psycopg2.extras import Json

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import HandledError
from odoo.addons.interop_base.tools.canonical import canonical_bytes


class InteropEndpoint(models.Model):
    """The button *Send Test*: a real message through the real engine, with made-up
    data.

    It needs no active interface, because it carries no record of anybody. Everything
    else holds: environment, emergency stop, endpoint state, secret, address.
    """

    _inherit = "interop.endpoint"

    def action_send_test(self):
        """Send a test message and show what came of it."""
        self.ensure_one()
        interface = self.interface_ids.filtered(
            lambda item: item.transport == "webhook"
        )
        if not interface:
            raise UserError(
                self.env._(
                    "No interface delivers to “%s” yet. Choose this endpoint on an "
                    "interface first: the test message goes through it.",
                    self.name,
                )
            )
        return self._send_test(interface[:1])

    def _send_test(self, interface):
        """Queue a test message of ``interface``; return the action that shows its
        result."""
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.check_access("read")
        self._check_testable(interface)
        reference = f"test_{uuid.uuid4().hex}"
        # sudo: events are written by the engine only; who may test was checked above
        self.sudo()._publish_test(interface.sudo(), reference)
        self.env["interop.pump"]._arm_after_commit()
        return {
            "type": "ir.actions.client",
            "tag": "interop_webhook_test",
            "name": self.env._("Test of %s", self.name),
            "target": "new",
            "params": {"endpoint_id": self.id, "reference": reference},
        }

    def _check_testable(self, interface):
        """Raise ``UserError`` that says why a test could not leave."""
        if not self:
            raise UserError(self.env._("Choose an endpoint first."))
        try:
            self.env["interop.guard"]._check_system(interface.system_id)
            self._signing_secrets(clock.now())
        except HandledError as error:
            raise UserError(str(error)) from None
        if not interface._may_test():
            raise UserError(
                self.env._(
                    "“%s” is paused, disabled or stopped. Resume it before testing it.",
                    self.name,
                )
            )

    def _publish_test(self, interface, reference):
        """Write a ready event for one interface, as if a record had published it."""
        company = interface.company_ids[:1] or self.company_id or self.env.company
        contract = self.env.ref("interop_webhook.interop_contract_test")
        handler = contract._handler()
        snapshot = canonical_bytes(
            {
                "data": handler._build(self),
                "subject": [],
                "ordering_key": handler._ordering_key(self),
                "business_key": self.code,
            }
        )
        (payload_id,) = self.env["interop.payload"]._store_many(
            [(company.id, "none", snapshot)]
        )
        self.env.cr.execute(
            """INSERT INTO interop_event
                      (contract_id, res_model, res_id, company_id, occurred_at, state,
                       interface_ids, payload_id, correlation_id)
               VALUES (%s, %s, %s, %s, %s, 'ready', %s, %s, %s)""",
            [
                contract.id,
                self._name,
                self.id,
                company.id,
                clock.now(),
                Json([interface.id]),
                payload_id,
                reference,
            ],
        )

    def get_test_result(self, reference):
        """Return what came of a test: ``finished``, ``success``, ``text``,
        ``message_id``."""
        self.ensure_one()
        self.check_access("read")
        message = self.env["interop.message"].search(
            [("correlation_id", "=", reference), ("test", "=", True)], limit=1
        )
        state = message.state
        if state == "done":
            text = self.env._(
                "Delivered and accepted: the receiver answered %(status)s after "
                "%(duration)s ms.",
                status=message.answer_status,
                duration=message.attempt_ids[-1:].duration_ms,
            )
        elif state in ("dead", "parked", "cancelled"):
            text = message.error_message
        else:
            text = self.env._("Waiting for the message engine…")
        return {
            "finished": state in ("done", "dead", "parked", "cancelled"),
            "success": state == "done",
            "text": text,
            "message_id": message.id,
        }
