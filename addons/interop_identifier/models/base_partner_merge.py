"""Odoo's own merge of contacts carries identifiers along, and can be undone."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

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
        if getattr(dst_partner, "_interop_governed", False):
            self._withhold(src_partners, dst_partner)
        return super()._update_values(src_partners, dst_partner)

    @api.model
    def _withhold(self, src_partners, dst_partner):
        """Empty, on the contacts that are about to go, what the survivor must not get
        from them: core would refuse the whole merge, or overwrite a governed field.

        The journal has their columns already. In SQL, because they are on their way
        out: nobody is to be told of a change.
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
            return
        src_partners.flush_recordset(names)
        assignments = [SQL("%s = NULL", SQL.identifier(name)) for name in names]
        self.env.cr.execute(
            SQL(
                "UPDATE res_partner SET %s WHERE id = ANY(%s)",
                SQL(", ").join(assignments),
                src_partners.ids,
            )
        )
        src_partners.invalidate_recordset(names, flush=False)

    def _log_merge_operation(self, src_partners, dst_partner):
        # sudo: see _merge_bank_accounts
        merges_sudo = self.env["interop.identifier.merge"].sudo()
        merges_sudo._note_survivor(src_partners, dst_partner)
        return super()._log_merge_operation(src_partners, dst_partner)
