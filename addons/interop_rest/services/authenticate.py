"""Authenticate the caller of a request: every failure gets the same refusal.

Repeated failures are reported to the owner of the system. They do not lock the client
out: a call with a valid signature or token is accepted, regardless of earlier failures.
So an attacker who knows a client code cannot block the client. There is no lock and no
delay, because a delay would occupy a worker.

After too many failures in a minute, for one client code and one network, the refusal
changes from 401 to 429 with the time to wait. Unknown codes are counted in the same way
as known ones, so the refusal does not tell whether a code exists.
"""

import hashlib
import logging
from typing import NamedTuple

from odoo import SUPERUSER_ID, api

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import ConfigurationError
from odoo.addons.interop_base.models.catalogue import client_alerts
from odoo.addons.interop_base.tools import networks, signing
from odoo.addons.interop_base.tools.errors import SignatureError

from .. import const
from ..exceptions import Problem
from ..tools import headers, message_signatures, tokens
from ..tools.message_signatures import SignatureRefused

_logger = logging.getLogger(__name__)

# authentication method -> the header by which a caller selects it
METHOD_HEADERS = {
    "webhook": signing.HEADER_SIGNATURE,
    "token": "authorization",
    "http_signature": message_signatures.HEADER_INPUT,
}
# Failures are counted in this many groups of client codes and networks, so that an
# attacker cannot make the table grow. A caller that shares a group with an attacker is
# told to wait earlier, but only when its own call fails.
GROUPS = {"code": 4096, "network": 64}

_noted = {}  # (database, code) -> time of the monotonic clock


class Verified(NamedTuple):
    """The result of a successful verification.

    ``covered`` is the message id that the signature covers. It is ``""`` if the method
    covers no id (a token) or the whole request (RFC 9421). A method of another addon may
    put other facts about the call there. ``secret_id`` is the key or token that matched.
    """

    covered: object
    secret_id: int


def authenticate(env, call, operation="", code=None, method=None, verify=None):
    """Authenticate the caller and return ``(client, covered)``.

    Every failure is the same 401 after the same amount of work. Only the log has the
    reason. The client is returned with its service user as the user of the environment.

    :param str operation: the field of the client that allows the operation; empty for
        operations that every client may use
    :param str code: the client code, where the address of the request has it instead of
        a header
    :param str method: authentication method; by default the headers select it
    :param verify: function ``(call, client, now) -> Verified`` of that method; by default
        that of ``VERIFIERS``
    :returns: ``interop.client``, and ``Verified.covered``
    :raises Problem: authentication failed, the rate limit is exceeded, or the operation
        is not approved
    """
    if code is None:
        code = headers.find(call.headers, headers.CLIENT)
    code = headers.client_code(code)
    method = method or auth_method(call)
    # Verify in any case, so that a refused call takes as long as an accepted one. The
    # refusal stays, even if a key of the stand-in client matches.
    client_sudo, candidate_sudo = find_client(env, code)
    now = clock.now()
    refusal = (
        client_sudo._authentication_refusal(now, call.address, method)
        if client_sudo
        else "unknown_client"
    )
    try:
        verified = (verify or VERIFIERS[method])(call, candidate_sudo, now)
    except (SignatureError, SignatureRefused) as error:
        reason = refusal or error.reason
    except ConfigurationError:
        reason = "key_not_readable"
    else:
        reason = refusal
    if reason:
        refuse(env, call, client_sudo, code, reason)
    # Shows administrators when an old key is no longer in use and can be revoked.
    client_sudo.env["interop.secret"].browse(verified.secret_id)._note_used(now)
    # sudo: the catalogue and the log are closed to service users
    client_sudo = client_sudo.with_user(client_sudo.user_id).sudo()
    # Only authenticated calls count, or an attacker could use up the client's rate.
    client_sudo._count_call("client", client_sudo._rate_limit(), call.limits)
    if operation and not client_sudo[operation]:
        raise Problem(
            "operation_not_allowed", reason=operation, client=client_sudo.code
        )
    return client_sudo, verified.covered


def find_client(env, code):
    """Return ``(client, candidate)`` for a client code.

    ``client`` is empty if the code is unknown. ``candidate`` is the client whose keys are
    tried. For an unknown code it is a fixed stand-in: an active client that is selected
    by a hash of the code. Unknown codes therefore cost the same as known ones, and a
    caller cannot measure which codes exist. The state of the candidate is read anew at
    each call.
    """
    # sudo: verification happens before a user is known
    clients_sudo = env["interop.client"].sudo()
    ids, active = clients_sudo._ids_by_code()
    if code in ids:
        client_sudo = clients_sudo.browse(ids[code])
        return client_sudo, client_sudo
    number = int.from_bytes(hashlib.sha256(code.encode()).digest()[:4], "big")
    candidate_id = active[number % len(active)] if active else ()
    return clients_sudo.browse(), clients_sudo.browse(candidate_id)


