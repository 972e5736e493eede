"""Signature schemes of vendors."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.interop_base.tools import jsonlimits

from ..tools import vendor_envelope, vendor_keys, vendor_signatures
from ..tools.vendor_challenge import Challenge
from ..tools.vendor_signatures import Scheme

ALGORITHMS = [
    ("hmac-sha256", "HMAC-SHA256"),
    ("hmac-sha512", "HMAC-SHA512"),
    ("hmac-sha1", "HMAC-SHA1 (weak)"),
    ("ed25519", "Ed25519"),
    ("ecdsa-p256-sha256", "ECDSA P-256 with SHA-256 (public key)"),
    ("rsa-sha256", "RSA with SHA-256 (public key)"),
]


CHALLENGE_FIELDS = (
    "challenge_answer",
    "challenge_kind_path",
    "challenge_kind",
    "challenge_token_path",
    "challenge_member",
    "challenge_proof_member",
)


class InteropSignatureScheme(models.Model):
    """Describes how a vendor signs; see ``tools.vendor_signatures.Scheme``."""

    _name = "interop.signature.scheme"
    _description = "Signature Scheme"
    _inherit = ["mail.thread"]
    _order = "name"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    note = fields.Text(
        "Notes",
        help="Where to find the secret on the vendor's pages, and what its events contain.",
    )
    algorithm = fields.Selection(
        ALGORITHMS, required=True, default="hmac-sha256", tracking=True
    )
    header = fields.Char(
        "Signature Header",
        required=True,
        tracking=True,
        help="The name of the header with the signature.",
    )
    encoding = fields.Selection(
        [("hex", "Hexadecimal"), ("base64", "Base64")],
        required=True,
        default="hex",
        tracking=True,
    )
    listed = fields.Selection(
        [("comma", "Separated by Commas"), ("space", "Separated by Spaces")],
        "Several Signatures",
        tracking=True,
        help="Choose a separator if the header can contain several signatures, or other "
        "items. Leave empty if it contains one signature only.",
    )
    prefix = fields.Char(
        trim=False,
        tracking=True,
        help="The text before a signature, such as sha256= or v1=. Items of a list without "
        "this prefix are ignored. Leave empty if there is no prefix.",
    )
    template = fields.Char(
        "Signed Text",
        required=True,
        default="{body}",
        trim=False,
        tracking=True,
        help="The text that the vendor signs. It contains {body} and, depending on the "
        "vendor, {timestamp}, {id}, {method}, {path} (with the query) and {url} (the whole "
        "address). Other text is signed unchanged. Put a separator that no id contains "
        "between {id} and the next part.",
    )
    timestamp_header = fields.Char(
        tracking=True,
        help="The name of the header with the signed time. It may be the signature header, "
        "if the time is an item of that list. Leave empty if no time is signed.",
    )
    timestamp_prefix = fields.Char(
        trim=False,
        tracking=True,
        help="The text before the time in the signature header, such as t=.",
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
        help="Maximum difference between the signed time and the clock of this server, in "
        "both directions.",
    )
    id_header = fields.Char(
        tracking=True,
        help="The name of the header with the message id, if the signature covers it. An "
        "unsigned id is ignored. Leave empty to identify messages by their body or by a "
        "field in it.",
    )
    key_encoding = fields.Selection(
        [
            ("text", "Plain Text"),
            ("base64", "Base64 (prefix whsec_ is ignored)"),
            ("hex", "Hexadecimal"),
        ],
        "Secret Format",
        default="text",
        required=True,
        tracking=True,
    )
    body_format = fields.Selection(
        [("json", "JSON"), ("form", "Form (x-www-form-urlencoded)")],
        "Body",
        required=True,
        default="json",
        tracking=True,
        help="The format of the body. The fields of a form become texts.",
    )
    challenge_answer = fields.Selection(
        [
            ("text", "Challenge as Text"),
            ("json", "JSON with the Challenge"),
            ("hmac", "JSON with the Challenge and Its HMAC"),
        ],
        tracking=True,
        help="The answer that the vendor expects when it verifies the webhook address with "
        "a challenge. Leave empty if the vendor sends no challenge. Only challenges with "
        "a valid signature are answered.",
    )
    challenge_kind_path = fields.Char(
        "Request Type Place",
        tracking=True,
        help="The place of the request type in the body, such as /type. The type tells "
        "challenges and events apart.",
    )
    challenge_kind = fields.Char(
        "Challenge Type",
        tracking=True,
        help="The request type of a challenge, such as url_verification.",
    )
    challenge_token_path = fields.Char(
        "Challenge Place",
        tracking=True,
        help="The place of the challenge text in the body, such as /challenge.",
    )
    challenge_member = fields.Char(
        tracking=True,
        help="The name of the challenge text in the answer, such as challenge.",
    )
    challenge_proof_member = fields.Char(
        "HMAC Member",
        tracking=True,
        help="The name of the HMAC in the answer, such as encryptedToken. The HMAC uses the "
        "algorithm and encoding of the signature.",
    )
    is_ambiguous = fields.Boolean(
        "No Separators",
        compute="_compute_is_weak",
        help="Parts of the signed text have no separator between them. An attacker could "
        "move bytes from one part to the next.",
    )
    is_weak = fields.Boolean(
        "Weak",
        compute="_compute_is_weak",
        help="The scheme signs no time, uses an outdated algorithm, or has no separators.",
    )
    client_ids = fields.One2many("interop.client", "signature_scheme_id", readonly=True)

    _name_uniq = models.Constraint(
        "UNIQUE (name)",
        "A signature scheme with this name already exists. Enter another name.",
    )
    _tolerance_range = models.Constraint(
        "CHECK (tolerance BETWEEN 1 AND 3600)",
        "The tolerance must be between 1 and 3,600 seconds.",
    )

    @api.depends("template", "algorithm")
    def _compute_is_weak(self):
        for scheme in self:
            scheme.is_ambiguous = scheme._scheme().ambiguous
            scheme.is_weak = scheme._scheme().weak

    def _scheme(self):
        """Return the scheme as a value of the pure code."""
        self.ensure_one()
        values = {name: self[name] or "" for name in Scheme._fields}
        return Scheme(**{**values, "tolerance": self.tolerance or 0})

    def _challenge(self):
        """Return the challenge settings as a value of the pure code."""
        self.ensure_one()
        values = {name: self[f"challenge_{name}"] or "" for name in Challenge._fields}
        return Challenge(**values)

    def _is_public(self):
        """Return whether signatures are verified with a public key (PEM)."""
        self.ensure_one()
        return self.algorithm in vendor_keys.ALGORITHMS

    def _decode_key(self, text):
        """Return the bytes of a secret or public key that a user entered.

        :raises ValueError: the text does not have the format of the scheme
        """
        self.ensure_one()
        if self._is_public():
            return vendor_keys.read(text, self.algorithm)
        return vendor_signatures.decode_key(text, self.key_encoding)

    @api.constrains("template")
    def _check_separators(self):
        """Refuse an ambiguous signed text.

        A scheme that was saved before this check existed stays usable and is shown as
        weak.
        """
        for scheme in self.filtered("is_ambiguous"):
            raise ValidationError(
                self.env._(
                    "The signed text of scheme %s is ambiguous, because two parts have no "
                    "separator. Put a text that no id contains, such as a dot, between "
                    "{id} and the next part, and use {body} once. A time needs no "
                    "separator.",
                    scheme.name,
                )
            )

    @api.constrains("algorithm", *CHALLENGE_FIELDS)
    def _check_challenge(self):
        for scheme in self.filtered("challenge_answer"):
            challenge = scheme._challenge()
            needed = [*CHALLENGE_FIELDS[1:4]]
            needed += CHALLENGE_FIELDS[4:5] if challenge.answer != "text" else []
            needed += CHALLENGE_FIELDS[5:] if challenge.answer == "hmac" else []
            missing = [self._fields[name].string for name in needed if not scheme[name]]
            paths = (challenge.kind_path, challenge.token_path)
            members = filter(None, (challenge.member, challenge.proof_member))
            if missing:
                problem = self.env._("Fill in: %s.", ", ".join(missing))
            elif not all(map(vendor_envelope.is_pointer, paths)):
                problem = self.env._(
                    "Enter places in the body as JSON Pointers, such as "
                    "/payload/plainToken."
                )
            elif not all(map(jsonlimits.SAFE_NAME.fullmatch, members)):
                problem = self.env._(
                    "Use up to 64 letters, digits, dots, hyphens and underscores for the "
                    "names of members."
                )
            elif challenge.answer == "hmac" and (
                scheme.algorithm not in vendor_signatures.HASHES
            ):
                problem = self.env._(
                    "Choose an HMAC algorithm for an answer with HMAC."
                )
            else:
                continue
            raise ValidationError(
                self.env._(
                    "The challenge answer of scheme %(name)s is incomplete or wrong. "
                    "%(problem)s",
                    name=scheme.name,
                    problem=problem,
                )
            )

    @api.constrains(*Scheme._fields)
    def _check_scheme(self):
        texts = {
            "no_body": self.env._("Add {body} to the signed text."),
            "unknown_place": self.env._(
                "Use only {body}, {timestamp}, {id}, {method}, {path} and {url} in braces "
                "in the signed text."
            ),
            "no_timestamp_header": self.env._(
                "Enter the timestamp header, because the signed text contains {timestamp}."
            ),
            "timestamp_not_signed": self.env._(
                "Add {timestamp} to the signed text, or remove the timestamp header."
            ),
            "no_id_header": self.env._(
                "Enter the id header, because the signed text contains {id}."
            ),
            "id_not_signed": self.env._(
                "Add {id} to the signed text, or remove the id header. An attacker could "
                "change an unsigned id."
            ),
            "no_list": self.env._(
                "Choose a separator under Several Signatures, because the signature header "
                "also contains the time."
            ),
        }
        for scheme in self:
            for code in vendor_signatures.problems(scheme._scheme()):
                raise ValidationError(
                    self.env._(
                        "Scheme %(name)s would accept no webhook. %(problem)s",
                        name=scheme.name,
                        problem=texts[code],
                    )
                )

    def write(self, vals):
        """Refuse changes of a scheme that was approved with a client."""
        if {*Scheme._fields, *CHALLENGE_FIELDS, "body_format"} & vals.keys():
            # sudo: clients of facilities that the user cannot see count as well
            using = self.sudo().client_ids.filtered(
                lambda client: client.state not in ("requested", "revoked")
            )
            if using:
                raise UserError(
                    self.env._(
                        "Scheme %(scheme)s was approved with these clients: %(clients)s. "
                        "Duplicate it, change the copy, and select the copy on the clients.",
                        scheme=using[0].signature_scheme_id.name,
                        clients=", ".join(using.mapped("name")),
                    )
                )
            # A change of the scheme changes clients that wait for approval, so the user
            # cannot approve them. sudo: clients of every facility
            self.sudo().client_ids.filtered(
                lambda client: client.state == "requested"
            )._note_editor()
        return super().write(vals)

    def copy_data(self, default=None):
        """Give the duplicate a unique name."""
        vals_list = super().copy_data(default)
        for scheme, vals in zip(self, vals_list, strict=True):
            vals["name"] = self.env._("%s (copy)", scheme.name)
        return vals_list

    def action_try(self):
        """Open the dialog that verifies a sample webhook."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test %s", self.name),
            "res_model": "interop.signature.try.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_scheme_id": self.id},
        }

    def _approval_texts(self):
        """Return the values of this scheme that an approval of a client covers."""
        self.ensure_one()
        return [
            *(f"{name}: {item}" for name, item in self._scheme()._asdict().items()),
            *(f"{name}: {self[name]}" for name in CHALLENGE_FIELDS if self[name]),
            f"body_format: {self.body_format}",
        ]
