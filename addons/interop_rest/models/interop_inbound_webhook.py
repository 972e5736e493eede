"""Webhooks of third parties: verified as they sign, put into an envelope of ours."""

import json
import logging

from odoo import api, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import envelope as envelope_tools
from odoo.addons.interop_base.tools.errors import EnvelopeError

from ..exceptions import Problem
from ..tools import headers, vendor_envelope, vendor_signatures
from ..tools.message_signatures import SignatureRefused
from .inbound_types import Answer

_logger = logging.getLogger(__name__)


class InteropInbound(models.AbstractModel):
    """The client is named by the address; everything else is its configuration."""

    _inherit = "interop.inbound"

    @api.model
    @api.private
    def _receive_vendor(self, call):
        """Take one webhook of the vendor that ``call.vendor`` names.

        :raises Problem: refused; nothing may be committed
        """
        client_sudo, proven = self._authenticate(call, "may_send")
        value = self._parse(call.body)
        self._check_ready(client_sudo)
        line = client_sudo._event_type(call, value)
        if not line:
            raise Problem("event_not_expected", client=client_sudo.code)
        if not line.contract_id:
            _logger.info("ignored an event on purpose: client=%s", client_sudo.code)
            return Answer(200, {"status": "ignored"}, {})
        envelope = self._vendor_envelope(client_sudo, line, value, call, proven)
        content = json.dumps(
            envelope.to_dict(), ensure_ascii=False, separators=(",", ":")
        ).encode()
        return self._take(client_sudo, envelope, call._replace(content=content))

    @api.model
    def _prove_vendor(self, call, client_sudo, now):
        """Return the id that the signature covers, ``""`` if it covers none.

        :raises SignatureRefused: no proof; always so without a client
        """
        scheme = client_sudo.signature_scheme_id
        pure = (
            scheme._scheme() if scheme else vendor_signatures.Scheme("hmac-sha256", "")
        )
        path = "/" + call.url.partition("://")[2].partition("/")[2]
        sent = vendor_signatures.Sent(call.method, path, call.headers, bytes(call.body))
        try:
            keys = client_sudo._vendor_keys(now) if scheme else []
        except ValueError:
            raise SignatureRefused("malformed_key") from None
        return vendor_signatures.verify(pure, sent, keys, clock.timestamp()).msg_id

    @api.model
    def _vendor_envelope(self, client_sudo, line, value, call, proven):
        """Return the envelope of a verified body; equal bodies give equal ids."""
        find = vendor_envelope.find
        data = find(value, client_sudo.event_data_path or "")
        facility = client_sudo.event_facility_path
        moment = vendor_envelope.moment_at(value, client_sudo.event_time_path or "")
        try:
            if data is vendor_envelope.MISSING:
                pointer = client_sudo.event_data_path
                raise EnvelopeError("missing_member", pointer, "The data is missing.")
            return envelope_tools.parse_envelope(
                envelope_tools.build(
                    id=self._vendor_id(client_sudo, value, call, proven),
                    type=line.contract_id.message_type,
                    schema_version=line.contract_id.version,
                    source=f"urn:interop:client:{client_sudo.code}",
                    occurred_at=moment or clock.now().replace(microsecond=0),
                    data=data,
                    facility=vendor_envelope.text_at(value, facility)
                    if facility
                    else "",
                )
            )
        except EnvelopeError as error:
            raise self._refused("invalid_envelope", error) from None

    @api.model
    def _vendor_id(self, client_sudo, value, call, proven):
        """Return the id by which an event is known.

        :raises Problem: the place in the body holds no id
        """
        if not client_sudo.event_id_path:
            return proven or vendor_signatures.body_id(bytes(call.body))
        found = vendor_envelope.text_at(value, client_sudo.event_id_path)
        if not found:
            entry = {
                "pointer": client_sudo.event_id_path,
                "detail": "The id of the event is missing.",
                "code": "missing_member",
            }
            raise Problem("invalid_envelope", errors=[entry], client=client_sudo.code)
        return headers.message_id(found)
