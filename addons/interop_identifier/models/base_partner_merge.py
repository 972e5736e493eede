"""Odoo's own merge of contacts carries identifiers along, and can be undone."""

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError

from odoo.addons.interop_base.exceptions import BusinessError


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Journal and re-point first: core's generic code would delete unique rows, and
    what it moves could not be told apart afterwards."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _merge_bank_accounts(self, src_partners, dst_partner):
        # The first step of core's merge, once it has checked that it may do it.
        merges = self.env["interop.identifier.merge"]
        for partner in src_partners:
            try:
                merge = merges._merge(
                    dst_partner, partner, reason=self.env._("Merge contacts")
                )
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
            # sudo: whoever may merge contacts need not be a steward of identifiers
            merge.sudo()._note_removal(partner, dst_partner, self)
        return super()._merge_bank_accounts(src_partners, dst_partner)

    @api.model
    def _update_values(self, src_partners, dst_partner):
        """Fill what the survivor lacks, but nothing that another system decides
        about."""
        if not getattr(dst_partner, "_interop_governed", False):
            return super()._update_values(src_partners, dst_partner)
        protected = dst_partner._protected_fields().get(dst_partner.id, {})
        stored = [name for name in protected if dst_partner._fields[name].store]
        if not stored:
            return super()._update_values(src_partners, dst_partner)
        kept = dst_partner._convert_to_write(
            {name: dst_partner[name] for name in stored}
        )
        # Core collects and writes in one go, so the protected ones are put back. As
        # superuser: a merge is no edit of these fields, and ends as if it had not
        # touched them.
        governed_free = dst_partner.with_user(SUPERUSER_ID)
        result = super()._update_values(src_partners, governed_free)
        changed = {
            name: value
            for name, value in kept.items()
            if governed_free._may_differ(name, value)
        }
        if changed:
            governed_free.write(changed)
        return result

    def _log_merge_operation(self, src_partners, dst_partner):
        # sudo: see _merge_bank_accounts
        merges_sudo = self.env["interop.identifier.merge"].sudo()
        merges_sudo._note_survivor(src_partners, dst_partner)
        return super()._log_merge_operation(src_partners, dst_partner)
