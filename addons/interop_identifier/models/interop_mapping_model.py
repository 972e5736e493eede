"""Objects of inbound mappings may have identifiers."""

from odoo import api, models


class InteropMappingModel(models.Model):
    """Adds approved objects of inbound mappings to the kinds with identifiers."""

    _inherit = "interop.mapping.model"

    @api.model
    def _identified_models(self):
        """Return the names of the objects that messages may change."""
        # sudo: the list is the same for all users
        listed_sudo = self.sudo().search([("state", "=", "approved")])
        names = listed_sudo.mapped("model_id.model")
        return [name for name in names if name in self.env]

    def _set_approved(self, fingerprint=None):
        moved = super()._set_approved(fingerprint)
        # sudo: the approver of an object may lack the right to administer kinds of
        # records
        self.env["interop.identifier.model"].sudo()._sync()
        return moved
