"""``charge.reversed``: all of one charge is taken back."""

from odoo import models

from odoo.addons.interop_base.exceptions import (
    OwnershipError,
    Skipped,
    UnknownIdentifier,
)

from .interop_handler_charge import CHARGE_UNKNOWN


class InteropHandlerChargeReversed(models.AbstractModel):
    """Out of a draft; by a draft credit note where the invoice was posted."""

    _name = "interop.handler.charge.reversed"
    _inherit = "interop.handler.charge"
    _description = "Handler of charge.reversed"

    def _apply(self, message, data):
        line = self._charge(message, data)
        move_sudo = line.sudo().move_id  # sudo: see interop.handler.charge.posted
        if move_sudo.state == "cancel":
            raise Skipped(
                self.env._("The invoice with this charge was cancelled already.")
            )
        if line.sudo().interop_reversal_line_id:
            raise Skipped(self.env._("This charge was taken back already."))
        if move_sudo.state == "draft":
            return self._remove(line, move_sudo)
        return self._credit(line, move_sudo)

    def _charge(self, message, data):
        """Return the line of the charge.

        :raises UnknownIdentifier: it has not arrived yet; it wakes this message
        :raises Skipped: it has left its draft already
        """
        rows, line = self._known(message, data["identifiers"])
        self._check_sender(rows, message)
        if line:
            self._check_rights(line, "write")
            return line
        if rows:
            raise Skipped(self.env._("This charge has left its draft invoice already."))
        raise UnknownIdentifier(
            self.env._(
                "The charge to take back has not arrived yet. This message is tried "
                "again by itself as soon as it does; cancel it if it never will."
            ),
            code=CHARGE_UNKNOWN,
            pointer="/data/identifiers",
        )

    def _check_sender(self, rows, message):
        """Who posted a charge takes it back, nobody else."""
        rows_sudo = rows.sudo()  # sudo: which system brought it is not shown
        senders = rows_sudo.message_id.system_id or rows_sudo.namespace_id.system_id
        if senders and message.system_id not in senders:
            raise OwnershipError(
                self.env._("Another system posted this charge and may take it back."),
                code="charge_not_owned",
                pointer="/data/identifiers",
            )

    def _remove(self, line, move):
        """Take the line out of its draft; its number stays known, as retired."""
        self._check_rights(line, "unlink")
        line.sudo().unlink()  # sudo: see interop.handler.charge.posted
        return move.with_env(self.env)

    def _credit(self, line, move):
        """Draft a credit note with the same line, at the same price and taxes."""
        moves = self.env["account.move"]
        self._check_rights(moves, "create")
        # sudo: see interop.handler.charge.posted
        note_sudo = moves.sudo()._interop_collecting(
            f"credit:{move.id}",
            {
                "move_type": "out_refund",
                "company_id": move.company_id.id,
                "partner_id": move.partner_id.id,
                "currency_id": move.currency_id.id,
                "journal_id": move.journal_id.id,
                "fiscal_position_id": move.fiscal_position_id.id,
                "reversed_entry_id": move.id,
                "ref": move.name,
            },
        )
        # sudo: the service user reads invoices, and credits by this message alone
        line_sudo = line.sudo()
        credit_sudo = line_sudo.create(
            {"move_id": note_sudo.id, **self._credit_values(line_sudo)}
        )
        line_sudo.write({"interop_reversal_line_id": credit_sudo.id})
        credit = credit_sudo.with_env(self.env)
        self._check_rights(credit, "create")
        return credit

    def _credit_values(self, line):
        return {
            "product_id": line.product_id.id,
            "name": line.name,
            "quantity": line.quantity,
            "product_uom_id": line.product_uom_id.id,
            "price_unit": line.price_unit,
            "discount": line.discount,
            "account_id": line.account_id.id,
            "tax_ids": [(6, 0, line.tax_ids.ids)],
            "analytic_distribution": line.analytic_distribution,
            "interop_service_date": line.interop_service_date,
            "interop_provider_id": line.interop_provider_id.id,
        }
