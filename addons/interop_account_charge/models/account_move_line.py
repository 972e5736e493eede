"""Invoice lines that bill charges."""

from odoo import fields, models


class AccountMoveLine(models.Model):
    """Adds the data of a charge besides price and quantity."""

    _inherit = "account.move.line"

    interop_service_date = fields.Date(
        "Service Date",
        copy=False,
        help="The date on which the billed service was rendered.",
    )
    interop_provider_id = fields.Many2one(
        "res.partner",
        "Provider",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The provider of the service.",
    )
    interop_reversal_line_id = fields.Many2one(
        "account.move.line",
        "Reversed By",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The line of the credit note that reverses this charge.",
    )

    def unlink(self):
        """Keep the number of a charge that is removed from a draft, as a retired one of
        the draft."""
        self.filtered(lambda line: line.move_id.interop_charge)._interop_retire()
        return super().unlink()

    def _interop_retire(self):
        """Move the charge numbers of these lines to their documents and retire them."""
        # sudo: a user who may delete the line may lack the right to write identifiers
        numbers_sudo = (
            self.env["interop.identifier"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
        )
        moves = {line.id: line.move_id.id for line in self}
        for number in numbers_sudo:
            if number.state == "active":
                number._set_retired(
                    reason=self.env._("The charge was removed from its draft")
                )
            number._set_record("account.move", moves[number.res_id])
        self.env.flush_all()
