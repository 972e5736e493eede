"""Odoo's own merge of contacts carries identifiers along."""

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.interop_base.exceptions import BusinessError


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Identifiers go to the contact that stays before core moves rows: core would
    delete those that it cannot move. They find that contact from then on; the contacts
    that core deletes cannot be restored."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _merge_bank_accounts(self, src_partners, dst_partner):
        # The first step of core's merge, once it has checked that it may do it.
        # With the user's own rights, before anything moves: core reads the contacts that
        # go later, and only if they have accounts or an e-mail address to compare.
        (src_partners | dst_partner).check_access("write")
        merges = self.env["interop.identifier.merge"]
        for partner in src_partners:
            try:
                merges._merge(dst_partner, partner, reason=self.env._("Merge contacts"))
            except BusinessError as error:
                raise UserError(
                    self.env._(
                        "“%(name)s” and “%(survivor)s” cannot be merged like this: "
                        "%(error)s See Healthcare Integration › Identity › Merges.",
                        name=partner.display_name,
                        survivor=dst_partner.display_name,
                        error=error,
                    )
                ) from error
        return super()._merge_bank_accounts(src_partners, dst_partner)

    @api.model
    def _update_values(self, src_partners, dst_partner):
        """Fill what the survivor lacks, but nothing that another system decides
        about."""
        if getattr(dst_partner, "_interop_governed", False):
            src_partners = self._without_governed(src_partners, dst_partner)
        return super()._update_values(src_partners, dst_partner)

    @api.model
    def _without_governed(self, src_partners, dst_partner):
        """Return the contacts that are about to go without the values that the survivor
        must not get from them: core would refuse the whole merge, or overwrite a
        governed field.

        The contacts themselves stay as they are: these are copies in memory.
        """
        protected = dst_partner._protected_fields().get(dst_partner.id, {})
        names = [
            name
            for name in protected
            if dst_partner._fields[name].column_type
            and not dst_partner._fields[name].company_dependent
            and not dst_partner._fields[name].required
        ]
        if not names:
            return src_partners
        emptied = dict.fromkeys(names, False)
        copies = src_partners.browse()
        for partner in src_partners:
            copies += partner.new(emptied, origin=partner)
        return copies
