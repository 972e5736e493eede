"""Identifiers of contacts."""

from odoo import api, fields, models
from odoo.fields import Domain

from .interop_identified_mixin import READERS


class ResPartner(models.Model):
    """Adds a page with identifiers, and searches contacts by identifier."""

    _name = "res.partner"
    _inherit = ["res.partner", "interop.identified.mixin"]

    interop_identifier_ids = fields.One2many(
        "interop.identifier", "partner_id", "Identifiers", domain=[], groups=READERS
    )
    interop_search = fields.Char(
        "Name or Identifier",
        compute="_compute_interop_search",
        search="_search_interop_search",
        help="Technical field for the search bar of contacts.",
    )

    def _compute_interop_search(self):
        for partner in self:
            partner.interop_search = partner.display_name

    @api.model
    def _search_interop_search(self, operator, value):
        """Search by identifier first; otherwise search as Odoo's search bar does."""
        found = self._interop_search_identifier(operator, value)
        if found is not None:
            return found
        names = ("complete_name", "ref", "email", "vat", "company_registry")
        return Domain.OR(Domain(name, operator, value) for name in names)
