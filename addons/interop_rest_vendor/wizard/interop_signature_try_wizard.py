"""Say whether a webhook would be accepted."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import rfc3339

from ..tools import vendor_signatures
from ..tools.vendor_signatures import SignatureRefused

SAMPLE_BODY = '{"id": "evt_1", "type": "example"}'
SAMPLE_SECRET = "sample-secret-of-the-vendor"  # noqa: S105 (a sample)


class InteropSignatureTryWizard(models.TransientModel):
    """Answers while one types. Nothing of it is stored: a pasted webhook may hold
    personal data, and the secret is one."""

    _name = "interop.signature.try.wizard"
    _description = "Try a Signature Scheme"

    scheme_id = fields.Many2one(
        "interop.signature.scheme", required=True, readonly=True, ondelete="cascade"
    )
    secret = fields.Char(store=False, help="It is not stored.")
    method = fields.Char(store=False, default="POST")
    path = fields.Char(store=False, default="/interop/v1/webhooks/example")
    headers = fields.Text(store=False, help="One per line: Name: value")
    body = fields.Text(store=False)
    at_its_time = fields.Boolean(
        "As If It Came in Time",
        store=False,
        default=True,
        help="Judge it at the time it names, not now.",
    )
    verdict = fields.Text(compute="_compute_verdict")
    accepted = fields.Boolean(compute="_compute_verdict")

    @api.model
    def default_get(self, fields):
        """Begin with a sample that is signed as the scheme says."""
        values = super().default_get(fields)
        scheme = self.env["interop.signature.scheme"].browse(values.get("scheme_id"))
        if scheme and scheme.algorithm in vendor_signatures.HASHES:
            values.update(self._sample(scheme))
        return values

    @api.model
    def _sample(self, scheme):
        """Return the values of a sample."""
        pure = scheme._scheme()._replace(key_encoding="text")
        path = "/interop/v1/webhooks/example"
        sent = vendor_signatures.Sent(
            "POST", path, [], SAMPLE_BODY.encode(), self._address(path)
        )
        timestamp = vendor_signatures.written(pure.timestamp_format, clock.timestamp())
        signature = vendor_signatures.sign(
            pure, sent, SAMPLE_SECRET.encode(), timestamp, "evt_1"
        )
        lines = {pure.header: signature}
        if pure.timestamp_header:
            lines.setdefault(pure.timestamp_header, timestamp)
        if pure.id_header:
            lines[pure.id_header] = "evt_1"
        encoded = vendor_signatures.encode_key(
            SAMPLE_SECRET.encode(), scheme.key_encoding
        )
        return {
            "secret": encoded,
            "body": SAMPLE_BODY,
            "headers": "\n".join(f"{name}: {value}" for name, value in lines.items()),
        }

    @api.depends(
        "scheme_id", "secret", "method", "path", "headers", "body", "at_its_time"
    )
    def _compute_verdict(self):
        for wizard in self:
            try:
                wizard.verdict = wizard._judged()
                wizard.accepted = True
            except SignatureRefused as error:
                wizard.verdict = wizard._reasons().get(error.reason, error.reason)
                wizard.accepted = False
            except UserError as error:
                wizard.verdict, wizard.accepted = str(error), False

    def _judged(self):
        """Return what an accepted sample proves.

        :raises SignatureRefused: it is refused
        """
        scheme = self.scheme_id._scheme()
        body = (self.body or "").encode()
        pairs = [
            (name.strip(), value.strip())
            for name, separator, value in (
                line.partition(":") for line in (self.headers or "").splitlines()
            )
            if separator
        ]
        sent = vendor_signatures.Sent(
            self.method or "POST",
            self.path or "/",
            pairs,
            body,
            self._address(self.path or "/"),
        )
        now = clock.timestamp()
        if self.at_its_time:
            now = vendor_signatures.named_time(scheme, sent, rfc3339.parse) or now
        proven = vendor_signatures.verify(
            scheme, sent, [self._key()], now, rfc3339.parse
        )
        known = proven.msg_id or vendor_signatures.body_id(body)
        return self.env._("Accepted. The signature makes it known as %s.", known)

    @api.model
    def _address(self, path):
        """Return the address that a vendor would call."""
        return self.env["interop.rest.settings"]._public_url() + path

    def _key(self):
        """Return the key that was typed in, raw."""
        text = (self.secret or "").strip()
        try:
            if self.scheme_id.algorithm == vendor_signatures.ED25519:
                return bytes.fromhex(text)
            return self.scheme_id._decode_key(text)
        except ValueError:
            raise UserError(
                self.env._(
                    "The secret is not written as the scheme says, or has less than 16 "
                    "bytes (an Ed25519 public key: 64 hexadecimal digits; an ECDSA or RSA "
                    "key: PEM)."
                )
            ) from None

    def _reasons(self):
        """Return the reasons of refusals in words; only administrators see them."""
        return {
            "no_matching_signature": self.env._(
                "Refused: the signature is not that of this secret over what is signed. "
                "Check the secret, and that the body is the very one, byte by byte."
            ),
            "malformed_header": self.env._(
                "Refused: a header that the scheme names is missing, there twice, or not "
                "written as it says."
            ),
            "malformed_timestamp": self.env._(
                "Refused: the time is missing or not written as the scheme says."
            ),
            "timestamp_too_old": self.env._("Refused: the time is too long ago."),
            "timestamp_too_new": self.env._("Refused: the time is in the future."),
            "ambiguous_id": self.env._(
                "Refused: the id contains the separator that stands beside it."
            ),
            "ambiguous_path": self.env._(
                "Refused: the query of the address contains the separator that stands "
                "beside it, or there is a query and no separator."
            ),
            "malformed_id": self.env._("Refused: the id is missing or no id."),
            "too_many_signatures": self.env._("Refused: too many signatures."),
        }
