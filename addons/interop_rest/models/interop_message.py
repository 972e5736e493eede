"""What senders are told about their messages."""

from odoo import models

from odoo.addons.interop_base import const as base_const
from odoo.addons.interop_base.tools import field_report

from ..tools import problems

ACCEPTED = ("pending", "processing")


def public_code(state, error_kind, error_code):
    """Return the code of a failed message as its sender may know it: ``""`` for one that
    did not fail, or failed for reasons that the sender cannot change."""
    if state not in base_const.FAILED_STATES or error_kind == "technical":
        return ""
    return problems.failure_code(error_code)


class InteropMessage(models.Model):
    """The answer to the sender of a message, in its present state."""

    _inherit = "interop.message"

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
