"""``receipt.ack``: a receiver reports the result of a message that Odoo delivered."""

from odoo import models

from odoo.addons.interop_base.exceptions import (
    BusinessError,
    Skipped,
    TechnicalError,
)
from odoo.addons.interop_base.tools import field_report, statement

from ..const import RECEIPTS


class InteropHandlerReceiptAck(models.AbstractModel):
    """Records the acknowledgement; a rejection becomes a failure with an owner."""

    _name = "interop.handler.receipt.ack"
    _inherit = "interop.handler"
    _description = "Handler of receipt.ack"

    def _inbound_keys(self, envelope):
        """Use the id of the acknowledged message as key, so its receipts stay in order."""
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
        """Return the message with this id that was sent to the system of ``message``.

        :raises BusinessError: no message with this id was sent to this system and facility
        :raises TechnicalError: the message is being delivered at this moment
        """
        # sudo: the log is closed to service users; the domain limits the search to
        # messages that were sent to the same system for the same facility
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
                    "or the message was removed by retention. Ask the receiver which "
                    "message it acknowledges."
                ),
                code="unknown_message",
                error_class="unknown_identifier",
                pointer="/data/ref_id",
            )
        if sent_sudo.state == "processing":
            raise TechnicalError(
                self.env._(
                    "The acknowledged message is still being delivered. The "
                    "acknowledgement is retried."
                ),
                code="in_flight",
            )
        return sent_sudo

    def _check_new(self, sent, message, data):
        """Skip acknowledgements that are repeated, outdated or without effect.

        :raises Skipped: with the reason
        """
        if sent.state in ("skipped", "cancelled"):
            raise Skipped(
                self.env._(
                    "The message was skipped or cancelled in Odoo before it was "
                    "acknowledged."
                )
            )
        settled = "done" if data["status"] == "accepted" else "dead"
        if sent.receipt_status == data["status"] and sent.state == settled:
            raise Skipped(self.env._("This acknowledgement was already received."))
        if not statement.is_newer(message._statement(), sent._receipt_statement()):
            raise Skipped(
                self.env._(
                    "A later acknowledgement of this message was already received."
                ),
                code=field_report.STALE,
            )

    def _text(self, data):
        """Return the text for the exception owner: status, error codes and places."""
        errors = [
            self.env._(
                "%(code)s at %(path)s", code=item["code"], path=item.get("path") or "/"
            )
            for item in data.get("errors", ())
        ]
        words = dict(RECEIPTS)
        return self.env._(
            "The receiver acknowledged the message after delivery: %(status)s. %(errors)s",
            status=words[data["status"]].lower(),
            errors="; ".join(errors),
        ).strip()
