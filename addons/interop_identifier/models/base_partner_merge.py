"""Odoo's own merge of contacts carries identifiers along."""

from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Journal and re-point first: core's generic code would delete unique rows."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        merges = self.env["interop.identifier.merge"]
        for partner in src_partners:
            merges._merge(dst_partner, partner)
        return super()._update_foreign_keys(src_partners, dst_partner)
