"""Update the descriptions of installed contracts, unless an administrator changed them."""

from odoo import SUPERUSER_ID, api

# Former description -> current description.
DESCRIPTIONS = {
    (
        "A customer invoice, credit note or receipt was settled. Sent when nothing "
        "remains to be paid, and once more when the bank has confirmed."
    ): (
        "A customer invoice, credit note or receipt was paid. Sent when nothing "
        "remains to be paid, and again after the bank has confirmed the payment."
    ),
    (
        "A posted customer invoice, credit note or receipt was cancelled, or "
        "credit notes took back all of it."
    ): (
        "A posted customer invoice, credit note or receipt was cancelled, or "
        "credit notes reversed it completely."
    ),
    (
        "A customer invoice, credit note or receipt was posted. Says whether "
        "prices include taxes, names rounding differences, and which posting it "
        "replaces."
    ): (
        "A customer invoice, credit note or receipt was posted. The message says "
        "whether prices include taxes, states rounding differences, and names the "
        "posting that it replaces."
    ),
    (
        "A posted customer invoice, credit note or receipt was set back to draft: "
        "it counts no more until it is posted again or cancelled."
    ): (
        "A posted customer invoice, credit note or receipt was reset to draft. It "
        "is not valid until it is posted again or cancelled."
    ),
    (
        "A posted customer invoice, credit note or receipt was cancelled, deleted "
        "after it was reopened, or credit notes took back all of it."
    ): (
        "A posted customer invoice, credit note or receipt was cancelled, deleted "
        "after it was reopened, or reversed completely by credit notes."
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
