"""Customer invoices: what leaves Odoo about them."""

from contextlib import contextmanager

from odoo import fields, models


class AccountMove(models.Model):
    """Publishes the life of a customer invoice, in the transaction that changes it."""

    _inherit = "account.move"

    interop_message_count = fields.Integer(
        "Integration Messages",
        compute="_compute_interop_message_count",
        groups="interop_base.interop_base_group_user,interop_base.interop_base_group_auditor",
    )
    interop_number_ids = fields.One2many(
        "interop.invoice.number",
        "move_id",
        "Withdrawn Numbers",
        readonly=True,
        groups="account.group_account_readonly,account.group_account_invoice",
        help="Numbers that the document had each time it was reopened. Other systems "
        "know the document under the last number until it is posted again.",
    )

    def _compute_interop_message_count(self):
        groups = self.env["interop.message"]._read_group(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)],
            ["res_id"],
            ["__count"],
        )
        counts = dict(groups)
        for move in self:
            move.interop_message_count = counts.get(move.id, 0)

    # === THE LIFE OF AN INVOICE === #

    def _post(self, soft=True):
        """Tell what is posted."""
        # What is settled while it is posted, such as a credit note against its invoice
        # or what costs nothing, is told after the posting itself.
        with self._interop_during("posting"):
            posted = super()._post(soft)
        publish = self.env["interop.event"]._publish
        publish("invoice.posted", posted._interop_customer_documents())
        posted._interop_publish_paid()
        return posted

    def _invoice_paid_hook(self):
        result = super()._invoice_paid_hook()
        posting = self._interop_now("posting")
        self.filtered(lambda move: move.id not in posting)._interop_publish_paid()
        return result

    def button_draft(self):
        """Tell that a document counts no more until it is posted again."""
        known = self._interop_customer_documents().filtered("posted_before")
        known._interop_withdraw_number()
        result = super().button_draft()
        cancelling = self._interop_now("cancelling")
        reopened = known.filtered(
            lambda move: move.state == "draft" and move.id not in cancelling
        )
        self.env["interop.event"]._publish("invoice.reopened", reopened)
        return result

    def button_cancel(self):
        """Tell who knows the invoice; what was never posted nobody knows."""
        known = self._interop_customer_documents().filtered("posted_before")
        with self._interop_during("cancelling"):  # Odoo resets to draft on the way
            result = super().button_cancel()
        cancelled = known.filtered(lambda move: move.state == "cancel")
        self.env["interop.event"]._publish("invoice.cancelled", cancelled)
        return result

    def unlink(self):
        """Tell that a reopened document is gone: its number may be given again."""
        known = self._interop_customer_documents().filtered(
            lambda move: move.posted_before and move.state == "draft"
        )
        if self.env["interop.event"]._publish("invoice.cancelled", known):
            self.env["interop.event"]._snapshot_before_unlink(known)
        return super().unlink()

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

    def _interop_customer_documents(self):
        """Return the customer invoices, credit notes and receipts among these."""
        return self.filtered(lambda move: move.is_sale_document(include_receipts=True))

    def _interop_withdraw_number(self):
        """Keep the number under which others know these documents: it may change."""
        # sudo: the list is kept by the system, whoever reopens the document
        numbers_sudo = self.env["interop.invoice.number"].sudo()
        numbers_sudo.create(
            [
                {"move_id": move.id, "number": move.name}
                for move in self
                if move.state == "posted" or not move.sudo().interop_number_ids
            ]
        )

    def _interop_now(self, doing):
        """Return the ids of the entries that this transaction is ``doing`` just now."""
        return self.env.cr.cache.setdefault(f"interop_account.{doing}", set())

    @contextmanager
    def _interop_during(self, doing):
        """Note for the time of a block that this transaction is ``doing`` these."""
        current = self._interop_now(doing)
        mine = set(self.ids) - current
        current |= mine
        try:
            yield
        finally:
            current -= mine

    # === ACTIONS === #

    def action_view_interop_messages(self):
        """Open the messages about these invoices."""
        return self.env["interop.message"]._action_log(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
