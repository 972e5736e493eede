"""Documents that collect the charges of an account."""

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base.exceptions import TechnicalError


class AccountMove(models.Model):
    """One open draft per account, currency and kind takes what is charged."""

    _inherit = "account.move"

    interop_charge = fields.Boolean(
        "Made from Charges",
        readonly=True,
        copy=False,
        help="Charges of other systems made this document: their messages may change it "
        "as long as it is a draft.",
    )
    # No foreign key in it: what collects charges survives a merge of contacts.
    interop_charge_key = fields.Char(readonly=True, copy=False)

    _interop_charge_key_uniq = models.UniqueIndex(
        "(interop_charge_key) WHERE interop_charge_key IS NOT NULL",
        "Another draft collects the charges of this account already.",
    )
    _interop_charge_idx = models.Index("(id) WHERE interop_charge")

    def _post(self, soft=True):
        """What is posted collects no more: the next charge opens a new draft."""
        posted = super()._post(soft)
        posted._interop_close_charges()
        return posted

    def button_cancel(self):
        """What is cancelled collects no more."""
        result = super().button_cancel()
        self.filtered(lambda move: move.state == "cancel")._interop_close_charges()
        return result

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
                        "Charges of other systems made “%s”. Cancel it instead of "
                        "deleting it, so that nobody bills them again.",
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


class AccountMoveLine(models.Model):
    """What a charge says beyond price and quantity."""

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
        help="Who rendered the service.",
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
