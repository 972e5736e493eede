"""Ask for the reason of an override."""

from odoo import fields, models
from odoo.exceptions import UserError


class InteropOverrideWizard(models.TransientModel):
    """Grants the steward an override of one record for 15 minutes."""

    _name = "interop.override.wizard"
    _description = "Override of a System of Record"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Integer(required=True, readonly=True)
    reason = fields.Char(
        required=True,
        help="Kept in the audit trail with the changed fields. Do "
        "not name a patient here.",
    )

    def action_override(self):
        """Grant the override (stewards) and go back to the form."""
        self.ensure_one()
        model = self.env[self.res_model]
        if not self.env["interop.ownership"]._is_governed(self.res_model):
            raise UserError(
                self.env._(
                    "Records of %s are not governed, so there is no protection to override.",
                    model._description,
                )
            )
        record = model.browse(self.res_id)
        self.env["interop.ownership.override"]._grant(record, self.reason)
        return {"type": "ir.actions.act_window_close"}
