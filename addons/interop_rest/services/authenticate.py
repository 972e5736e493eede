"""Who is calling: one refusal for whatever is wrong with the proof.

Repeated failures are told to the owner of the system, and slow down nobody else. What
an attacker can do to a client by failing in its name is nothing: a call that proves the
client is let in, however many failures came before and wherever from. There is no lock,
therefore, and no delay, which would hold a worker. What changes after too many failures
in a minute under one code from one network is the refusal: 429 with the time to wait
instead of 401. Codes that exist and codes that do not are counted alike, so that the
refusal tells nothing about either.
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

# way of proof -> the header by which a caller chooses it
WAYS = {
    "webhook": signing.HEADER_SIGNATURE,
    "token": "authorization",
    "http_signature": message_signatures.HEADER_INPUT,
}
# Failures are counted in this many groups of codes and networks, so that nobody makes
# the table grow. A caller that shares a group with an attacker is told to wait earlier
# when it fails itself.
GROUPS = {"code": 4096, "network": 64}

_noted = {}  # (database, code) -> moment of the monotonic clock


class Proof(NamedTuple):
    """What a proof covers, and the id of the secret that proves it.

    ``covered`` is the id of a message, ``""`` where the proof covers none or the whole
    request, or what else the way of proof says about the call.
    """

    covered: object
    secret_id: int


def authenticate(env, call, operation="", code=None, way=None, prove=None):
    """Return ``(client, what the proof covers)``: ``""`` if it covers no id (a token) or
    the whole request (RFC 9421).

    Every failure is the same 401, after the same work: only the log knows the reason.
    The client comes back with its own service user as the environment's user.

    :param str operation: the field of the client that allows what is asked for
    :param str code: of the client, where the address names it instead of a header
    :param str way: name of the way of proof, by default the one that the headers choose
    :param prove: function ``(call, client, now) -> Proof`` of that way
    :raises Problem: refused
    """
    if code is None:
        code = headers.find(call.headers, headers.CLIENT)
    code = headers.client_code(code)
    way = way or way_of(call)
    # Who is refused anyway costs what a client costs: keys are tried in any case.
    # Whatever those of another client say, the refusal stays.
    client_sudo, candidate_sudo = find(env, code)
    now = clock.now()
    refusal = (
        client_sudo._may_prove(now, call.address, way)
        if client_sudo
        else "unknown_client"
    )
    try:
        proof = (prove or PROVERS[way])(call, candidate_sudo, now)
    except (SignatureError, SignatureRefused) as error:
        reason = refusal or error.reason
    except ConfigurationError:
        reason = "key_not_readable"
    else:
        reason = refusal
    if reason:
        refuse(env, call, client_sudo, code, reason)
    # So that people see when an old key may go.
    client_sudo.env["interop.secret"].browse(proof.secret_id)._note_used(now)
    # sudo: the catalogue and the log are closed to service users
    client_sudo = client_sudo.with_user(client_sudo.user_id).sudo()
    # Unproven calls count against nobody, or an attacker could use up the client's.
    client_sudo._count_call("client", client_sudo._rate_limit(), call.limits)
    if operation and not client_sudo[operation]:
        raise Problem(
            "operation_not_allowed", reason=operation, client=client_sudo.code
        )
    return client_sudo, proof.covered


def find(env, code):
    """Return ``(client, candidate)`` for a code: the client, and whose keys to try.

    A code that is nobody's has no client, but a candidate, always the same one, if there
    is any active client. It costs what a client costs: a caller cannot measure which
    codes exist. The state of the candidate is read anew with every call.
    """
    # sudo: verification happens before anybody is signed in
    clients_sudo = env["interop.client"].sudo()
    ids, active = clients_sudo._ids_by_code()
    if code in ids:
        client_sudo = clients_sudo.browse(ids[code])
        return client_sudo, client_sudo
    number = int.from_bytes(hashlib.sha256(code.encode()).digest()[:4], "big")
    candidate_id = active[number % len(active)] if active else ()
    return clients_sudo.browse(), clients_sudo.browse(candidate_id)


def is_signed(call):
    """Return whether the caller says who it is, rightly or not."""
    return bool(headers.proofs(name for name, _value in call.headers))


def require_id(client_sudo, proven, asked):
    """Refuse a signature that covers another id than the one it is used for."""
    if proven and proven != asked:
        raise Problem("id_mismatch", client=client_sudo.code)


def idempotency_key(call, client_sudo):
    """Return the key of a proven call, ``""`` if none counts: a webhook has an id that
    its signature covers, and this header is none of it.

    :raises Problem: the key is missing where it is required, or is no key
    """
    if way_of(call) not in ("token", "http_signature"):
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


# === WAYS OF PROOF === #


def way_of(call):
    """Return how the caller wants to prove itself; two ways at once are none."""
    names = {name.lower() for name, _value in call.headers}
    ways = [way for way, header in WAYS.items() if header in names]
    if len(ways) > 1:
        return "none"
    return ways[0] if ways else "webhook"


def prove_signature(call, client_sudo, now):
    """Return the ``Proof`` with the ``webhook-id`` that the signature covers.

    :raises SignatureError: no proof; always so without a client
    """
    verified = signing.verify(
        call.headers,
        call.body,
        client_sudo._verifying_keys(now) if client_sudo else [],
        now=clock.timestamp(),
        tolerance=_tolerance(client_sudo.env),
    )
    return Proof(verified.msg_id, verified.key.key_id)


def prove_http_signature(call, client_sudo, now):
    """Return a ``Proof`` without id: the signature covers the whole request.

    Messages are known by their ids; any other call is good once.

    :raises SignatureRefused: no proof; always so without a client
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
    return Proof("", used[:1].id)


def prove_token(call, client_sudo, now):
    """Return a ``Proof`` without id: a token says who is calling, not what.

    :raises SignatureError: no proof; always so without a client
    """
    token = tokens.bearer(headers.find(call.headers, "Authorization"))
    found = client_sudo._decrypted(client_sudo._tokens(now)) if client_sudo else []
    position = tokens.matching(token, [digest for _secret, digest in found])
    if position is None:
        raise SignatureError("no_matching_token")
    return Proof("", found[position][0].id)


# Two ways at once are proven (in vain) as the first.
PROVERS = {
    "none": prove_signature,
    "webhook": prove_signature,
    "token": prove_token,
    "http_signature": prove_http_signature,
}


def _tolerance(env):
    return env["interop.rest.settings"]._setting(const.PARAM_TOLERANCE)


# === REPEATED FAILURES === #


def refuse(env, call, client_sudo, code, reason):
    """Refuse a caller that has proven nothing; ``client_sudo`` may be empty.

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
    """Return what failures under a code from an address are counted as."""
    groups = [
        int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % GROUPS[name]
        for name, text in (("code", code), ("network", networks.around(address)))
    ]
    return f"failure:{groups[0]}:{groups[1]}"


def _note_episode(env, client_sudo, code, address):
    """Raise the alarm once per episode and client, whichever worker is first."""
    group = failure_subject(code, "").split(":")[1]
    subject = f"episode:{client_sudo.id or ''}:{group}"
    if not client_alerts.begins(env, _noted, code, subject):
        return
    network = networks.around(address)
    _logger.warning(
        "repeated failures of proof: client=%s network=%s", code or "?", network
    )
    if client_sudo:
        # On a cursor of its own: the refusal undoes what the request did.
        with env.registry.cursor() as cr:
            alarm_env = api.Environment(cr, SUPERUSER_ID, {})
            alarm_env["interop.client"].browse(client_sudo.id)._alert_failures(network)
