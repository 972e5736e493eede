"""Webhooks of third parties: verified as they sign, put into an envelope of ours."""

import json
import logging

from odoo import api, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import rfc3339

from .. import const
from ..exceptions import Problem
from ..tools import headers, vendor_challenge, vendor_envelope, vendor_signatures
from ..tools.message_signatures import SignatureRefused
from . import vendor_event
from .inbound_types import Answer
from .interop_inbound_authenticate import Proof

_logger = logging.getLogger(__name__)
_IGNORED = Answer(200, {"status": "ignored"}, {})


class InteropInbound(models.AbstractModel):
    """The client is named by the address; everything else is its configuration."""

    _inherit = "interop.inbound"

    @api.model
    @api.private
    def _receive_vendor(self, call):
        """Take one webhook of the vendor that ``call.vendor`` names.

        A body with several events is taken as a whole or not at all.

        :raises Problem: refused; nothing may be committed
        """
        client_sudo, proven = self._authenticate(call, "may_send")
        value = self._vendor_value(client_sudo, call)
        answer = self._challenge_answer(client_sudo, call, value)
        if answer:
            return answer
        self._check_ready(client_sudo)
        events, listed = vendor_event.events(
            client_sudo, value, bytes(call.body), proven, const.BATCH_MESSAGES
        )
        if not listed:
            return self._take_event(client_sudo, events[0], call, proven)[1]
        results = []
        for number, event in enumerate(events):
            try:
                known, answer = self._take_event(
                    client_sudo, event, call, proven, pauses=()
                )
            except Problem as problem:
                raise vendor_event.located(
                    problem, event, client_sudo.event_data_path or ""
                ) from None
            result = self._item_result({"id": known} if known else {}, answer)
            results.append({"index": number, **result})
        waits = any(result["status"] == 202 for result in results)
        return Answer(202 if waits else 200, {"results": results}, {})

    @api.model
    def _take_event(self, client_sudo, event, call, proven, pauses=const.LOCK_PAUSES):
        """Take one event; return its id (``""`` if it is ignored) and the answer.

        :raises Problem: refused
        """
        line = client_sudo._event_type(call, event.value)
        if not line:
            raise Problem("event_not_expected", client=client_sudo.code)
        if not line.contract_id:
            _logger.info("ignored an event on purpose: client=%s", client_sudo.code)
            return "", _IGNORED
        envelope = vendor_event.enveloped(client_sudo, event, line.contract_id, proven)
        content = json.dumps(
            envelope.to_dict(), ensure_ascii=False, separators=(",", ":")
        ).encode()
        item = call._replace(body=event.body, content=content)
        return envelope.id, self._take(client_sudo, envelope, item, pauses)

    @api.model
    def _vendor_value(self, client_sudo, call):
        """Return what a verified body says: the value of its JSON, with integers of any
        size, or the fields of a form.

        :raises Problem: not written as the scheme says
        """
        expected = client_sudo.signature_scheme_id.body_format
        is_form = headers.is_form(headers.find(call.headers, "Content-Type"))
        if is_form != (expected == "form"):
            accepted = headers.FORM if expected == "form" else headers.MEDIA_TYPES[0]
            raise Problem(
                "unsupported_media_type",
                headers={"Accept": accepted},
                client=client_sudo.code,
            )
        if not is_form:
            return self._parse(call.body, any_integer=True)
        try:
            return vendor_envelope.read_form(
                bytes(call.body), self._setting(const.PARAM_MAX_ITEMS)
            )
        except ValueError:
            pass
        # Raised out here: the error quotes the body.
        raise Problem("invalid_form", client=client_sudo.code)

    @api.model
    def _challenge_answer(self, client_sudo, call, value):
        """Return the answer to the challenge of a vendor that verifies this address, None
        for any other body.

        :raises Problem: it is a challenge, but malformed
        """
        scheme = client_sudo.signature_scheme_id
        challenge = scheme._challenge()
        try:
            text = vendor_challenge.token(challenge, value)
        except ValueError as error:
            entry = {
                "pointer": challenge.token_path,
                "detail": str(error),
                "code": "invalid",
            }
            raise Problem(
                "invalid_envelope", errors=[entry], client=client_sudo.code
            ) from None
        if text is None:
            return None
        key = self._proving_key(client_sudo, call)
        body = vendor_challenge.answer(
            challenge, text, key, scheme.algorithm, scheme.encoding
        )
        media_type = vendor_challenge.MEDIA_TYPES.get(challenge.answer, "")
        _logger.info("answered a challenge: client=%s", client_sudo.code)
        return Answer(200, body, {}, media_type or "application/json")

    @api.model
    def _proving_key(self, client_sudo, call):
        """Return the raw key that proves a call, of several during a rotation."""
        for key in client_sudo._vendor_keys(clock.now()):
            try:
                self._verified(client_sudo, call, [key])
            except SignatureRefused:
                continue
            return key
        raise Problem("unauthorized", client=client_sudo.code)

    @api.model
    def _prove_vendor(self, call, client_sudo, now):
        """Return the ``Proof`` with what the signature proves,
        ``vendor_signatures.Proven``.

        :raises SignatureRefused: no proof; always so without a client
        """
        try:
            keys = (
                client_sudo._vendor_keys(now) if client_sudo.signature_scheme_id else []
            )
        except ValueError:
            raise SignatureRefused("malformed_key") from None
        proven = self._verified(client_sudo, call, keys)
        return Proof(proven, self._proving_secret(client_sudo, call, now).id)

    @api.model
    def _proving_secret(self, client_sudo, call, now):
        """Return the secret that proves a call that was proven."""
        secrets_sudo = client_sudo._vendor_secrets(now)
        if len(secrets_sudo) == 1:
            return secrets_sudo
        readable = client_sudo._readable(secrets_sudo)
        for (secret_sudo, _text), key in zip(
            readable, client_sudo._vendor_keys(now), strict=True
        ):
            try:
                self._verified(client_sudo, call, [key])
            except SignatureRefused:
                continue
            return secret_sudo
        return secrets_sudo.browse()

    @api.model
    def _verified(self, client_sudo, call, keys):
        """Return what the signature proves with these keys.

        :raises SignatureRefused: no proof
        """
        scheme = client_sudo.signature_scheme_id
        pure = (
            scheme._scheme() if scheme else vendor_signatures.Scheme("hmac-sha256", "")
        )
        path = "/" + call.url.partition("://")[2].partition("/")[2]
        sent = vendor_signatures.Sent(
            call.method, path, call.headers, bytes(call.body), call.url
        )
        return vendor_signatures.verify(
            pure, sent, keys, clock.timestamp(), rfc3339.parse
        )
