"""Fields that distinguish two people, for the steward who decides."""

from odoo import api, models

PERSON_FIELDS = (
    "interop_birth_date",
    "interop_is_person",
    "interop_is_provider",
    "interop_is_location",
    "interop_location_type",
)


class InteropIdentityCase(models.Model):
    """Adds fields of people to the comparison."""

    _inherit = "interop.identity.case"

    @api.model
    def _key_fields(self, model):
        names = super()._key_fields(model)
        return (*PERSON_FIELDS, *names) if model == "res.partner" else names

    @api.model
    def _stated_as(self, model):
        stated = super()._stated_as(model)
        if model == "res.partner":
            stated["birth_date"] = "interop_birth_date"
        return stated
