"""Keys of clients."""

from odoo import fields, models
from odoo.exceptions import UserError


class InteropSecret(models.Model):
    """Links a verifying key to the client that it proves."""

    _inherit = "interop.secret"

    client_id = fields.Many2one(
        "interop.client", ondelete="restrict", index=True, readonly=True
    )

    def write(self, vals):
        """Keep a key with its client."""
        if "client_id" in vals:
            raise UserError(self.env._("A secret belongs to its client for good."))
        return super().write(vals)

    def _rotation_values(self):
        return {**super()._rotation_values(), "client_id": self.client_id.id}
