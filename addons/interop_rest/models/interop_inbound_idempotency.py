"""Idempotency-Key, for messages that are not signed as webhooks."""

from odoo import api, models

from ..exceptions import Problem
from ..tools import headers


class InteropInbound(models.AbstractModel):
    """The key is the id of the message: the same lock, the same row, the same answer."""

    _inherit = "interop.inbound"

    @api.model
    def _idempotency_key(self, call, client_sudo):
        """Return the key of a proven call, ``""`` if none counts: a webhook has an id
        that its signature covers, and this header is none of it.

        :raises Problem: the key is missing where it is required, or is no key
        """
        if self._method(call) not in ("token", "http_signature"):
            return ""
        name = headers.IDEMPOTENCY_KEY.lower()
        values = [value for key, value in call.headers if key.lower() == name]
        if not values:
            if client_sudo.requires_idempotency_key:
                raise Problem("idempotency_key_missing", client=client_sudo.code)
            return ""
        key = headers.idempotency_key(values[0]) if len(values) == 1 else ""
        if not key:
            raise Problem("idempotency_key_invalid", client=client_sudo.code)
        return key
