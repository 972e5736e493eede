"""Odoo's own merge of contacts carries identifiers along."""

from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Re-point identifiers before core does: its generic code would delete rows."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        # sudo: whoever may merge contacts need not be a steward of identifiers
        identifiers_sudo = self.env["interop.identifier"].sudo()
        identifiers_sudo._repoint(src_partners, dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)
