"""Test a signature scheme with a sample webhook."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import rfc3339

from ..tools import vendor_signatures
from ..tools.vendor_signatures import SignatureRefused

SAMPLE_BODY = '{"id": "evt_1", "type": "example"}'
SAMPLE_SECRET = "sample-secret-of-the-vendor"  # noqa: S105 (a sample)


class InteropSignatureTryWizard(models.TransientModel):
    """Verifies a sample webhook on each change, and stores nothing.

    The sample may contain personal data and a real secret.
    """

    _name = "interop.signature.try.wizard"
    _description = "Test a Signature Scheme"

    scheme_id = fields.Many2one(
        "interop.signature.scheme", required=True, readonly=True, ondelete="cascade"
    )
    secret = fields.Char(
        store=False, help="The secret of the sample. It is not stored."
    )
    method = fields.Char(store=False, default="POST")
    path = fields.Char(store=False, default="/interop/v1/webhooks/example")
    headers = fields.Text(
        store=False, help="One header per line, such as X-Signature: value"
    )
    body = fields.Text(store=False)
    ignore_age = fields.Boolean(
        store=False,
        default=True,
        help="Verify the webhook as if it had arrived at its signed time. Clear the box to "
        "verify the age, too.",
    )
    verdict = fields.Text("Result", compute="_compute_verdict")
    accepted = fields.Boolean(compute="_compute_verdict")

    @api.model
    def default_get(self, fields):
        """Fill in a sample that is signed by the scheme."""
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
        "scheme_id", "secret", "method", "path", "headers", "body", "ignore_age"
    )
    def _compute_verdict(self):
        for wizard in self:
            try:
                wizard.verdict = wizard._verify_sample()
                wizard.accepted = True
            except SignatureRefused as error:
                wizard.verdict = wizard._reasons().get(error.reason, error.reason)
                wizard.accepted = False
            except UserError as error:
                wizard.verdict, wizard.accepted = str(error), False

    def _verify_sample(self):
        """Verify the sample and return the text of the result.

        :raises SignatureRefused: the sample is refused
        :raises UserError: the secret does not have the format of the scheme
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
        if self.ignore_age:
            now = vendor_signatures.named_time(scheme, sent, rfc3339.parse) or now
        verified = vendor_signatures.verify(
            scheme, sent, [self._key()], now, rfc3339.parse
        )
        message_id = verified.msg_id or vendor_signatures.body_id(body)
        return self.env._("Accepted. The id of the message is %s.", message_id)

    @api.model
    def _address(self, path):
        """Return the webhook address for a path."""
        return self.env["interop.rest.settings"]._public_url() + path

    def _key(self):
        """Return the bytes of the entered key."""
        text = (self.secret or "").strip()
        try:
            if self.scheme_id.algorithm == vendor_signatures.ED25519:
                return bytes.fromhex(text)
            return self.scheme_id._decode_key(text)
        except ValueError:
            raise UserError(
                self.env._(
                    "The secret does not have the format of the scheme, or has fewer than "
                    "16 bytes. Enter an Ed25519 public key as 64 hexadecimal digits, and an "
                    "ECDSA or RSA public key as PEM."
                )
            ) from None

    def _reasons(self):
        """Return the texts of refusal reasons; only administrators see them."""
        return {
            "no_matching_signature": self.env._(
                "Refused: the signature does not match the secret and the signed text. "
                "Check the secret, and paste the body without any change."
            ),
            "malformed_header": self.env._(
                "Refused: a header of the scheme is missing, repeated or malformed. Check "
                "the names of the headers and the prefix."
            ),
            "malformed_timestamp": self.env._(
                "Refused: the time is missing or does not have the time format of the "
                "scheme."
            ),
            "timestamp_too_old": self.env._(
                "Refused: the time is older than the tolerance allows."
            ),
            "timestamp_too_new": self.env._(
                "Refused: the time is further in the future than the tolerance allows."
            ),
            "ambiguous_id": self.env._("Refused: the id contains the separator."),
            "ambiguous_path": self.env._(
                "Refused: the query of the address contains the separator, or the signed "
                "text has no separator."
            ),
            "malformed_id": self.env._("Refused: the id is missing or malformed."),
            "too_many_signatures": self.env._(
                "Refused: the signature header has too many items."
            ),
        }
