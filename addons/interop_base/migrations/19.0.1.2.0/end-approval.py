"""What runs now was approved as it is: an upgrade stops nothing.

At the end, when every addon says what it adds to an approved state.
"""

from odoo import SUPERUSER_ID, Command, api


def migrate(cr, version):
    """Give interfaces in use the fingerprint of their present state; remember for drafts
    who is known to have worked on them."""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    in_use = env["interop.interface"].search(
        [
            ("state", "not in", ("draft", "retired")),
            ("approved_fingerprint", "=", False),
        ]
    )
    for interface in in_use:
        interface._transition(
            {
                "approved_fingerprint": interface._fingerprint(),
                "approved_state": interface._state_now(),
            }
        )
    for model, state in (
        ("interop.interface", "draft"),
        ("interop.contract", "draft"),
        ("interop.mapping.model", "draft"),
    ):
        for record in env[model].search(
            [("state", "=", state), ("editor_ids", "=", False)]
        ):
            users = record.create_uid | record.write_uid
            record._transition({"editor_ids": [Command.set(users.ids)]})
