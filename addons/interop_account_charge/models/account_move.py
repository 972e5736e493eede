"""Customer invoices that charges of other systems make."""

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base.exceptions import TechnicalError


class AccountMove(models.Model):
    """Lets one open draft per account, currency and kind take what is charged."""

    _inherit = "account.move"

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

    def _post(self, soft=True):
        """What is posted collects no more charges."""
        posted = super()._post(soft)
        posted._interop_close_charges()
        return posted

    def button_cancel(self):
        """What is cancelled collects no more charges."""
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
