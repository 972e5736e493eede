"""Webhooks of third parties: verified as they sign, put into an envelope of ours.

The client is named by the address; everything else is its configuration.
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
from odoo.addons.interop_rest.services.authenticate import Proof, authenticate
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
    """Take one webhook of the client with this code.

    A body with several events is taken as a whole or not at all.

    :raises Refused: nothing may be committed
    """
    client_sudo, proven = authenticate(
        env, call, "may_send", code=code, way="vendor", prove=prove
    )
    limits = env["interop.rest.settings"]._limits()
    value = _value(client_sudo, call, limits)
    answer = _challenge_answer(client_sudo, call, value)
    if answer:
        return answer
    pipeline.check_ready(client_sudo)
    events, listed = vendor_event.events(
        client_sudo, value, bytes(call.body), proven, const.BATCH_MESSAGES
    )
    take = partial(_take, env, client_sudo, call, proven)
    if not listed:
        return take(events[0])[1]
    results = []
    for number, event in enumerate(events):
        try:
            known, answer = take(event, pauses=())
        except Refused as refused:
            raise vendor_event.located(
                Problem.of(refused), event, client_sudo.event_data_path or ""
            ) from None
        result = item_result({"id": known} if known else {}, answer)
        results.append({"index": number, **result})
    waits = any(result["status"] == 202 for result in results)
    return Answer(202 if waits else 200, {"results": results}, {})


def _take(env, client_sudo, call, proven, event, pauses=store.LOCK_PAUSES):
    """Take one event; return its id (``""`` if it is ignored) and the answer.

    :raises Refused: refused
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
    item = call._replace(body=event.body)
    delivered = delivery(env, item, content=content, pauses=pauses)
    taken = pipeline.take(client_sudo, envelope, delivered)
    return envelope.id, answer_taken(taken, item)


def _value(client_sudo, call, limits):
    """Return what a verified body says: the value of its JSON, with integers of any
    size, or the fields of a form.

    :raises Refused: not written as the scheme says
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
    # Raised out here: the error quotes the body.
    raise Problem("invalid_form", client=client_sudo.code)


# === CHALLENGES === #


def _challenge_answer(client_sudo, call, value):
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
    key = _proving_key(client_sudo, call)
    body = vendor_challenge.answer(
        challenge, text, key, scheme.algorithm, scheme.encoding
    )
    media_type = vendor_challenge.MEDIA_TYPES.get(challenge.answer, "")
    _logger.info("answered a challenge: client=%s", client_sudo.code)
    return Answer(200, body, {}, media_type or "application/json")


def _proving_key(client_sudo, call):
    """Return the raw key that proves a call, of several during a rotation."""
    for key in client_sudo._vendor_keys(clock.now()):
        try:
            _verified(client_sudo, call, [key])
        except SignatureRefused:
            continue
        return key
    raise Problem("unauthorized", client=client_sudo.code)


# === PROOF === #


def prove(call, client_sudo, now):
    """Return the ``Proof`` with what the signature proves,
    ``vendor_signatures.Proven``.

    :raises message_signatures.SignatureRefused: no proof; always so without a client
    """
    try:
        return _proof(call, client_sudo, now)
    except SignatureRefused as error:
        raise message_signatures.SignatureRefused(error.reason) from None


def _proof(call, client_sudo, now):
    try:
        keys = client_sudo._vendor_keys(now) if client_sudo.signature_scheme_id else []
    except ValueError:
        raise SignatureRefused("malformed_key") from None
    proven = _verified(client_sudo, call, keys)
    return Proof(proven, _proving_secret(client_sudo, call, now).id)


def _proving_secret(client_sudo, call, now):
    """Return the secret that proves a call that was proven."""
    secrets_sudo = client_sudo._vendor_secrets(now)
    if len(secrets_sudo) == 1:
        return secrets_sudo
    readable = client_sudo._decrypted(secrets_sudo)
    for (secret_sudo, _text), key in zip(
        readable, client_sudo._vendor_keys(now), strict=True
    ):
        try:
            _verified(client_sudo, call, [key])
        except SignatureRefused:
            continue
        return secret_sudo
    return secrets_sudo.browse()


def _verified(client_sudo, call, keys):
    """Return what the signature proves with these keys.

    :raises SignatureRefused: no proof
    """
    scheme = client_sudo.signature_scheme_id
    pure = scheme._scheme() if scheme else vendor_signatures.Scheme("hmac-sha256", "")
    path = "/" + call.url.partition("://")[2].partition("/")[2]
    sent = vendor_signatures.Sent(
        call.method, path, call.headers, bytes(call.body), call.url
    )
    return vendor_signatures.verify(pure, sent, keys, clock.timestamp(), rfc3339.parse)
