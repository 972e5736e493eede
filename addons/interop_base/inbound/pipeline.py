"""The inbound pipeline as the list of its steps; each step trusts the message more.

Each step is a function of its own file. A refusal in any step rolls everything back.
"""

from typing import NamedTuple

from .. import clock
from ..exceptions import ConfigurationError, Refused
from ..tools import trace as trace_tools
from . import process, read, route, store


class Delivery(NamedTuple):
    """The message that a transport received, and what the transport knows about it.

    ``body``
        the bytes that the signature or token covers; the same id with another body is a
        conflict
    ``content``
        the bytes to store if the transport built the envelope; empty: store ``body``
    ``key``
        the idempotency key that came beside the message; ``""`` for none
    ``proven_id``
        the message id that the signature covers; ``""`` for none
    ``limits``
        limits of the JSON reader
    ``pauses``
        seconds between checks for the same message in progress elsewhere; each wait
        rolls the transaction back
    ``rates``
        a dict that receives the state of the rate limits, for the answer
    """

    body: bytes
    content: bytes = b""
    key: str = ""
    proven_id: str = ""
    trace: trace_tools.TraceContext | None = None
    limits: read.Limits = read.Limits()
    pauses: tuple = store.LOCK_PAUSES
    rates: dict | None = None


class Accepted(NamedTuple):
    """The facts about a message that waits for the pump; they save reading its row."""

    contract: object
    envelope: object
    stored_at: object  # naive UTC


class Taken(NamedTuple):
    """The stored message. ``repeated``: the client has sent it before. ``accepted``: it
    was just stored and waits for the pump."""

    message: object
    repeated: bool = False
    accepted: Accepted | None = None


def receive(client, delivery):
    """Receive one message of a client that the transport has authenticated.

    :param client: ``interop.client``
    :param Delivery delivery: the envelope in JSON, and facts about it
    :returns: ``Taken``: the message is applied, failed with an owner, or left to the
        pump
    :raises Refused: the caller must roll the transaction back
    """
    client_sudo = check_client(client)
    envelope = read.envelope(delivery.body, delivery.limits, delivery.key)
    check_id(client_sudo, delivery, envelope)
    check_ready(client_sudo)
    return take(client_sudo, envelope, delivery)


def take(client_sudo, envelope, delivery):
    """Receive one message whose envelope was read; return the old one if it is
    repeated."""
    known = store.lock(client_sudo, envelope.id, delivery.pauses)
    if known:
        return Taken(store.same(known, delivery), repeated=True)
    found = route.find(client_sudo, envelope)
    route.limit(client_sudo, found, delivery)
    route.validate(found.contract, envelope.data)
    message, has_to_wait, at = store.insert(client_sudo, found, envelope, delivery)
    if process.process(message, found, envelope, has_to_wait):
        return Taken(message, accepted=Accepted(found.contract, envelope, at))
    return Taken(message)


def check_client(client):
    """Check that the client is active and may send messages.

    Return it in superuser mode, with its service user as the environment's user.

    :raises Refused: the client may not send
    """
    # sudo: the log and the catalogue are closed to service users
    client_sudo = client.with_user(client.sudo().user_id).sudo()
    if client_sudo.state != "active" or not client_sudo.user_id:
        raise Refused("unauthorized", reason="client_state", client=client_sudo.code)
    if client_sudo.expires_at and client_sudo.expires_at <= clock.now():
        raise Refused("unauthorized", reason="client_expired", client=client_sudo.code)
    if not client_sudo.may_send:
        raise Refused(
            "operation_not_allowed", reason="may_send", client=client_sudo.code
        )
    return client_sudo


def check_id(client_sudo, delivery, envelope):
    """Refuse a signature that covers another id than that of the message."""
    if delivery.proven_id and delivery.proven_id != envelope.id:
        raise Refused("id_mismatch", client=client_sudo.code)


def check_ready(client_sudo):
    """Refuse while this database may not exchange messages, for example a copy."""
    guard = client_sudo.env["interop.guard"]
    try:
        guard._check()
    except ConfigurationError:
        raise Refused("not_ready", reason="guard", client=client_sudo.code) from None
    if client_sudo._scope().environment != guard._environment():
        raise Refused("not_ready", reason="environment", client=client_sudo.code)
