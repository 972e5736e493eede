"""Odoo's own merge of contacts, for people whom facilities know."""

from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """The history of memberships goes to the contact that stays, which the facilities
    of both know by then.

    The memberships of the other contacts end before core moves rows: two active ones of
    one contact at one facility cannot be. From then on no facility knows these contacts,
    so that core goes on to read them as superuser. The rights of the user were checked
    before anything moved, and core deletes the contacts at the end.
    """

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        src_sudo = src_partners.sudo()  # sudo: see the class
        memberships_sudo = src_sudo._interop_memberships_sudo(state="active")
        memberships_sudo._set_left(self.env._("Merged into contact %s", dst_partner.id))
        self.env.flush_all()
        result = super()._update_foreign_keys(src_sudo, dst_partner)
        self._interop_know_anew(dst_partner)
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
    def _interop_know_anew(self, partner):
        """Compute anew which facilities know a contact, those below it and their
        numbers: core moved rows in SQL."""
        self.env.invalidate_all()
        # sudo: who sees a contact depends on what the user may not see
        family_sudo = (
            self.env["res.partner"]
            .sudo()
            .with_context(active_test=False)
            .search([("id", "child_of", partner.ids)])
        )
        family_sudo._interop_recompute_facilities()
