"""Answers to the senders of messages, and acknowledgements of receivers."""

from odoo import fields, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base import const as base_const
from odoo.addons.interop_base.models.log import message_moves as moves
from odoo.addons.interop_base.tools import field_report, statement

from .. import const
from ..tools import problems

ACCEPTED = ("pending", "processing")


def public_code(state, error_kind, error_code):
    """Return the public code of a failed message.

    It is ``""`` if the message did not fail, or failed for a reason that the sender
    cannot correct.
    """
    if state not in base_const.FAILED_STATES or error_kind == "technical":
        return ""
    return problems.failure_code(error_code)


class InteropMessage(models.Model):
    """Adds the answer to the sender of a message, and the acknowledgement of a receiver."""

    _inherit = "interop.message"

    receipt_status = fields.Selection(
        const.RECEIPTS,
        "Acknowledged",
        readonly=True,
        copy=False,
        help="The result that the receiver reported after delivery. Empty if the receiver "
        "sent no acknowledgement.",
    )
    receipt_at = fields.Datetime("Acknowledged On", readonly=True, copy=False)
    receipt_message_id = fields.Many2one(
        "interop.message",
        "Acknowledged By",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )

    _receipt_idx = models.Index("(receipt_status, id) WHERE receipt_status IS NOT NULL")

    def _answer_status(self):
        """Return the HTTP status of the answer to the sender in the current state."""
        self.ensure_one()
        if self.state in ACCEPTED or self._is_our_fault():
            return 202
        return 200 if self.state in ("done", "skipped") else 422

    def _answer_errors(self, detail):
        """Return ``errors`` of the problem details.

        The list has the wrong place, if it is known and the sender can correct it.

        :param str detail: text of the entry
        """
        self.ensure_one()
        code = public_code(self.state, self.error_kind, self.error_code)
        if not code or not self.error_pointer:
            return []
        return [{"pointer": self.error_pointer, "detail": detail, "code": code}]

    def _is_our_fault(self):
        """Return whether the message failed for a reason that its sender cannot correct."""
        return self.state in base_const.FAILED_STATES and self.error_kind == "technical"

    def _status_body(self):
        """Return the status of the message that its sender may read."""
        self.ensure_one()
        body = {
            "id": self.external_id,
            "type": self.contract_id.message_type,
            "schema_version": self.contract_id.version,
            "status": self.state,
            "received_at": self.create_date.isoformat(timespec="seconds") + "Z",
        }
        if self.done_at:
            body["finished_at"] = self.done_at.isoformat(timespec="seconds") + "Z"
        if self.test:
            body["test"] = True
        if self.state == "skipped" and self.error_code == field_report.STALE:
            body["reason"] = field_report.STALE
        code = public_code(self.state, self.error_kind, self.error_code)
        if code:
            body["code"] = code
            if self.error_pointer:
                body["pointer"] = self.error_pointer
        # The result of each field, if ownership rules apply to the record.
        report = self._answer_fields()
        if report:
            body["fields"] = report
        return body

    # === RECEIPTS === #

    def _receipt_values(self, ack, status):
        return {
            "receipt_status": status,
            "receipt_at": ack.occurred_at or clock.now(),
            "receipt_message_id": ack.id,
        }

    def _receipt_statement(self):
        """Return the latest acknowledgement as a statement (``tools.statement``).

        It is empty if the message was not acknowledged.
        """
        self.ensure_one()
        if self.receipt_message_id:
            return self.receipt_message_id._statement()
        at = self.receipt_at  # retention removed the acknowledging message
        return statement.build(at, at) if at else ""

    def _set_receipt_accepted(self, ack):
        """Record that the receiver accepted the message; it becomes done in any case.

        :param ack: ``interop.message`` with the acknowledgement
        :returns: the message if its state changed, else none
        """
        self.ensure_one()
        values = self._receipt_values(ack, "accepted")
        if self.state == "done":
            self.write(values)
            return self.browse()
        return self._make(moves.CONFIRMED, **values)

    def _set_receipt_rejected(self, ack, status, text):
        """Record that the receiver rejected the message: a failure with an owner.

        The message was delivered in order, so it does not hold back later messages
        unless a user sends it again.

        :param ack: ``interop.message`` with the acknowledgement
        :param str status: ``business_rejected`` or ``technical_error``
        :param str text: codes and places, no content
        """
        self.ensure_one()
        error_class = {
            "business_rejected": "business_rule",
            "technical_error": "http_5xx",
        }[status]
        values = self._receipt_values(ack, status)
        code = f"receipt_{status}"
        return self._set_failed(moves.REJECTED, error_class, code, text, **values)
