"""How vendors sign their webhooks."""

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
        help="With {body} and, as the vendor does it, {timestamp}, {id}, {method}, "
        "{path} (with the query) and {url} (the whole address). Other text is signed "
        "unchanged. Put a separator that no id contains between {id} and the next "
        "part.",
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
    body_format = fields.Selection(
        [("json", "JSON"), ("form", "Form (x-www-form-urlencoded)")],
        "Body",
        required=True,
        default="json",
        tracking=True,
        help="How the vendor writes the body. The fields of a form become texts.",
    )
    challenge_answer = fields.Selection(
        [
            ("text", "The challenge itself"),
            ("json", "JSON with the challenge"),
            ("hmac", "JSON with the challenge and its HMAC"),
        ],
        "Answer to a Challenge",
        tracking=True,
        help="What the vendor expects when it verifies the address with a challenge. "
        "Leave empty if it sends none. Only a challenge with a valid signature is "
        "answered.",
    )
    challenge_kind_path = fields.Char(
        "Kind Found At",
        tracking=True,
        help="The place in the body of the kind of the request, such as /type. The "
        "kind shows whether it is a challenge or an event.",
    )
    challenge_kind = fields.Char(
        "Kind of a Challenge",
        tracking=True,
        help="The kind of a challenge at that place, such as url_verification.",
    )
    challenge_token_path = fields.Char(
        "Challenge Found At",
        tracking=True,
        help="The place in the body of the text to send back, such as /challenge.",
    )
    challenge_member = fields.Char(
        "Member of the Challenge",
        tracking=True,
        help="The name of that text in the answer, such as challenge.",
    )
    challenge_proof_member = fields.Char(
        "Member of the HMAC",
        tracking=True,
        help="The name of its HMAC in the answer, such as encryptedToken. It is made "
        "with the algorithm and encoding of the signature.",
    )
    is_ambiguous = fields.Boolean(
        "Without Separators",
        compute="_compute_is_weak",
        help="Parts of what is signed follow each other without a separator, so that "
        "bytes can move from one to the other.",
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
            scheme.is_ambiguous = scheme._scheme().ambiguous
            scheme.is_weak = scheme._scheme().weak

    def _scheme(self):
        """Return the scheme as the pure code wants it."""
        self.ensure_one()
        values = {name: self[name] or "" for name in Scheme._fields}
        return Scheme(**{**values, "tolerance": self.tolerance or 0})

    def _challenge(self):
        """Return the vendor's challenge and its answer as the pure code wants them."""
        self.ensure_one()
        values = {name: self[f"challenge_{name}"] or "" for name in Challenge._fields}
        return Challenge(**values)

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

    @api.constrains("template")
    def _check_separators(self):
        """Refuse what can be read in two ways; a scheme that was saved before goes on and
        is shown as weak."""
        for scheme in self.filtered("is_ambiguous"):
            raise ValidationError(
                self.env._(
                    "“%s”: parts of what is signed need a separator, or bytes can move "
                    "from one to the other. Put a text that no id contains between {id} "
                    "and the next part, such as a dot, and name {body} once. A time needs "
                    "no separator.",
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
                problem = self.env._("fill in %s", ", ".join(missing))
            elif not all(map(vendor_envelope.is_pointer, paths)):
                problem = self.env._(
                    "a place in the body is a JSON Pointer such as /payload/plainToken"
                )
            elif not all(map(jsonlimits.SAFE_NAME.fullmatch, members)):
                problem = self.env._(
                    "a member has up to 64 letters, digits, dots, hyphens and underscores"
                )
            elif challenge.answer == "hmac" and (
                scheme.algorithm not in vendor_signatures.HASHES
            ):
                problem = self.env._("an HMAC needs an HMAC algorithm")
            else:
                continue
            raise ValidationError(
                self.env._(
                    "The answer of “%(name)s” to a challenge: %(problem)s.",
                    name=scheme.name,
                    problem=problem,
                )
            )

    @api.constrains(*Scheme._fields)
    def _check_scheme(self):
        texts = {
            "no_body": self.env._("what is signed has to contain {body}"),
            "unknown_place": self.env._(
                "what is signed may only contain {body}, {timestamp}, {id}, {method}, "
                "{path} and {url} in braces"
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
        if {*Scheme._fields, *CHALLENGE_FIELDS, "body_format"} & vals.keys():
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
            # Who edits the scheme edits what the clients that wait are approved with.
            # sudo: clients of every facility
            self.sudo().client_ids.filtered(
                lambda client: client.state == "requested"
            )._note_editor()
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

    def _approval_texts(self):
        """Return what an approval of a client says about this scheme."""
        self.ensure_one()
        return [
            *(f"{name}: {item}" for name, item in self._scheme()._asdict().items()),
            *(f"{name}: {self[name]}" for name in CHALLENGE_FIELDS if self[name]),
            f"body_format: {self.body_format}",
        ]
