"""Customer invoices that charges of other systems create."""

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base.exceptions import TechnicalError


class AccountMove(models.Model):
    """Adds the key of the draft that collects the charges of one account and currency."""

    _inherit = "account.move"

    interop_charge = fields.Boolean(
        "Made from Charges",
        readonly=True,
        copy=False,
        help="Charges of other systems created this document. Further charges "
        "may change it while it is a draft.",
    )
    # It contains no record id, so a draft survives a merge of contacts.
    interop_charge_key = fields.Char(readonly=True, copy=False)

    _interop_charge_key_uniq = models.UniqueIndex(
        "(interop_charge_key) WHERE interop_charge_key IS NOT NULL",
        "Another draft already collects the charges of this account. Add "
        "the charges there.",
    )
    _interop_charge_idx = models.Index("(id) WHERE interop_charge")

    def _post(self, soft=True):
        """Post documents, which then collect no more charges."""
        posted = super()._post(soft)
        posted._interop_close_charges()
        return posted

    def button_cancel(self):
        """Cancel documents, which then collect no more charges."""
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
            if move.interop_charge and move._interop_has_charge_number():
                raise UserError(
                    self.env._(
                        "“%s” cannot be deleted, because charges of other systems "
                        "created it. Cancel it instead, so that the charges are not "
                        "billed again.",
                        move.display_name,
                    )
                )

    def _interop_has_charge_number(self):
        """Return whether a charge number identifies this document or one of its lines."""
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
        """Return the draft that collects under ``key`` (text), creating it if
        necessary.

        :param dict vals: of a new draft
        :raises TechnicalError: another transaction creates it at the same moment
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
                self.env._(
                    "Another charge of this account is being applied at the "
                    "same moment. This charge is retried."
                ),
                code="busy",
            ) from None
