"""How PostgreSQL keeps the engine's tables: when it removes dead rows, and how eagerly.

PostgreSQL's defaults wait until a fifth of a table is dead. A queue is emptied many times
before that, and each claim reads the dead rows again. A log of a million rows would be
cleaned after 200,000 changes, in one long run.
"""

from odoo.tools import SQL

# A few rows that change with every message: cleaned each time PostgreSQL looks (every
# ``autovacuum_naptime``, a minute by default), and at once: there is little to do.
_BUSY = {
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "1000",
    "autovacuum_vacuum_insert_scale_factor": "0",
    "autovacuum_vacuum_insert_threshold": "50000",
    "autovacuum_vacuum_cost_delay": "0",
    "autovacuum_analyze_scale_factor": "0",
    "autovacuum_analyze_threshold": "5000",
}
# One row per subject, written over and over: a handful of live rows among many dead ones.
_COUNTER = {**_BUSY, "autovacuum_vacuum_threshold": "500"}
# Rows by the million that stay for months: a share of one in fifty is many already.
_LOG = {
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_threshold": "10000",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
}
# Table: its storage parameters. ``interop_payload`` is both: the content of an event is
# deleted when its message is made, the content of a message stays.
OPTIONS = {
    "interop_event": _BUSY,
    # Room in each page: for the claim of each row, and for the end of each message.
    "interop_queue": {**_BUSY, "fillfactor": "45"},
    "interop_queue_key": _BUSY,
    "interop_queue_lease": _COUNTER,
    "interop_payload": {
        **_LOG,
        "toast.autovacuum_vacuum_scale_factor": "0.02",
        "toast.autovacuum_vacuum_threshold": "10000",
    },
    "interop_message": {**_LOG, "fillfactor": "50"},
    "interop_attempt": _LOG,
    "interop_client_nonce": _BUSY,
    "interop_endpoint_health": _COUNTER,
    "interop_rate_counter": _COUNTER,
    "interop_stream": _COUNTER,
}


def set_options(cr):
    """Write the parameters of all tables that are there.

    Called at the end of each installation and upgrade of ``interop_base``: an upgrade
    brings them back where an administrator changed them. A parameter that is not named
    here stays as it is.

    :param Cursor cr: of the installation or upgrade
    """
    cr.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname = ANY(%s)"
        " AND relnamespace = current_schema::regnamespace ORDER BY relname",
        [list(OPTIONS)],
    )
    for (table,) in cr.fetchall():
        options = ", ".join(
            f"{name} = {value}" for name, value in OPTIONS[table].items()
        )
        cr.execute(SQL(f"ALTER TABLE %s SET ({options})", SQL.identifier(table)))
