"""Charges of a clinical system become invoice lines, and keep their charge number."""

from odoo import api, models


class InteropIdentifier(models.Model):
    """Lets invoice lines carry identifiers, such as the charges they bill."""

    _inherit = "interop.identifier"

    @api.model
    def _declared_models(self):
        return [*super()._declared_models(), "account.move.line"]
