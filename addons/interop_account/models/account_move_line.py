"""Invoice lines that bill charges, and the end of invoices that they bring about."""

from odoo import fields, models


class AccountMoveLine(models.Model):
    """What a charge says beyond price and quantity; notices when credit notes have taken
    back all of an invoice."""

    _inherit = "account.move.line"

    interop_service_date = fields.Date(
        "Service Date", copy=False, help="When the service that is billed was rendered."
    )
    interop_provider_id = fields.Many2one(
        "res.partner",
        "Provider",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The provider who rendered the service.",
    )
    interop_reversal_line_id = fields.Many2one(
        "account.move.line",
        "Taken Back By",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The line of the credit note that takes this charge back.",
    )

    def unlink(self):
        """A charge that leaves its draft stays on record, as retired, at the draft."""
        self.filtered(lambda line: line.move_id.interop_charge)._interop_retire()
        return super().unlink()

    def _interop_retire(self):
        """Hand the charge numbers of these lines to their documents."""
        # sudo: whoever may delete the line need not keep identifiers
        numbers_sudo = (
            self.env["interop.identifier"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
        )
        moves = {line.id: line.move_id.id for line in self}
        for number in numbers_sudo:
            if number.state == "active":
                number._set_retired(reason=self.env._("The charge left its draft"))
            number._set_record("account.move", moves[number.res_id])
        self.env.flush_all()

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
