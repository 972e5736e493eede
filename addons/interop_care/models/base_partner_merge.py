"""Keep facility memberships correct when a user merges contacts with Odoo's wizard."""

from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Moves the history of memberships to the contact that stays.

    The memberships of the source contacts end before core moves rows, because a contact
    can have only one active membership per facility. After that no facility knows the
    source contacts, so core continues to read them as superuser. The rights of the user
    were checked before, and core deletes the source contacts at the end.
    """

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        src_sudo = src_partners.sudo()  # sudo: see the class
        memberships_sudo = src_sudo._interop_memberships_sudo(state="active")
        memberships_sudo._set_left(self.env._("Merged into contact %s", dst_partner.id))
        self.env.flush_all()
        result = super()._update_foreign_keys(src_sudo, dst_partner)
        self._interop_recompute_after_merge(dst_partner)
        return result

    @api.model
    def _update_reference_fields(self, src_partners, dst_partner):
        # sudo: see the class
        return super()._update_reference_fields(src_partners.sudo(), dst_partner)

    @api.model
    def _update_values(self, src_partners, dst_partner):
        return super()._update_values(
            src_partners.sudo(), dst_partner
        )  # sudo: as above

    def _log_merge_operation(self, src_partners, dst_partner):
        # sudo: see the class
        return super()._log_merge_operation(src_partners.sudo(), dst_partner)

    @api.model
    def _interop_recompute_after_merge(self, partner):
        """Recompute the facilities of a contact, of the contacts below it and of their
        numbers.

        Core moved rows with SQL.
        """
        self.env.invalidate_all()
        # sudo: the user cannot see all rows that decide the visibility of a contact
        family_sudo = (
            self.env["res.partner"]
            .sudo()
            .with_context(active_test=False)
            .search([("id", "child_of", partner.ids)])
        )
        family_sudo._interop_recompute_facilities()
