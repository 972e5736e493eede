"""``charge.reversed``: one charge is reversed completely."""

from odoo import models

from odoo.addons.interop_base.exceptions import (
    OwnershipError,
    Skipped,
    UnknownIdentifier,
)

from .interop_handler_charge import CHARGE_UNKNOWN


class InteropHandlerChargeReversed(models.AbstractModel):
    """Removes a charge from its draft, or drafts a credit note for a posted invoice."""

    _name = "interop.handler.charge.reversed"
    _inherit = "interop.handler.charge"
    _description = "Handler of charge.reversed"

    def _apply(self, message, data):
        line = self._charge(message, data)
        move_sudo = line.sudo().move_id  # sudo: see interop.handler.charge.posted
        if move_sudo.state == "cancel":
            raise Skipped(
                self.env._("The invoice with this charge was already cancelled.")
            )
        if line.sudo().interop_reversal_line_id:
            raise Skipped(self.env._("This charge was already reversed."))
        if move_sudo.state == "draft":
            return self._remove(line, move_sudo)
        return self._credit(line, move_sudo)

    def _charge(self, message, data):
        """Return the line of the charge.

        :raises UnknownIdentifier: it has not arrived yet; its arrival retries this
            message
        :raises Skipped: it was already removed from its draft
        """
        rows, line = self._find_charge(message, data["identifiers"])
        self._check_sender(rows, message)
        if line:
            self._check_rights(line, "write")
            return line
        if rows:
            raise Skipped(
                self.env._("This charge was already removed from its draft invoice.")
            )
        raise UnknownIdentifier(
            self.env._(
                "The charge to reverse has not arrived yet. Odoo retries this "
                "message when it arrives. Cancel the message if the charge will "
                "never arrive."
            ),
            code=CHARGE_UNKNOWN,
            pointer="/data/identifiers",
        )

    def _check_sender(self, rows, message):
        """Refuse a sender that did not post the charge."""
        rows_sudo = rows.sudo()  # sudo: the system of the charge is not shown
        senders = rows_sudo.message_id.system_id or rows_sudo.namespace_id.system_id
        if senders and message.system_id not in senders:
            raise OwnershipError(
                self.env._(
                    "Another system posted this charge. Only that system can "
                    "reverse it."
                ),
                code="charge_not_owned",
                pointer="/data/identifiers",
            )

    def _remove(self, line, move):
        """Remove the line from its draft; its number stays as a retired identifier."""
        self._check_rights(line, "unlink")
        line.sudo().unlink()  # sudo: see interop.handler.charge.posted
        return move.with_env(self.env)

    def _credit(self, line, move):
        """Draft a credit note with the same line, price and taxes."""
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
        # sudo: the service user may read invoices, and may credit only through this
        # message
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