def has_credentials(call):
    """Return whether the call has a header of any authentication method."""
    return bool(headers.credentials(name for name, _value in call.headers))


def require_id(client_sudo, covered, expected):
    """Refuse a call whose signature covers another id than the expected one."""
    if covered and covered != expected:
        raise Problem("id_mismatch", client=client_sudo.code)


def idempotency_key(call, client_sudo):
    """Return the idempotency key of an authenticated call.

    It is ``""`` for calls that are signed as webhooks: the signature covers the
    ``webhook-id``, but not this header.

    :raises Problem: the key is required and missing, or is malformed
    """
    if auth_method(call) not in ("token", "http_signature"):
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


# === AUTHENTICATION METHODS === #


def auth_method(call):
    """Return the authentication method of a call, ``"none"`` for two at once."""
    names = {name.lower() for name, _value in call.headers}
    methods = [method for method, header in METHOD_HEADERS.items() if header in names]
    if len(methods) > 1:
        return "none"
    return methods[0] if methods else "webhook"


def verify_webhook(call, client_sudo, now):
    """Verify a Standard Webhooks signature; ``covered`` is its ``webhook-id``.

    :raises SignatureError: no key matches; always so for an empty client
    """
    verified = signing.verify(
        call.headers,
        call.body,
        client_sudo._verifying_keys(now) if client_sudo else [],
        now=clock.timestamp(),
        tolerance=_tolerance(client_sudo.env),
    )
    return Verified(verified.msg_id, verified.key.key_id)


def verify_http_signature(call, client_sudo, now):
    """Verify an HTTP Message Signature (RFC 9421); it covers the whole request.

    A repeated message is recognized by its id. Any other call needs a new nonce.

    :raises SignatureRefused: no key matches; always so for an empty client
    """
    tolerance = _tolerance(client_sudo.env)
    verified = message_signatures.verify(
        message_signatures.Request(
            call.method, call.url, call.headers, bytes(call.body)
        ),
        client_sudo._message_keys(now) if client_sudo else [],
        now=clock.timestamp(),
        tolerance=tolerance,
    )
    nonces_sudo = client_sudo.env["interop.client.nonce"]
    once = call.once or call.method in headers.READING
    if once and not nonces_sudo._use(client_sudo, verified.nonce, tolerance):
        raise SignatureRefused("nonce_used")
    used = client_sudo.secret_ids.filtered(lambda item: item.uuid == verified.key_id)
    return Verified("", used[:1].id)


def verify_token(call, client_sudo, now):
    """Verify a bearer token: it authenticates the client and covers no content.

    :raises SignatureError: no token matches; always so for an empty client
    """
    token = tokens.bearer(headers.find(call.headers, "Authorization"))
    found = client_sudo._decrypted(client_sudo._tokens(now)) if client_sudo else []
    position = tokens.matching(token, [digest for _secret, digest in found])
    if position is None:
        raise SignatureError("no_matching_token")
    return Verified("", found[position][0].id)


# Two methods at once are always refused; verifying one keeps the cost the same.
VERIFIERS = {
    "none": verify_webhook,
    "webhook": verify_webhook,
    "token": verify_token,
    "http_signature": verify_http_signature,
}


def _tolerance(env):
    return env["interop.rest.settings"]._setting(const.PARAM_TOLERANCE)


# === REPEATED FAILURES === #


def refuse(env, call, client_sudo, code, reason):
    """Refuse a call that failed authentication; ``client_sudo`` may be empty.

    :raises Problem: always
    """
    allowed, _left, _reset, wait = env["interop.rate.counter"]._allow(
        failure_subject(code, call.address),
        env["interop.rest.settings"]._setting(const.PARAM_FAILURES),
    )
    if allowed:
        raise Problem("unauthorized", reason=reason, client=code)
    _note_episode(env, client_sudo, code, call.address)
    raise Problem("too_many_failures", reason=reason, client=code, retry_after=wait)


def failure_subject(code, address):
    """Return the subject under which the failures of a code and address are counted."""
    groups = [
        int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % GROUPS[name]
        for name, text in (("code", code), ("network", networks.around(address)))
    ]
    return f"failure:{groups[0]}:{groups[1]}"


def _note_episode(env, client_sudo, code, address):
    """Alert the owner of the system once per episode and client, over all workers."""
    group = failure_subject(code, "").split(":")[1]
    subject = f"episode:{client_sudo.id or ''}:{group}"
    if not client_alerts.begins(env, _noted, code, subject):
        return
    network = networks.around(address)
    _logger.warning(
        "repeated failed authentication: client=%s network=%s", code or "?", network
    )
    if client_sudo:
        # On a separate cursor: the refusal rolls back the transaction of the request.
        with env.registry.cursor() as cr:
            alarm_env = api.Environment(cr, SUPERUSER_ID, {})
            alarm_env["interop.client"].browse(client_sudo.id)._alert_failures(network)
