"""Add the public key of a caller to its client."""

from odoo import fields, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base.tools.errors import SignatureError


class InteropClientKeyWizard(models.TransientModel):
    """Stores the public key of a caller that signs with Ed25519."""

    _name = "interop.client.key.wizard"
    _description = "Add Public Key"

    client_id = fields.Many2one("interop.client", required=True, readonly=True)
    public_key = fields.Char(
        required=True,
        help="The Ed25519 public key in the format of Standard Webhooks. It starts with "
        "whpk_.",
    )
    valid_to = fields.Datetime(
        "Valid Until", help="Leave empty for a key without an expiry date."
    )

    def action_add(self):
        """Store the key with the client."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        text = (self.public_key or "").strip()
        if not text.startswith("whpk_"):
            raise ValidationError(
                self.env._(
                    "The value is not a public key. Paste the Ed25519 public key of the "
                    "partner. It starts with whpk_."
                )
            )
        values = {
            **self.client_id._secret_values("ed25519_public"),
            "valid_to": self.valid_to,
        }
        try:
            secret = self.env["interop.secret"]._create_value(values, text)
        except SignatureError as error:
            raise ValidationError(str(error)) from None
        self.env["interop.audit.event"]._log("generated", secret)
        return {"type": "ir.actions.act_window_close"}
