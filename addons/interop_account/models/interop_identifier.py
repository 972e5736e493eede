"""Invoice lines that other systems know."""

from odoo import api, models


class InteropIdentifier(models.Model):
    """Invoice lines carry the numbers of the charges that they bill."""

    _inherit = "interop.identifier"

    @api.model
    def _declared_models(self):
        return [*super()._declared_models(), "account.move.line"]
