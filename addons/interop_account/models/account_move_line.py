"""Publish invoices that end because of changed lines."""

from odoo import models


class AccountMoveLine(models.Model):
    """Detects when credit notes have reversed an invoice completely."""

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
