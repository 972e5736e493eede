"""Roles of providers at facilities."""

from odoo import api, fields, models


class InteropCareRole(models.Model):
    """One role of a provider, as one system states it (FHIR PractitionerRole).

    Messages contain the roles with their provider. The facility of a role knows the
    provider.
    """

    _name = "interop.care.role"
    _description = "Provider Role"
    _order = "partner_id, name"

    partner_id = fields.Many2one(
        "res.partner", "Provider", required=True, ondelete="cascade", index=True
    )
    code = fields.Char(required=True)
    name = fields.Char("Role", required=True)
    specialty_ids = fields.Many2many("interop.care.specialty", string="Specialties")
    location_ids = fields.Many2many(
        "res.partner",
        "interop_care_role_location_rel",
        "role_id",
        "partner_id",
        "Locations",
        domain=[("interop_is_location", "=", True)],
    )
    date_start = fields.Date("From")
    date_end = fields.Date("Until")
    system_id = fields.Many2one(
        "interop.system",
        "Stated By",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The system whose messages update this role. Empty if a user entered it.",
    )
    company_id = fields.Many2one(
        "res.company",
        "Facility",
        required=True,
        default=lambda self: self.env.company,
        ondelete="restrict",
        index=True,
    )
    active = fields.Boolean(default=True)

    _code_uniq = models.UniqueIndex(
        "(partner_id, company_id, code, COALESCE(system_id, 0)) WHERE active",
        "This provider already has that role at this facility. Change the "
        "existing role.",
    )

    def _same_role_key(self):
        """Return the key that equal roles of one provider share."""
        self.ensure_one()
        return self.company_id.id, self.code, self.system_id.id

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Publish the providers of new roles, and let the facility of a role know its
        provider."""
        roles = super().create(vals_list)
        for role_sudo in roles.sudo():  # sudo: only sets the mark of the partner
            if role_sudo.partner_id.interop_is_provider:
                role_sudo.partner_id.sudo(False)._interop_join(role_sudo.company_id)
        roles.partner_id._interop_publish_updated("provider.updated")
        return roles

    def write(self, vals):
        """Publish the providers of changed roles, before and after the change."""
        partners = self.partner_id
        result = super().write(vals)
        (partners | self.partner_id)._interop_publish_updated("provider.updated")
        return result

    def unlink(self):
        """Publish the providers that lose a role."""
        partners = self.partner_id
        result = super().unlink()
        partners._interop_publish_updated("provider.updated")
        return result
