"""Test messages: verify an endpoint before its interface is active."""

import uuid

from psycopg2.extras import Json

from odoo.exceptions import UserError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import HandledError
from odoo.addons.interop_base.tools.canonical import canonical_bytes

from .endpoint_connection import EndpointConnection


class TrialMessage:
    """The message of *Send Test*: made-up content that the delivery engine sends.

    A test needs no active interface, because it contains no data of a record. All other
    conditions apply: environment, emergency stop, endpoint state, secret and address.
    """

    def __init__(self, endpoint, interface):
        self.endpoint = endpoint
        self.interface = interface
        self.env = endpoint.env

    def publish(self):
        """Queue the message and return the reference of its result.

        The caller must check the rights of the user.

        :raises UserError: the message could not be delivered
        """
        self._check()
        reference = f"test_{uuid.uuid4().hex}"
        # sudo: only the engine may write events
        TrialMessage(self.endpoint.sudo(), self.interface.sudo())._write(reference)
        self.env["interop.pump"]._arm_after_commit()
        return reference

    def _check(self):
        """Raise ``UserError`` if the test message could not be delivered."""
        if not self.endpoint:
            raise UserError(
                self.env._(
                    "Interface %s has no endpoint. Choose an endpoint first.",
                    self.interface.name,
                )
            )
        try:
            self.env["interop.guard"]._check_system(self.interface.system_id)
            EndpointConnection(self.endpoint).signing_secrets(clock.now())
        except HandledError as error:
            raise UserError(str(error)) from None
        if not self.interface._may_test():
            raise UserError(
                self.env._(
                    "Endpoint %s is paused, disabled or stopped. Resume it, then send the "
                    "test again.",
                    self.endpoint.name,
                )
            )

    def _write(self, reference):
        """Insert a ready event for one interface, as if a record had published it."""
        endpoint, interface = self.endpoint, self.interface
        company = interface.company_ids[:1] or endpoint.company_id or self.env.company
        contract = self.env.ref("interop_webhook.interop_contract_test")
        handler = contract._handler()
        snapshot = canonical_bytes(
            {
                "data": handler._build(endpoint),
                "subject": [],
                "ordering_key": handler._ordering_key(endpoint),
                "business_key": endpoint.code,
            }
        )
        (payload_id,) = self.env["interop.payload"]._store_many(
            [(company.id, "none", snapshot)]
        )
        self.env["interop.event"]._insert_events(
            [
                {
                    "contract_id": contract.id,
                    "res_model": endpoint._name,
                    "res_id": endpoint.id,
                    "company_id": company.id,
                    "occurred_at": clock.now(),
                    "state": "ready",
                    "interface_ids": Json([interface.id]),
                    "payload_id": payload_id,
                    "correlation_id": reference,
                }
            ]
        )

    @staticmethod
    def result(endpoint, reference):
        """Return the result of a test.

        :param str reference: reference that :meth:`publish` returned
        :returns: dict with ``finished``, ``success``, ``text`` and ``message_id``
        """
        env = endpoint.env
        message = env["interop.message"].search(
            [("correlation_id", "=", reference), ("test", "=", True)], limit=1
        )
        state = message.state
        if state == "done":
            text = env._(
                "The receiver accepted the test message. It answered %(status)s after "
                "%(duration)s ms.",
                status=message.answer_status,
                duration=message.attempt_ids[-1:].duration_ms,
            )
        elif state in ("dead", "parked", "cancelled"):
            text = message.error_message
        else:
            text = env._("The test message waits for the delivery engine…")
        return {
            "finished": state in ("done", "dead", "parked", "cancelled"),
            "success": state == "done",
            "text": text,
            "message_id": message.id,
        }
