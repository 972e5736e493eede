"""The way in as the list of its steps, in the order in which trust grows.

Each step is a function of its file; what it refuses rolls everything back.
"""

from typing import NamedTuple

from ..exceptions import ConfigurationError, Refused
from ..tools import trace as trace_tools
from . import process, read, route, store


class Delivery(NamedTuple):
    """What a transport received, and what it knows about it.

    ``body`` are the bytes as they were proven: the same id with another body is a
    conflict. ``content`` is kept instead of them, if the transport made the envelope
    itself. ``key`` is the id that came beside the message, ``proven_id`` the id that the
    proof covers; ``""`` for none. ``limits`` are those of the reader, ``pauses`` the
    seconds between looks at the same message in progress elsewhere: a wait undoes what
    the transaction has done before. ``rates`` takes up what can be told about limits.
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
    """What is known of a message that waits for the pump without reading it."""

    contract: object
    envelope: object
    stored_at: object  # naive UTC


class Taken(NamedTuple):
    """A message that is here now; ``known`` if it was here before, ``accepted`` if it was
    just stored for the pump."""

    message: object
    known: bool = False
    accepted: Accepted | None = None


def receive(client, delivery):
    """Take one message of a client that the transport has authenticated.

    :param client: ``interop.client``
    :param Delivery delivery: the envelope in JSON, and what is known about it
    :returns: ``Taken``: applied, failed with an owner, or left to the pump
    :raises Refused: nothing may be committed
    """
    client_sudo = check_client(client)
    envelope = read.envelope(delivery.body, delivery.limits, delivery.key)
    check_id(client_sudo, delivery, envelope)
    check_ready(client_sudo)
    return take(client_sudo, envelope, delivery)


def take(client_sudo, envelope, delivery):
    """Take one message whose envelope was read, or find the same one again."""
    known = store.lock(client_sudo, envelope.id, delivery.pauses)
    if known:
        return Taken(store.same(known, delivery), known=True)
    found = route.find(client_sudo, envelope)
    route.limit(client_sudo, found, delivery)
    route.validate(found.contract, envelope.data)
    message, has_to_wait, at = store.insert(client_sudo, found, envelope, delivery)
    if process.process(message, found, envelope, has_to_wait):
        return Taken(message, accepted=Accepted(found.contract, envelope, at))
    return Taken(message)


def check_client(client):
    """Check that the client is active and may send messages.

    Return it with its service user as the environment's user and all rights.

    :raises Refused: it may not send
    """
    # sudo: the log and the catalogue are closed to service users
    client_sudo = client.with_user(client.sudo().user_id).sudo()
    if client_sudo.state != "active" or not client_sudo.user_id:
        raise Refused("unauthorized", reason="client_state", client=client_sudo.code)
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
