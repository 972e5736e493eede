"""Charges of a clinical system become invoice lines, and keep their charge number."""

from odoo import api, models


class InteropIdentifier(models.Model):
    """Invoice lines carry the charges that they bill, products the codes of others.

    A document carries the numbers of charges that have left it.
    """

    _inherit = "interop.identifier"

    @api.model
    def _declared_models(self):
        return [
            *super()._declared_models(),
            "account.move",
            "account.move.line",
            "product.product",
        ]
