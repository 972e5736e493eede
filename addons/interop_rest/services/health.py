"""Liveness for everybody; depth and age of its own queues for a client."""

from odoo.addons.interop_base import clock

from ..models.interop_message import ACCEPTED
from ..tools import headers
from .authenticate import authenticate, is_signed, require_id
from .call import Answer


def health(env, call):
    """Return whether the database answers, and to a client what waits for it.

    :raises Refused: the caller says who it is and cannot prove it
    """
    env.cr.execute("SELECT 1")
    if not is_signed(call):
        return Answer(200, {"status": "up"}, {})
    client_sudo, proven = authenticate(env, call)
    require_id(client_sudo, proven, headers.HEALTH_ID)
    return Answer(200, {"status": "up", "queues": _queues(client_sudo)}, {})


def _queues(client_sudo):
    """Return depth and age of what is not finished, per contract of the client's
    own messages."""
    now = clock.now()
    # sudo: the log is read here for a caller that is no user of it
    groups = (
        client_sudo.env["interop.message"]
        .sudo()
        ._read_group(
            [
                ("client_id", "=", client_sudo.id),
                ("direction", "=", "in"),
                ("state", "in", [*ACCEPTED, "parked"]),
            ],
            ["contract_id", "state"],
            ["__count", "create_date:min"],
        )
    )
    queues = {}
    for contract, state, count, oldest in groups:
        queue = queues.setdefault(contract, {"waiting": 0, "parked": 0})
        queue["parked" if state == "parked" else "waiting"] += count
        age = max(0, int((now - oldest).total_seconds()))
        name = "oldest_parked" if state == "parked" else "oldest_waiting"
        queue[f"{name}_seconds"] = max(age, queue.get(f"{name}_seconds", 0))
    return [
        {
            "type": contract.message_type,
            "schema_version": contract.version,
            **queues[contract],
        }
        for contract in sorted(
            queues, key=lambda item: (item.message_type, item.version)
        )
    ]
