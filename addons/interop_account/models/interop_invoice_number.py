"""Numbers that documents had before they were reopened."""

from odoo import fields, models


class InteropInvoiceNumber(models.Model):
    """One row for each time a posted customer document is reset to draft.

    Odoo may give a reopened document another number. Receivers know it by the number of
    this row. The next posting names the number that it replaces.
    """

    _name = "interop.invoice.number"
    _description = "Number of a Reopened Invoice"
    _order = "id"
    _rec_name = "number"

    move_id = fields.Many2one(
        "account.move", "Document", required=True, index=True, ondelete="cascade"
    )
    number = fields.Char(
        required=True, help="Number of the document while it was posted."
    )
