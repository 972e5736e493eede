"""Indexes of the log that name the state, a lease or a due time leave: the queue has them.

They leave first, so that the changes that follow do not have to update them.
"""

GONE = (
    "interop_message_due_idx",
    "interop_message_suspect_idx",
    "interop_message_ordered_idx",
    "interop_message_lease_idx",
    "interop_message_waiting_test_idx",
    "interop_message_failed_idx",
    "interop_message_state_idx",
    "interop_message_system_idx",
    "interop_message_business_idx",
    "interop_message__contract_id_index",
)


def migrate(cr, version):
    """Drop the indexes, whichever version the database comes from."""
    if not version:
        return
    for name in GONE:
        cr.execute(f'DROP INDEX IF EXISTS "{name}"')  # pylint: disable=sql-injection
