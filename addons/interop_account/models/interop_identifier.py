"""Identifiers of invoice lines."""

from odoo import api, models


class InteropIdentifier(models.Model):
    """Adds invoice lines, which have the numbers of the charges that they bill."""

    _inherit = "interop.identifier"

    @api.model
    def _declared_models(self):
        return [*super()._declared_models(), "account.move.line"]
