"""Liveness for every caller; depth and age of its queues for a client."""

from odoo.addons.interop_base import clock

from ..models.interop_message import ACCEPTED
from ..tools import headers
from .authenticate import authenticate, has_credentials, require_id
from .call import Answer


def health(env, call):
    """Answer liveness, and for a client the depth and age of its queues.

    :raises Refused: the call has credentials and authentication failed
    """
    env.cr.execute("SELECT 1")
    if not has_credentials(call):
        return Answer(200, {"status": "up"}, {})
    client_sudo, covered = authenticate(env, call)
    require_id(client_sudo, covered, headers.HEALTH_ID)
    return Answer(200, {"status": "up", "queues": _queues(client_sudo)}, {})


def _queues(client_sudo):
    """Return number and age of the client's unfinished messages, per contract."""
    now = clock.now()
    # sudo: service users have no rights on the log
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
