"""What other systems learn when a customer invoice is paid, or is none any more."""

from odoo import models


class InteropHandlerInvoicePaid(models.AbstractModel):
    """``invoice.paid`` v1: the invoice as in ``invoice.posted``, and how it was
    settled.

    Sent when nothing remains to be paid: with state ``in_payment`` while the bank has
    not confirmed yet, and with ``paid`` when it has.
    """

    _name = "interop.handler.invoice.paid"
    _inherit = "interop.handler.invoice.posted"
    _description = "Paid Invoice Message Handler"

    def _build(self, record, known=None):
        data = super()._build(record, known)
        data["state"] = record.payment_state
        settled = self._settled_on(record)
        if settled:
            data["settled_on"] = settled.isoformat()
        return data

    def _settled_on(self, record):
        """Return the day of the last entry that the invoice was settled with."""
        partials = record._get_all_reconciled_invoice_partials()
        return max((item["aml"].date for item in partials), default=None)


class InteropHandlerInvoiceCancelled(models.AbstractModel):
    """``invoice.cancelled`` v1: the invoice as in ``invoice.posted``, and why it ended.

    Either it was cancelled as such, or credit notes took back all of it.
    """

    _name = "interop.handler.invoice.cancelled"
    _inherit = "interop.handler.invoice.posted"
    _description = "Cancelled Invoice Message Handler"

    def _build(self, record, known=None):
        data = super()._build(record, known)
        data["state"] = "cancelled"
        data["reason"] = "cancelled" if record.state == "cancel" else "reversed"
        credit_notes = record.reversal_move_ids.filtered(
            lambda move: move.state == "posted"
        )
        if credit_notes:
            data["reversed_by"] = sorted(credit_notes.mapped("name"))
        return data
