"""Numbers under which documents were known before they were reopened."""

from odoo import fields, models


class InteropInvoiceNumber(models.Model):
    """One row each time a posted customer document is set back to draft.

    Odoo may give a reopened document another number. Its receivers know it under the
    number of this row, and learn with the next posting what that posting replaces.
    """

    _name = "interop.invoice.number"
    _description = "Number of a Reopened Invoice"
    _order = "id"
    _rec_name = "number"

    move_id = fields.Many2one(
        "account.move", "Document", required=True, index=True, ondelete="cascade"
    )
    number = fields.Char(
        required=True, help="The number that the document had while it was posted."
    )
