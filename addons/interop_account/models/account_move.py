"""Customer invoices: what leaves Odoo about them, and what charges make of them."""

from contextlib import contextmanager

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base.exceptions import TechnicalError


class AccountMove(models.Model):
    """Publishes the life of a customer invoice, in the transaction that changes it, and
    lets one open draft per account, currency and kind take what is charged."""

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
    interop_charge = fields.Boolean(
        "Made from Charges",
        readonly=True,
        copy=False,
        help="Charges of other systems created this document. Their messages may "
        "change it while it is a draft.",
    )
    # No foreign key in it: what collects charges survives a merge of contacts.
    interop_charge_key = fields.Char(readonly=True, copy=False)

    _interop_charge_key_uniq = models.UniqueIndex(
        "(interop_charge_key) WHERE interop_charge_key IS NOT NULL",
        "Another draft collects the charges of this account already.",
    )
    _interop_charge_idx = models.Index("(id) WHERE interop_charge")

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
        """Tell what is posted. What is posted collects no more charges."""
        # What is settled while it is posted, such as a credit note against its invoice
        # or what costs nothing, is told after the posting itself.
        with self._interop_during("posting"):
            posted = super()._post(soft)
        publish = self.env["interop.event"]._publish
        publish("invoice.posted", posted._interop_customer_documents())
        posted._interop_publish_paid()
        posted._interop_close_charges()
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
        """Tell who knows the invoice; what was never posted nobody knows.

        What is cancelled collects no more charges.
        """
        known = self._interop_customer_documents().filtered("posted_before")
        with self._interop_during("cancelling"):  # Odoo resets to draft on the way
            result = super().button_cancel()
        cancelled = known.filtered(lambda move: move.state == "cancel")
        self.env["interop.event"]._publish("invoice.cancelled", cancelled)
        self.filtered(lambda move: move.state == "cancel")._interop_close_charges()
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

    # === CHARGES === #

    def _interop_close_charges(self):
        collecting = self.filtered("interop_charge_key")
        if collecting:
            collecting.write({"interop_charge_key": False})

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charges(self):
        for move in self:
            if move.interop_charge and move._interop_is_known():
                raise UserError(
                    self.env._(
                        "“%s” was created from charges of other systems. Cancel it "
                        "instead of deleting it, so that the charges are not billed "
                        "again.",
                        move.display_name,
                    )
                )

    def _interop_is_known(self):
        """Return whether a charge number leads to this document or a line of it."""
        # sudo: see account.move.line
        return bool(
            self.env["interop.identifier"]
            .sudo()
            .search_count(
                [
                    "|",
                    "&",
                    ("res_model", "=", "account.move"),
                    ("res_id", "in", self.ids),
                    "&",
                    ("res_model", "=", "account.move.line"),
                    ("res_id", "in", self.line_ids.ids),
                ],
                limit=1,
            )
        )

    @api.model
    @api.private
    def _interop_collecting(self, key, vals):
        """Return the draft that collects under ``key`` (text), a new one if need be.

        :param dict vals: of a new draft
        :raises TechnicalError: another transaction opens it at this very moment
        """
        found = self.search(
            [("interop_charge_key", "=", key), ("state", "=", "draft")], limit=1
        )
        if found:
            return found
        try:
            with self.env.cr.savepoint():
                return self.create(
                    {**vals, "interop_charge": True, "interop_charge_key": key}
                )
        except IntegrityError:
            raise TechnicalError(
                self.env._("Another charge of this account is being applied."),
                code="busy",
            ) from None

    # === ACTIONS === #

    def action_view_interop_messages(self):
        """Open the messages about these invoices."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_message_action"
        )
        action["domain"] = [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        action["context"] = {}
        return action
