"""How vendors sign their webhooks."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import vendor_keys, vendor_signatures
from ..tools.vendor_signatures import Scheme

ALGORITHMS = [
    ("hmac-sha256", "HMAC-SHA256"),
    ("hmac-sha512", "HMAC-SHA512"),
    ("hmac-sha1", "HMAC-SHA1 (weak)"),
    ("ed25519", "Ed25519"),
    ("ecdsa-p256-sha256", "ECDSA P-256 with SHA-256 (public key)"),
    ("rsa-sha256", "RSA with SHA-256 (public key)"),
]


class InteropSignatureScheme(models.Model):
    """One way of signing; every value of it is in ``tools.vendor_signatures.Scheme``."""

    _name = "interop.signature.scheme"
    _description = "Signature Scheme"
    _inherit = ["mail.thread"]
    _order = "name"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    note = fields.Text("Where to Find It", help="What the vendor's own pages call it.")
    algorithm = fields.Selection(
        ALGORITHMS, required=True, default="hmac-sha256", tracking=True
    )
    header = fields.Char(
        "Signature Header",
        required=True,
        tracking=True,
        help="The header that holds the signature.",
    )
    encoding = fields.Selection(
        [("hex", "Hexadecimal"), ("base64", "Base64")],
        required=True,
        default="hex",
        tracking=True,
    )
    listed = fields.Selection(
        [("comma", "Several, between commas"), ("space", "Several, between blanks")],
        "Several Signatures",
        tracking=True,
        help="Whether the header may hold several signatures, or other items beside "
        "them. Empty: one signature and nothing else.",
    )
    prefix = fields.Char(
        trim=False,
        tracking=True,
        help="What stands before a signature, such as sha256= or v1=. Items of a list "
        "that do not begin with it do not count.",
    )
    template = fields.Char(
        "What Is Signed",
        required=True,
        default="{body}",
        trim=False,
        tracking=True,
        help="With {body} and, as the vendor does it, {timestamp}, {id}, {method} and "
        "{path} (with the query). Everything else is taken as it stands.",
    )
    timestamp_header = fields.Char(
        tracking=True,
        help="The header that holds the time; the signature header itself if it is an "
        "item of that list.",
    )
    timestamp_prefix = fields.Char(
        trim=False,
        tracking=True,
        help="What stands before the time in the signature header, such as t=.",
    )
    timestamp_format = fields.Selection(
        [
            ("unix", "Seconds since 1970"),
            ("unix_ms", "Milliseconds since 1970"),
            ("rfc3339", "2026-01-31T08:30:00Z"),
            ("http", "Sat, 31 Jan 2026 08:30:00 GMT"),
        ],
        default="unix",
        required=True,
        tracking=True,
    )
    tolerance = fields.Integer(
        "Tolerance (s)",
        required=True,
        default=300,
        tracking=True,
        help="How far the time may be from this server's clock, before and after.",
    )
    id_header = fields.Char(
        tracking=True,
        help="The header that holds the id of the message, if the signature covers it. "
        "An id that anybody can exchange is none: then the body itself, or a place in "
        "it, tells messages apart.",
    )
    key_encoding = fields.Selection(
        [
            ("text", "Text, as it is"),
            ("base64", "Base64 (whsec_ before it is left out)"),
            ("hex", "Hexadecimal"),
        ],
        "Secret Is Written As",
        default="text",
        required=True,
        tracking=True,
    )
    is_weak = fields.Boolean("Weak", compute="_compute_is_weak")
    client_ids = fields.One2many("interop.client", "signature_scheme_id", readonly=True)

    _name_uniq = models.Constraint("UNIQUE (name)", "A scheme of this name exists.")
    _tolerance_range = models.Constraint(
        "CHECK (tolerance BETWEEN 1 AND 3600)",
        "The tolerance is between 1 and 3,600 seconds.",
    )

    @api.depends("template", "algorithm")
    def _compute_is_weak(self):
        for scheme in self:
            scheme.is_weak = scheme._scheme().weak

    def _scheme(self):
        """Return the scheme as the pure code wants it."""
        self.ensure_one()
        values = {name: self[name] or "" for name in Scheme._fields}
        return Scheme(**{**values, "tolerance": self.tolerance or 0})

    def _is_public(self):
        """Return whether what proves a signature is a public key (PEM)."""
        self.ensure_one()
        return self.algorithm in vendor_keys.ALGORITHMS

    def _decode_key(self, text):
        """Return a secret or public key that was taken over, as the pure code wants it.

        :raises ValueError: it is not written as the scheme says
        """
        self.ensure_one()
        if self._is_public():
            return vendor_keys.read(text, self.algorithm)
        return vendor_signatures.decode_key(text, self.key_encoding)

    @api.constrains(*Scheme._fields)
    def _check_scheme(self):
        texts = {
            "no_body": self.env._("what is signed has to contain {body}"),
            "unknown_place": self.env._(
                "what is signed may only contain {body}, {timestamp}, {id}, {method} and "
                "{path} in braces"
            ),
            "no_timestamp_header": self.env._("name the header that holds the time"),
            "timestamp_not_signed": self.env._(
                "the time has to be signed: add {timestamp} to what is signed, or name no "
                "timestamp header"
            ),
            "no_id_header": self.env._("name the header that holds the id"),
            "id_not_signed": self.env._(
                "an id that is not signed can be exchanged by anybody: add {id} to what is "
                "signed, or name no id header"
            ),
            "no_list": self.env._(
                "a time in the signature header is an item of a list: say how it is "
                "separated"
            ),
        }
        for scheme in self:
            for code in vendor_signatures.problems(scheme._scheme()):
                raise ValidationError(
                    self.env._(
                        "“%(name)s” would accept nothing: %(problem)s.",
                        name=scheme.name,
                        problem=texts[code],
                    )
                )

    def write(self, vals):
        """A scheme in use is what was approved with its clients."""
        if set(Scheme._fields) & vals.keys():
            # sudo: clients of facilities that the user does not see count, too
            using = self.sudo().client_ids.filtered(
                lambda client: client.state not in ("requested", "revoked")
            )
            if using:
                raise UserError(
                    self.env._(
                        "“%(scheme)s” was approved with %(clients)s. Duplicate it and "
                        "change the copy.",
                        scheme=using[0].signature_scheme_id.name,
                        clients=", ".join(using.mapped("name")),
                    )
                )
        return super().write(vals)

    def copy_data(self, default=None):
        """Give a duplicate a name of its own."""
        vals_list = super().copy_data(default)
        for scheme, vals in zip(self, vals_list, strict=True):
            vals["name"] = self.env._("%s (copy)", scheme.name)
        return vals_list

    def action_try(self):
        """Open the dialog that tells whether a sample would be accepted."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try %s", self.name),
            "res_model": "interop.signature.try.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_scheme_id": self.id},
        }
