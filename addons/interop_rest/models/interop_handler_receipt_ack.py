"""``receipt.ack``: a receiver says what became of a message that we delivered."""

from odoo import models

from odoo.addons.interop_base.exceptions import (
    BusinessError,
    Skipped,
    TechnicalError,
)
from odoo.addons.interop_base.tools import field_report, statement

from ..const import RECEIPTS


class InteropHandlerReceiptAck(models.AbstractModel):
    """Delivered is not yet accepted: a rejection becomes a failure with an owner."""

    _name = "interop.handler.receipt.ack"
    _inherit = "interop.handler"
    _description = "Handler of receipt.ack"

    def _inbound_keys(self, envelope):
        """The message that is acknowledged, which keeps its receipts in order."""
        value = envelope.data.get("ref_id")
        value = value if isinstance(value, str) else ""
        return value, envelope.ordering_key or value

    def _apply(self, message, data):
        sent_sudo = self._acknowledged(message, data["ref_id"])
        self._check_new(sent_sudo, message, data)
        if data["status"] == "accepted":
            sent_sudo._set_receipt_accepted(message)
        else:
            sent_sudo._set_receipt_rejected(message, data["status"], self._text(data))
        return sent_sudo.with_env(self.env)

    def _acknowledged(self, message, ref_id):
        """Return the message that this system got from this facility under that id.

        :raises BusinessError: there is none
        :raises TechnicalError: it is on its way at this moment
        """
        # sudo: the log is closed to service users; only what was sent to this very
        # system, for this facility, is looked at
        sent_sudo = (
            self.env["interop.message"]
            .sudo()
            .search(
                [
                    ("direction", "=", "out"),
                    ("external_id", "=", ref_id),
                    ("system_id", "=", message.system_id.id),
                    ("company_id", "=", message.company_id.id),
                ]
            )
        )
        if len(sent_sudo) != 1:
            raise BusinessError(
                self.env._(
                    "No message with this id was sent to this system from this facility, "
                    "or it is no longer kept. Ask the sender which message is meant."
                ),
                code="unknown_message",
                error_class="unknown_identifier",
                pointer="/data/ref_id",
            )
        if sent_sudo.state == "processing":
            raise TechnicalError(
                self.env._("The message is being delivered at this moment."),
                code="in_flight",
            )
        return sent_sudo

    def _check_new(self, sent, message, data):
        """Skip what is known already, what is older, and what changes nothing now.

        :raises Skipped: with the reason
        """
        if sent.state in ("skipped", "cancelled"):
            raise Skipped(
                self.env._("The message was given up here before it was acknowledged.")
            )
        settled = "done" if data["status"] == "accepted" else "dead"
        if sent.receipt_status == data["status"] and sent.state == settled:
            raise Skipped(self.env._("This acknowledgement is known already."))
        if not statement.is_newer(message._statement(), sent._receipt_statement()):
            raise Skipped(
                self.env._("A later acknowledgement of this message is known already."),
                code=field_report.STALE,
            )

    def _text(self, data):
        """Return what the receiver said, as text for the owner: codes and places."""
        errors = [
            self.env._(
                "%(code)s at %(path)s", code=item["code"], path=item.get("path") or "/"
            )
            for item in data.get("errors", ())
        ]
        words = dict(RECEIPTS)
        return self.env._(
            "The receiver answered later: %(status)s. %(errors)s",
            status=words[data["status"]].lower(),
            errors="; ".join(errors),
        ).strip()
