"""Whose numbers a sender means that names no assigning authority."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class InteropSystem(models.Model):
    """Much of what clinical systems send names none."""

    _inherit = "interop.system"

    identifier_namespace_id = fields.Many2one(
        "interop.namespace",
        "Default Assigning Authority",
        company_dependent=True,
        tracking=True,
        help="Whose numbers identifiers of this system are that name no assigning "
        "authority, at the facility you work in now and its branches. Empty: a "
        "steward is asked.",
    )

    @api.constrains("identifier_namespace_id")
    def _check_identifier_namespace(self):
        """Numbers of another facility are refused with every message: better now."""
        facilities = self.env.company.sudo().parent_ids  # sudo: their tree
        for system in self:
            facility = system.identifier_namespace_id.sudo().company_id  # sudo: same
            if facility and facility not in facilities:
                raise ValidationError(
                    self.env._(
                        "“%(namespace)s” has the numbers of %(facility)s. Choose one of "
                        "%(here)s, or of no facility, as the default of “%(system)s” "
                        "here.",
                        namespace=system.identifier_namespace_id.name,
                        facility=facility.name,
                        here=self.env.company.name,
                        system=system.name,
                    )
                )


class InteropNamespace(models.Model):
    """No name means the default of the sender at the facility."""

    _inherit = "interop.namespace"

    @api.model
    def _named_id(self, name, company, system=None):
        """Return the id of the active namespace that ``system`` calls ``name`` at
        ``company``, or means by no name; False where there is none."""
        if name:
            return self._find_id(name, system.id if system else False, company.id)
        # sudo: which default a sender has concerns whoever applies its messages
        facilities = company.sudo().parent_ids.sorted("parent_path", reverse=True)
        for facility in facilities if system else ():
            default_sudo = system.sudo().with_company(facility).identifier_namespace_id
            if default_sudo.active:
                return default_sudo.id
        return False
