"""Taking over the secret that a vendor shows."""

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools import vendor_signatures


class InteropClientSecretWizard(models.TransientModel):
    """Pasted secret of a vendor. The value has no column: nothing is kept in clear."""

    _name = "interop.client.secret.wizard"
    _description = "Vendor Secret"
    _inherit = "interop.secret.entry.mixin"

    client_id = fields.Many2one("interop.client", required=True, ondelete="cascade")
    value = fields.Text(
        "Secret",
        help="The secret or the public key, as the vendor shows it. It is encrypted at "
        "once and cannot be shown again. The ones before it stay valid until they are "
        "revoked.",
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
                    "Choose a signature scheme with a secret for “%s” first; a scheme with "
                    "Ed25519 needs a public key instead.",
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
        """Return what is wrong with a value that is not one of ``scheme``."""
        if scheme._is_public():
            return self.env._(
                "This is no public key of “%s”: paste it as the vendor shows it (PEM, or "
                "its base64). RSA keys have at least 2,048 bits.",
                scheme.name,
            )
        return self.env._(
            "This is no secret of “%(scheme)s”: it has at least 16 bytes, written as the "
            "scheme says (%(encoding)s).",
            scheme=scheme.name,
            encoding=scheme.key_encoding,
        )
