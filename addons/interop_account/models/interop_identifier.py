"""Charges of a clinical system become invoice lines, and keep their charge number."""

from odoo import api, models


class InteropIdentifier(models.Model):
    """Lets invoice lines carry identifiers, such as the charges they bill."""

    _inherit = "interop.identifier"

    @api.model
    def _record_models(self):
        return [*super()._record_models(), "account.move.line"]
