"""What senders are told about their messages."""

from odoo import fields, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base import const as base_const
from odoo.addons.interop_base.models.log import message_moves as moves
from odoo.addons.interop_base.tools import field_report, statement

from .. import const
from ..tools import problems

ACCEPTED = ("pending", "processing")


def public_code(state, error_kind, error_code):
    """Return the code of a failed message as its sender may know it: ``""`` for one that
    did not fail, or failed for reasons that the sender cannot change."""
    if state not in base_const.FAILED_STATES or error_kind == "technical":
        return ""
    return problems.failure_code(error_code)


class InteropMessage(models.Model):
    """The answer to the sender of a message in its present state, and what receivers say
    about messages that we delivered."""

    _inherit = "interop.message"

    receipt_status = fields.Selection(
        const.RECEIPTS,
        "Acknowledged",
        readonly=True,
        copy=False,
        help="What the receiver said about the message after it was delivered. Not "
        "every receiver says anything.",
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
        """Return the HTTP status of the answer to the sender in the present state."""
        self.ensure_one()
        if self.state in ACCEPTED or self._is_our_fault():
            return 202
        return 200 if self.state in ("done", "skipped") else 422

    def _answer_errors(self, detail):
        """Return ``errors`` of the problem details: the place that is wrong, if one is
        known and the sender can change it."""
        self.ensure_one()
        code = public_code(self.state, self.error_kind, self.error_code)
        if not code or not self.error_pointer:
            return []
        return [{"pointer": self.error_pointer, "detail": detail, "code": code}]

    def _is_our_fault(self):
        """Return whether the message failed for reasons that its sender cannot
        change."""
        return self.state in base_const.FAILED_STATES and self.error_kind == "technical"

    def _status_body(self):
        """Return the status of the message as its sender may know it."""
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
        # What became of each field, where the record has systems of record.
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
        """Return the latest acknowledgement as a statement (``tools.statement``), empty
        without one."""
        self.ensure_one()
        if self.receipt_message_id:
            return self.receipt_message_id._statement()
        at = self.receipt_at  # retention has removed the message that brought it
        return statement.build(at, at) if at else ""

    def _set_receipt_accepted(self, ack):
        """The receiver has it and took it: nothing is left to do, whatever we thought.

        :param ack: ``interop.message`` that brought the acknowledgement
        :returns: the message if it moved, else none
        """
        self.ensure_one()
        values = self._receipt_values(ack, "accepted")
        if self.state == "done":
            self.write(values)
            return self.browse()
        return self._make(moves.CONFIRMED, **values)

    def _set_receipt_rejected(self, ack, status, text):
        """The receiver refuses what it was given: a failure that has an owner.

        It has arrived in its turn, so that nothing waits for it: it leaves its lane,
        until somebody sends it again.

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
