"""Content of the messages about a paid or cancelled customer invoice."""

from odoo import models

from .interop_handler_invoice import rounding, with_tax_included


class InteropHandlerInvoicePaid(models.AbstractModel):
    """``invoice.paid`` v1: the invoice as in ``invoice.posted``, with its payment.

    Sent when nothing remains to be paid: with state ``in_payment`` until the bank has
    confirmed, and with ``paid`` afterwards.
    """

    _name = "interop.handler.invoice.paid"
    _inherit = "interop.handler.invoice.posted"
    _description = "Paid Invoice Message Handler"

    def _build(self, record, prefetched=None):
        data = super()._build(record, prefetched)
        data["state"] = record.payment_state
        paid_on = self._settled_on(record)
        if paid_on:
            data["settled_on"] = paid_on.isoformat()
        return data

    def _settled_on(self, record):
        """Return the day of the last entry that was reconciled with the invoice."""
        partials = record._get_all_reconciled_invoice_partials()
        return max((item["aml"].date for item in partials), default=None)


class InteropHandlerInvoiceCancelled(models.AbstractModel):
    """``invoice.cancelled`` v1: the invoice as in ``invoice.posted``, with the reason.

    The document was cancelled, or credit notes reversed it completely.
    """

    _name = "interop.handler.invoice.cancelled"
    _inherit = "interop.handler.invoice.posted"
    _description = "Cancelled Invoice Message Handler"

    def _build(self, record, prefetched=None):
        data = super()._build(record, prefetched)
        data["number"] = self._number_at_receivers(record)
        data["state"] = "cancelled"
        data["reason"] = self._reason(record)
        credit_notes = record.reversal_move_ids.filtered(
            lambda move: move.state == "posted"
        )
        if credit_notes:
            data["reversed_by"] = sorted(credit_notes.mapped("name"))
        return data

    def _reason(self, record):
        """Return why the document is no longer valid; a reopened one may have been
        deleted."""
        return "reversed" if record.state == "posted" else "cancelled"


class InteropHandlerInvoicePaid2(models.AbstractModel):
    """``invoice.paid`` v2: with the members of ``invoice.posted`` v2."""

    _name = "interop.handler.invoice.paid.v2"
    _inherit = "interop.handler.invoice.paid"
    _description = "Paid Invoice Message Handler, Version 2"

    def _build(self, record, prefetched=None):
        data = super()._build(record, prefetched)
        return {**data, "rounding": rounding(data, record.currency_id)}

    def _build_line(self, number, line, charges):
        return with_tax_included(super()._build_line(number, line, charges), line)


class InteropHandlerInvoiceCancelled2(models.AbstractModel):
    """``invoice.cancelled`` v2: with the members of ``invoice.posted`` v2, also for a
    document that was reopened and deleted."""

    _name = "interop.handler.invoice.cancelled.v2"
    _inherit = "interop.handler.invoice.cancelled"
    _description = "Cancelled Invoice Message Handler, Version 2"

    def _build(self, record, prefetched=None):
        data = super()._build(record, prefetched)
        return {**data, "rounding": rounding(data, record.currency_id)}

    def _build_line(self, number, line, charges):
        return with_tax_included(super()._build_line(number, line, charges), line)

    def _reason(self, record):
        return "deleted" if record.state == "draft" else super()._reason(record)
