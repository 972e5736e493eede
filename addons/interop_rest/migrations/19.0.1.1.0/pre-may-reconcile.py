"""Clients that were approved before reconciling was an operation were not approved for
it: without this script the new column would get the default of new clients."""


def migrate(cr, _version):
    """Add the column, empty of permissions."""
    cr.execute(
        "ALTER TABLE interop_client ADD COLUMN IF NOT EXISTS may_reconcile boolean"
    )
    cr.execute(
        "UPDATE interop_client SET may_reconcile = false WHERE may_reconcile IS NULL"
    )
