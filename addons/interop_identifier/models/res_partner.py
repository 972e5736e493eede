"""Contacts are known to other systems by identifiers."""

from odoo import api, fields, models
from odoo.fields import Domain

from .interop_identified_mixin import READERS


class ResPartner(models.Model):
    """Contacts: a page with the identifiers, found by them from every search."""

    _name = "res.partner"
    _inherit = ["res.partner", "interop.identified.mixin"]

    interop_identifier_ids = fields.One2many(
        "interop.identifier", "partner_id", "Identifiers", domain=[], groups=READERS
    )
    interop_search = fields.Char(
        "Name or Identifier",
        compute="_compute_interop_search",
        search="_search_interop_search",
        help="What the search bar of contacts looks in.",
    )

    def _compute_interop_search(self):
        for partner in self:
            partner.interop_search = partner.display_name

    @api.model
    def _search_interop_search(self, operator, value):
        """Find by an identifier first; else as Odoo's own search bar does."""
        found = self._interop_search_identifier(operator, value)
        if found is not None:
            return found
        names = ("complete_name", "ref", "email", "vat", "company_registry")
        return Domain.OR(Domain(name, operator, value) for name in names)
