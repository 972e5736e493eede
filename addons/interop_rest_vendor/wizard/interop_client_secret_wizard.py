"""Store the secret of a vendor."""

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools import vendor_signatures


class InteropClientSecretWizard(models.TransientModel):
    """Takes the secret of a vendor; the value has no column and is not stored in clear."""

    _name = "interop.client.secret.wizard"
    _description = "Vendor Secret"
    _inherit = "interop.secret.entry.mixin"

    client_id = fields.Many2one("interop.client", required=True, ondelete="cascade")
    value = fields.Text(
        "Secret",
        help="The secret or the public key, as the vendor shows it. It is encrypted "
        "immediately and cannot be shown again. Earlier secrets stay valid until you "
        "revoke them.",
    )

    def _store(self, value):
        """Encrypt ``value`` as a secret of the client."""
        self.ensure_one()
        client = self.client_id
        client.check_access("write")
        scheme = client.signature_scheme_id
        if not scheme or scheme.algorithm == vendor_signatures.ED25519:
            raise UserError(
                self.env._(
                    "Client %s has no signature scheme with a secret. Choose a signature "
                    "scheme first. For a scheme with Ed25519, add a public key instead.",
                    client.name,
                )
            )
        try:
            scheme._decode_key(value)
        except ValueError:
            raise UserError(self._refusal(scheme)) from None
        values = {**client._secret_values("credential"), "valid_to": self.valid_to}
        secret = self.env["interop.secret"]._create_value(values, value)
        self.env["interop.audit.event"]._log("generated", secret)

    def _refusal(self, scheme):
        """Return the error text for a value that does not fit ``scheme``."""
        if scheme._is_public():
            return self.env._(
                "The value is not a public key for scheme %s. Paste the key as PEM or "
                "base64. RSA keys need at least 2,048 bits.",
                scheme.name,
            )
        encodings = dict(
            scheme._fields["key_encoding"]._description_selection(self.env)
        )
        return self.env._(
            "The value is not a secret for scheme %(scheme)s. Enter a secret with at least "
            "16 bytes in the format of the scheme: %(encoding)s.",
            scheme=scheme.name,
            encoding=encodings[scheme.key_encoding],
        )
