"""Odoo's own merge of contacts, for people whom facilities know."""

from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """The history of memberships goes to the contact that stays, which the facilities
    of both know by then."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        self._interop_end_memberships(src_partners, dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self._interop_know_anew(dst_partner)
        return result

    @api.model
    def _interop_end_memberships(self, src_partners, dst_partner):
        """End the memberships of the contacts that are about to go: two active ones of
        one contact at one facility cannot be.

        Who sees these contacts stays as it is. Core goes on to read them with the
        rights of the user, and deletes them at the end.
        """
        ending = src_partners._interop_memberships_sudo(state="active")
        key = src_partners._fields["interop_facility_key"]
        with self.env.protecting([key], src_partners):
            ending._set_left(self.env._("Merged into contact %s", dst_partner.id))
            self.env.flush_all()

    @api.model
    def _interop_know_anew(self, partner):
        """Work out anew who sees a contact, those below it and their numbers: core
        moved rows in SQL."""
        self.env.invalidate_all()
        # sudo: who sees a contact depends on what the user may not see
        family_sudo = (
            self.env["res.partner"]
            .sudo()
            .with_context(active_test=False)
            .search([("id", "child_of", partner.ids)])
        )
        key = family_sudo._fields["interop_facility_key"]
        self.env.add_to_compute(key, family_sudo)
        numbers_sudo = self.env["interop.identifier"].sudo()
        key = numbers_sudo._fields["partner_facility_key"]
        numbers = numbers_sudo.search([("partner_id", "in", family_sudo.ids)])
        self.env.add_to_compute(key, numbers)
