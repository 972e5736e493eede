"""Customer invoices that are paid, cancelled or reversed."""

from odoo import models


class AccountMove(models.Model):
    """Publishes the end of an invoice, in the transaction that brings it about."""

    _inherit = "account.move"

    def _post(self, soft=True):
        # What is settled while it is posted, such as a credit note against its invoice
        # or what costs nothing, is told after the posting itself.
        posting = self._interop_posting()
        mine = set(self.ids) - posting
        posting |= mine
        try:
            posted = super()._post(soft)
        finally:
            posting -= mine
        posted._interop_publish_paid()
        return posted

    def _invoice_paid_hook(self):
        result = super()._invoice_paid_hook()
        posting = self._interop_posting()
        self.filtered(lambda move: move.id not in posting)._interop_publish_paid()
        return result

    def _interop_posting(self):
        """Return the ids of the entries that this transaction is posting just now."""
        return self.env.cr.cache.setdefault("interop_account.posting", set())

    def _interop_publish_paid(self):
        """Publish those of which nothing remains to be paid.

        A payment that is on its way without an entry leaves the residual as it was.
        """
        settled = self._interop_customer_documents().filtered(
            lambda move: (
                move.payment_state in ("in_payment", "paid")
                and move.currency_id.is_zero(move.amount_residual)
            )
        )
        self.env["interop.event"]._publish("invoice.paid", settled)

    def button_cancel(self):
        """Tell who knows the invoice; what was never posted nobody knows."""
        known = self._interop_customer_documents().filtered("posted_before")
        result = super().button_cancel()
        cancelled = known.filtered(lambda move: move.state == "cancel")
        self.env["interop.event"]._publish("invoice.cancelled", cancelled)
        return result

    def _interop_customer_documents(self):
        """Return the customer invoices, credit notes and receipts among these."""
        return self.filtered(lambda move: move.is_sale_document(include_receipts=True))


class AccountMoveLine(models.Model):
    """Notices when credit notes have taken back all of an invoice."""

    _inherit = "account.move.line"

    def _reconcile_pre_hook(self):
        data = super()._reconcile_pre_hook()
        invoices = self.move_id._interop_customer_documents()
        data["interop_not_reversed"] = invoices.filtered(
            lambda move: move.payment_state != "reversed"
        )
        return data

    def _reconcile_post_hook(self, data):
        result = super()._reconcile_post_hook(data)
        reversed_ = data["interop_not_reversed"].filtered(
            lambda move: (
                move.payment_state == "reversed" and move.move_type != "out_refund"
            )
        )
        self.env["interop.event"]._publish("invoice.cancelled", reversed_)
        return result
