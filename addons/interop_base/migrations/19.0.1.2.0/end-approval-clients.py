"""Clients in use were approved as they are; drafts remember who worked on them."""

from odoo import SUPERUSER_ID, Command, api


def migrate(cr, version):
    """Give clients in use the fingerprint of their present state."""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    clients = env["interop.client"]
    for client in clients.search(
        [
            ("state", "in", ("approved", "active", "suspended")),
            ("approved_fingerprint", "=", False),
        ]
    ):
        client._transition(
            {
                "approved_fingerprint": client._fingerprint(),
                "approved_state": client._state_now(),
            }
        )
    for client in clients.search(
        [("state", "=", "requested"), ("editor_ids", "=", False)]
    ):
        users = client.create_uid | client.write_uid | client.requested_by_id
        client._transition({"editor_ids": [Command.set(users.ids)]})
