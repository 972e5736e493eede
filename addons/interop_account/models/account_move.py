"""Publish customer invoices."""

from contextlib import contextmanager

from odoo import fields, models


class AccountMove(models.Model):
    """Publishes changes of the state of a customer invoice, in the transaction that
    makes them."""

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
        help="Numbers that the document had each time it was reopened. Other "
        "systems use the last of them until the document is posted again.",
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
        """Publish the posted documents."""
        # A document that is paid while it is posted, such as a credit note against its
        # invoice or one without an amount, is published as paid after the posting.
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
        """Publish that a document is not valid until it is posted again."""
        posted = self._interop_customer_documents().filtered("posted_before")
        posted._interop_withdraw_number()
        result = super().button_draft()
        cancelling = self._interop_now("cancelling")
        reopened = posted.filtered(
            lambda move: move.state == "draft" and move.id not in cancelling
        )
        self.env["interop.event"]._publish("invoice.reopened", reopened)
        return result

    def button_cancel(self):
        """Publish the cancellation of documents that were posted before."""
        posted = self._interop_customer_documents().filtered("posted_before")
        with self._interop_during("cancelling"):  # Odoo resets to draft on the way
            result = super().button_cancel()
        cancelled = posted.filtered(lambda move: move.state == "cancel")
        self.env["interop.event"]._publish("invoice.cancelled", cancelled)
        return result

    def unlink(self):
        """Publish that a reopened document was deleted: another document may get its
        number."""
        posted = self._interop_customer_documents().filtered(
            lambda move: move.posted_before and move.state == "draft"
        )
        if self.env["interop.event"]._publish("invoice.cancelled", posted):
            self.env["interop.event"]._snapshot_before_unlink(posted)
        return super().unlink()

    def _interop_publish_paid(self):
        """Publish documents without a remaining amount as paid.

        A payment without a journal entry does not change the residual.
        """
        paid = self._interop_customer_documents().filtered(
            lambda move: (
                move.payment_state in ("in_payment", "paid")
                and move.currency_id.is_zero(move.amount_residual)
            )
        )
        self.env["interop.event"]._publish("invoice.paid", paid)

    def _interop_customer_documents(self):
        """Return the customer invoices, credit notes and receipts among these."""
        return self.filtered(lambda move: move.is_sale_document(include_receipts=True))

    def _interop_withdraw_number(self):
        """Store the number that receivers know these documents by, because it may
        change."""
        # sudo: the system maintains the list, whichever user reopens the document
        numbers_sudo = self.env["interop.invoice.number"].sudo()
        numbers_sudo.create(
            [
                {"move_id": move.id, "number": move.name}
                for move in self
                if move.state == "posted" or not move.sudo().interop_number_ids
            ]
        )

    def _interop_now(self, doing):
        """Return the ids of the entries for which this transaction is ``doing``
        something."""
        return self.env.cr.cache.setdefault(f"interop_account.{doing}", set())

    @contextmanager
    def _interop_during(self, doing):
        """Mark these entries as ``doing`` within a block."""
        current = self._interop_now(doing)
        mine = set(self.ids) - current
        current |= mine
        try:
            yield
        finally:
            current -= mine

    # === ACTIONS === #

    def action_view_interop_messages(self):
        """Open the messages about these invoices (button)."""
        return self.env["interop.message"]._action_log(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
