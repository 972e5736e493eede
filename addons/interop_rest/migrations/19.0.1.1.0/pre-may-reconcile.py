"""Do not allow reconciliation to clients that were approved before it existed.

Without this script the new column would get the default of new clients.
"""


def migrate(cr, _version):
    """Add the column with the value false."""
    cr.execute(
        "ALTER TABLE interop_client ADD COLUMN IF NOT EXISTS may_reconcile boolean"
    )
    cr.execute(
        "UPDATE interop_client SET may_reconcile = false WHERE may_reconcile IS NULL"
    )
