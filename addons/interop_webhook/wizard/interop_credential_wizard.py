"""Store a credential of a receiver or proxy; it is never shown again."""

import re

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock

from .. import const
from ..tools import client_certificate

_TOKEN = re.compile(r"[\x21-\x7e]+")
_LINE = re.compile(r"[^\x00-\x1f\x7f]+")


class InteropCredentialWizard(models.TransientModel):
    """Takes a credential; the value has no column and is not stored in clear."""

    _name = "interop.credential.wizard"
    _description = "Set Credential"
    _inherit = "interop.secret.entry.mixin"

    endpoint_id = fields.Many2one("interop.endpoint", required=True, ondelete="cascade")
    purpose = fields.Selection(const.PURPOSES, required=True, default="receiver")
    auth_method = fields.Selection(related="endpoint_id.auth_method")

    def _store(self, value):
        """Encrypt ``value`` as the new credential of the endpoint; revoke the old one."""
        self.ensure_one()
        endpoint = self.endpoint_id
        endpoint.check_access("write")
        valid_to = self._checked(value)
        previous = endpoint.secret_ids.filtered(
            lambda secret: secret.purpose == self.purpose
        )
        label = dict(const.PURPOSES)[self.purpose]
        secret = self.env["interop.secret"]._create_value(
            {
                "name": f"{label} ({endpoint.name})",
                "system_id": endpoint.system_id.id,
                "company_id": endpoint.company_id.id,
                "kind": "credential",
                "purpose": self.purpose,
                "endpoint_id": endpoint.id,
                "valid_from": clock.now(),
                "valid_to": valid_to,
            },
            value,
        )
        previous._set_revoked()
        self.env["interop.audit.event"]._log("rotated", secret)
        return secret

    def _checked(self, value):
        """Check a value and return its expiry; error texts never contain the value.

        :raises UserError: the value is malformed or has expired
        """
        if self.purpose == "client_certificate":
            try:
                end = client_certificate.expiry(value)
            except client_certificate.CertificateRefusal as refusal:
                raise UserError(str(refusal)) from None
            if end <= clock.now():
                raise UserError(
                    self.env._(
                        "The client certificate has expired. Paste a valid certificate."
                    )
                )
            return min(self.valid_to or end, end)
        if self.purpose == "proxy" and not value.partition(":")[2]:
            raise UserError(
                self.env._(
                    "The proxy credential has no password. Enter user and password with a "
                    "colon between them."
                )
            )
        bearer = self.purpose == "receiver" and (
            self.endpoint_id.auth_method == "bearer"
        )
        pattern = _TOKEN if bearer else _LINE
        if not pattern.fullmatch(value):
            raise UserError(
                self.env._(
                    "The credential is malformed. Enter one line. A bearer token has "
                    "visible ASCII characters only."
                )
            )
        if self.valid_to and self.valid_to <= clock.now():
            raise UserError(
                self.env._(
                    "The date under Valid Until is in the past. Enter a later date, or "
                    "leave it empty."
                )
            )
        return self.valid_to
