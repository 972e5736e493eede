"""Providers and people that change here are told to who subscribes."""

from odoo import api, models

from .interop_handler_party_updated import UPDATE_FIELDS

# message type -> partner field that marks whom it is about
UPDATES = {
    "provider.updated": "interop_is_provider",
    "person.updated": "interop_is_person",
}


class ResPartner(models.Model):
    """Publishes master data, in the transaction that changes it."""

    _inherit = "res.partner"

    @api.model_create_multi
    def create(self, vals_list):
        """Publish new providers and people."""
        partners = super().create(vals_list)
        for message_type, flag in UPDATES.items():
            partners._publish_updated(message_type, partners, flag)
        return partners

    def _publish_change(self, changed):
        result = super()._publish_change(changed)
        ids = [rec.id for rec, names in changed.items() if UPDATE_FIELDS & set(names)]
        partners = self.browse(ids)
        for message_type, flag in UPDATES.items():
            self._publish_updated(message_type, partners, flag)
        return result

    def _publish_updated(self, message_type, partners, flag):
        # Most databases have no such interface: then nothing is read at all.
        if partners and self.env["interop.interface"]._capturing(message_type):
            # sudo: what leaves is decided by the contract, not by who writes
            marked_sudo = partners.sudo().filtered(flag)
            self.env["interop.event"]._publish(message_type, marked_sudo)

    def _interop_join(self, companies, reason=None, **knowledge):
        memberships = super()._interop_join(companies, reason, **knowledge)
        for message_type, flag in UPDATES.items():  # the new facility learns who it is
            if memberships and self.env["interop.interface"]._capturing(message_type):
                partners = memberships.partner_id.with_env(self.env)
                self._publish_updated(message_type, partners, flag)
        return memberships


class InteropCareRole(models.Model):
    """Roles travel with their provider."""

    _inherit = "interop.care.role"

    def _publish_provider(self, partners):
        partners._publish_updated("provider.updated", partners, "interop_is_provider")

    @api.model_create_multi
    def create(self, vals_list):
        """Publish the providers of new roles; the facility of a role knows its
        provider."""
        roles = super().create(vals_list)
        for role_sudo in roles.sudo():  # sudo: the mark of the partner only
            if role_sudo.partner_id.interop_is_provider:
                role_sudo.partner_id.sudo(False)._interop_join(role_sudo.company_id)
        self._publish_provider(roles.partner_id)
        return roles

    def write(self, vals):
        """Publish the providers of changed roles, those before and those after."""
        partners = self.partner_id
        result = super().write(vals)
        self._publish_provider(partners | self.partner_id)
        return result

    def unlink(self):
        """Publish the providers that lose a role."""
        partners = self.partner_id
        result = super().unlink()
        self._publish_provider(partners)
        return result
