"""Receive webhooks of third parties and turn them into messages.

The address names the client. The client has the signature scheme and the places of the
event's id, type, time and data.
"""

import json
import logging
from functools import partial

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import Refused
from odoo.addons.interop_base.inbound import pipeline, read, store
from odoo.addons.interop_base.tools import rfc3339
from odoo.addons.interop_rest import const
from odoo.addons.interop_rest.exceptions import Problem
from odoo.addons.interop_rest.services.authenticate import Verified, authenticate
from odoo.addons.interop_rest.services.call import Answer
from odoo.addons.interop_rest.services.messages import (
    answer_taken,
    delivery,
    item_result,
)
from odoo.addons.interop_rest.tools import headers, message_signatures

from ..tools import vendor_challenge, vendor_envelope, vendor_signatures
from ..tools.vendor_signatures import SignatureRefused
from . import vendor_event

_logger = logging.getLogger(__name__)
_IGNORED = Answer(200, {"status": "ignored"}, {})


def receive(env, call, code):
    """Receive one webhook of the client with this code.

    A body with several events is accepted as a whole or refused as a whole.

    :raises Refused: nothing was stored; the caller must roll back
    """
    client_sudo, verified = authenticate(
        env, call, "may_send", code=code, method="vendor", verify=verify_vendor
    )
    limits = env["interop.rest.settings"]._limits()
    value = _value(client_sudo, call, limits)
    answer = _challenge_answer(client_sudo, call, value)
    if answer:
        return answer
    pipeline.check_ready(client_sudo)
    events, listed = vendor_event.events(
        client_sudo, value, bytes(call.body), verified, const.BATCH_MESSAGES
    )
    take = partial(_take, env, client_sudo, call, verified)
    if not listed:
        return take(events[0])[1]
    results = []
    for number, event in enumerate(events):
        try:
            event_id, answer = take(event, pauses=())
        except Refused as refused:
            raise vendor_event.located(
                Problem.of(refused), event, client_sudo.event_data_path or ""
            ) from None
        result = item_result({"id": event_id} if event_id else {}, answer)
        results.append({"index": number, **result})
    waits = any(result["status"] == 202 for result in results)
    return Answer(202 if waits else 200, {"results": results}, {})


def _take(env, client_sudo, call, verified, event, pauses=store.LOCK_PAUSES):
    """Receive one event; return its id (``""`` if it is ignored) and the answer.

    :raises Refused: the event type is not set up, or the pipeline refused the message
    """
    line = client_sudo._event_type(call, event.value)
    if not line:
        raise Problem("event_not_expected", client=client_sudo.code)
    if not line.contract_id:
        _logger.info("ignored an event as configured: client=%s", client_sudo.code)
        return "", _IGNORED
    envelope = vendor_event.enveloped(client_sudo, event, line.contract_id, verified)
    content = json.dumps(
        envelope.to_dict(), ensure_ascii=False, separators=(",", ":")
    ).encode()
    item = call._replace(body=event.body)
    delivered = delivery(env, item, content=content, pauses=pauses)
    taken = pipeline.take(client_sudo, envelope, delivered)
    return envelope.id, answer_taken(taken, item)


def _value(client_sudo, call, limits):
    """Return the parsed body: its JSON value with integers of any size, or form fields.

    :raises Refused: the body does not have the format of the scheme
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
        return read.parse(call.body, limits, any_integer=True)
    try:
        return vendor_envelope.read_form(bytes(call.body), limits.max_items)
    except ValueError:
        pass
    # Raised outside the except block, because the caught error quotes the body.
    raise Problem("invalid_form", client=client_sudo.code)


# === CHALLENGES === #


def _challenge_answer(client_sudo, call, value):
    """Return the answer to a challenge of the vendor, None for any other body.

    A vendor verifies the webhook address with a challenge.

    :raises Problem: the challenge is malformed
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
    key = _matching_key(client_sudo, call)
    body = vendor_challenge.answer(
        challenge, text, key, scheme.algorithm, scheme.encoding
    )
    media_type = vendor_challenge.MEDIA_TYPES.get(challenge.answer, "")
    _logger.info("answered a challenge: client=%s", client_sudo.code)
    return Answer(200, body, {}, media_type or "application/json")


def _matching_key(client_sudo, call):
    """Return the raw key that matches the signature; a rotation has several keys."""
    for key in client_sudo._vendor_keys(clock.now()):
        try:
            _verify_with(client_sudo, call, [key])
        except SignatureRefused:
            continue
        return key
    raise Problem("unauthorized", client=client_sudo.code)


# === AUTHENTICATION === #


def verify_vendor(call, client_sudo, now):
    """Verify the signature of a vendor; ``covered`` is ``vendor_signatures.Verified``.

    :raises message_signatures.SignatureRefused: no key matches; always so for an empty
        client
    """
    try:
        return _verify_vendor(call, client_sudo, now)
    except SignatureRefused as error:
        raise message_signatures.SignatureRefused(error.reason) from None


def _verify_vendor(call, client_sudo, now):
    try:
        keys = client_sudo._vendor_keys(now) if client_sudo.signature_scheme_id else []
    except ValueError:
        raise SignatureRefused("malformed_key") from None
    verified = _verify_with(client_sudo, call, keys)
    return Verified(verified, _matching_secret(client_sudo, call, now).id)


def _matching_secret(client_sudo, call, now):
    """Return the secret that matches the signature of a verified call."""
    secrets_sudo = client_sudo._vendor_secrets(now)
    if len(secrets_sudo) == 1:
        return secrets_sudo
    readable = client_sudo._decrypted(secrets_sudo)
    for (secret_sudo, _text), key in zip(
        readable, client_sudo._vendor_keys(now), strict=True
    ):
        try:
            _verify_with(client_sudo, call, [key])
        except SignatureRefused:
            continue
        return secret_sudo
    return secrets_sudo.browse()


def _verify_with(client_sudo, call, keys):
    """Verify a call with these keys; return ``vendor_signatures.Verified``.

    :raises SignatureRefused: no key matches
    """
    scheme = client_sudo.signature_scheme_id
    pure = scheme._scheme() if scheme else vendor_signatures.Scheme("hmac-sha256", "")
    path = "/" + call.url.partition("://")[2].partition("/")[2]
    sent = vendor_signatures.Sent(
        call.method, path, call.headers, bytes(call.body), call.url
    )
    return vendor_signatures.verify(pure, sent, keys, clock.timestamp(), rfc3339.parse)
