"""Who has been billed is known where that happened."""

from odoo import models


class ResPartner(models.Model):
    """A customer who becomes a person of care stays visible where there are invoices."""

    _inherit = "res.partner"

    def _interop_dealings(self):
        family = self | self.with_context(active_test=False).child_ids
        groups = self.env["account.move"]._read_group(
            [("partner_id", "in", family.ids)], ["company_id"]
        )
        companies = self.env["res.company"].union(*(company for (company,) in groups))
        return super()._interop_dealings() | companies
