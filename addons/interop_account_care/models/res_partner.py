"""Facilities that invoiced a contact continue to see it."""

from odoo import models


class ResPartner(models.Model):
    """Adds facilities with invoices to those that know a new person in care."""

    _inherit = "res.partner"

    def _interop_document_facilities(self):
        family = self | self.with_context(active_test=False).child_ids
        groups = self.env["account.move"]._read_group(
            [("partner_id", "in", family.ids)], ["company_id"]
        )
        companies = self.env["res.company"].union(*(company for (company,) in groups))
        return super()._interop_document_facilities() | companies
