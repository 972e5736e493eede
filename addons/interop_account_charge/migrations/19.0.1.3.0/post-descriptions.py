"""Update the descriptions of installed contracts, unless an administrator changed them."""

from odoo import SUPERUSER_ID, api

# Former description -> current description.
DESCRIPTIONS = {
    (
        "Takes one charge back: out of the draft invoice, or by a draft credit "
        "note once the invoice was posted."
    ): (
        "Reverses one charge completely: removes it from the draft invoice, or "
        "drafts a credit note if the invoice was posted."
    ),
}


def migrate(cr, version):
    """Write the current descriptions, which an upgrade does not load (``noupdate``)."""
    contracts = api.Environment(cr, SUPERUSER_ID, {})["interop.contract"]
    for former, current in DESCRIPTIONS.items():
        found = contracts.with_context(active_test=False).search(
            [("description", "=", former)]
        )
        found.write({"description": current})
