"""Move identifiers when a user merges contacts with Odoo's own wizard."""

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.interop_base.exceptions import BusinessError


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Moves identifiers to the destination contact before core moves other rows.

    Core would delete the rows that it cannot move. The identifiers find the destination
    contact afterwards. The contacts that core deletes cannot be restored.
    """

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _merge_bank_accounts(self, src_partners, dst_partner):
        # This is the first step of core's merge after its own checks. Core checks
        # access to the contacts only later, and only if they have accounts or an e-mail
        # address. So the user's rights are checked here, before anything moves.
        (src_partners | dst_partner).check_access("write")
        merges = self.env["interop.identifier.merge"]
        for partner in src_partners:
            try:
                merges._merge(dst_partner, partner, reason=self.env._("Merge contacts"))
            except BusinessError as error:
                raise UserError(
                    self.env._(
                        "“%(name)s” and “%(survivor)s” cannot be merged: %(error)s "
                        "Open Healthcare Integration ‣ Identity ‣ Merges to see "
                        "earlier merges.",
                        name=partner.display_name,
                        survivor=dst_partner.display_name,
                        error=error,
                    )
                ) from error
        return super()._merge_bank_accounts(src_partners, dst_partner)

    @api.model
    def _update_values(self, src_partners, dst_partner):
        """Fill empty fields of the survivor, except fields that another system owns."""
        if getattr(dst_partner, "_interop_governed", False):
            src_partners = self._without_governed(src_partners, dst_partner)
        return super()._update_values(src_partners, dst_partner)

    @api.model
    def _without_governed(self, src_partners, dst_partner):
        """Return copies of the source contacts without values that the survivor must
        not get.

        Core would refuse the whole merge, or overwrite a governed field. The contacts
        themselves do not change: the copies are in memory.
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
