"""What carries the numbers of charges, and the codes of what is charged."""

from odoo import api, models


class InteropIdentifier(models.Model):
    """Documents carry the numbers of charges that have left them, products the codes of
    other systems."""

    _inherit = "interop.identifier"

    @api.model
    def _declared_models(self):
        return [*super()._declared_models(), "account.move", "product.product"]
