"""Secrets of endpoints."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import const


class InteropSecret(models.Model):
    """Links a signing key to the endpoint it signs for."""

    _inherit = "interop.secret"

    endpoint_id = fields.Many2one(
        "interop.endpoint", ondelete="restrict", index=True, readonly=True
    )

    purpose = fields.Selection(const.PURPOSES, readonly=True)

    def write(self, vals):
        """A secret never changes hands."""
        if {"endpoint_id", "purpose"} & vals.keys():
            raise UserError(self.env._("A secret belongs to its endpoint for good."))
        return super().write(vals)

    def _rotation_values(self):
        return {
            **super()._rotation_values(),
            "endpoint_id": self.endpoint_id.id,
            "purpose": self.purpose,
        }

    @api.model
    def _overlap_hours(self):
        """Return for how long a replaced secret still signs."""
        # sudo: system parameter
        params_sudo = self.env["ir.config_parameter"].sudo()
        return int(params_sudo.get_param("interop_base.secret_overlap_hours") or 24)
