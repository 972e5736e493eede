"""What is on the list of objects for inbound mappings may carry identifiers."""

from odoo import api, models


class InteropMappingModel(models.Model):
    """What is on the list may carry identifiers."""

    _inherit = "interop.mapping.model"

    @api.model
    def _identified_models(self):
        """Return the names of the objects that messages may change."""
        # sudo: the list is the same for everybody
        listed_sudo = self.sudo().search([("state", "=", "approved")])
        names = listed_sudo.mapped("model_id.model")
        return [name for name in names if name in self.env]

    def _set_approved(self, fingerprint=None):
        moved = super()._set_approved(fingerprint)
        # sudo: who approves an object need not administer the kinds of records
        self.env["interop.identifier.model"].sudo()._sync()
        return moved
