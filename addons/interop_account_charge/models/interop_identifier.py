"""Identifiers of documents and products for charges."""

from odoo import api, models


class InteropIdentifier(models.Model):
    """Adds documents, which keep numbers of removed charges, and products with external
    codes."""

    _inherit = "interop.identifier"

    @api.model
    def _declared_models(self):
        return [*super()._declared_models(), "account.move", "product.product"]
