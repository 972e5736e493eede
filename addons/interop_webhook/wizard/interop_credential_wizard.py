"""Takes a credential from the other side. It goes in and never comes out again."""

import re

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock

from .. import const
from ..tools import client_certificate

_TOKEN = re.compile(r"[\x21-\x7e]+")
_LINE = re.compile(r"[^\x00-\x1f\x7f]+")


class InteropCredentialWizard(models.TransientModel):
    """Pasted value of a credential. The value has no column: nothing is kept in clear."""

    _name = "interop.credential.wizard"
    _description = "Set a Credential"
    _inherit = "interop.secret.entry.mixin"

    endpoint_id = fields.Many2one("interop.endpoint", required=True, ondelete="cascade")
    purpose = fields.Selection(const.PURPOSES, required=True, default="receiver")
    auth_method = fields.Selection(related="endpoint_id.auth_method")

    def _store(self, value):
        """Encrypt ``value`` as the endpoint's newest credential; the old one ends."""
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
        """Return until when ``value`` holds, or raise ``UserError``; never show it."""
        if self.purpose == "client_certificate":
            try:
                end = client_certificate.expiry(value)
            except client_certificate.CertificateRefusal as refusal:
                raise UserError(str(refusal)) from None
            if end <= clock.now():
                raise UserError(self.env._("This certificate has expired."))
            return min(self.valid_to or end, end)
        if self.purpose == "proxy" and not value.partition(":")[2]:
            raise UserError(
                self.env._("Write user and password with a colon in between.")
            )
        bearer = self.purpose == "receiver" and (
            self.endpoint_id.auth_method == "bearer"
        )
        pattern = _TOKEN if bearer else _LINE
        if not pattern.fullmatch(value):
            raise UserError(
                self.env._(
                    "The credential is one line, and a bearer token has visible ASCII "
                    "characters only."
                )
            )
        if self.valid_to and self.valid_to <= clock.now():
            raise UserError(self.env._("This credential has expired already."))
        return self.valid_to
