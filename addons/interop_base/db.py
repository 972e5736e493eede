"""SQL on many rows at once.

When a statement fails, Odoo's cursor logs it with its values. Statements that contain
message content therefore use psycopg2 directly, and only through this file.
"""

import logging
from contextlib import contextmanager
from contextvars import ContextVar

import psycopg2
from psycopg2 import DataError
from psycopg2.extras import execute_values

from odoo.tools import SQL

# Classes of PostgreSQL error codes about the values of a statement: data exception,
# integrity constraint violation, program limit exceeded (such as a row too large for an
# index), and an exception that a trigger raises.
_CONTENT_CLASSES = ("22", "23", "54", "P0")
# Violation of a foreign key, a unique constraint or an exclusion constraint. Another
# transaction may have just committed or removed the other row.
_RACES = ("23503", "23505", "23P01")

_quiet = ContextVar("interop_quiet_sql", default=False)


def _is_loud(record):
    return not _quiet.get()


# Odoo's cursor logs a failing statement and its error, both with values. A filter on
# its logger is the supported way to keep values out of the log.
logging.getLogger("odoo.sql_db").addFilter(_is_loud)


@contextmanager
def quiet():
    """Keep failing statements out of Odoo's log while they contain message content.

    It affects only this thread (context). The caller logs the type of the exception
    instead.
    """
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


_unchecked = set()  # databases whose server cannot detect a dead client


def limit(cr, seconds):
    """Set the timeouts of PostgreSQL for the transaction that begins now.

    ``seconds`` limits each statement, and each pause between two statements. PostgreSQL
    (14 and later, on most systems) ends the session and releases its locks a second
    after its client died, even during a statement. PostgreSQL compiles no statement
    (``jit``): it decides by statistics, and compiling a claim takes seconds.

    :param cr: cursor without any statement in its transaction yet
    :param float seconds: at least 0.001
    """
    names = ["statement_timeout", "idle_in_transaction_session_timeout", "jit"]
    settings = [*[str(max(1, int(1000 * seconds)))] * 2, "off"]
    if cr.connection.server_version >= 140000 and cr.dbname not in _unchecked:
        try:
            _set_local(
                cr,
                [*names, "client_connection_check_interval"],
                [*settings, "1000"],
            )
            return
        except DataError:  # this operating system does not support it
            _unchecked.add(cr.dbname)
            cr.rollback()
    _set_local(cr, names, settings)


def _set_local(cr, names, values):
    cr.execute(
        "SELECT set_config(name, value, true)"
        " FROM unnest(%s::text[], %s::text[]) AS setting(name, value)",
        [names, values],
        log_exceptions=False,
    )


@contextmanager
def reading(cr, seconds):
    """Open a cursor for reading, with a timeout per statement; writes are rolled back.

    :raises psycopg2.errors.QueryCanceled: a statement took longer than ``seconds``
    """
    savepoint = cr.savepoint(flush=False)
    try:
        _set_local(cr, ["statement_timeout"], [str(max(1, int(1000 * seconds)))])
        yield
    finally:
        savepoint.rollback()
        savepoint.close(rollback=False)


def is_about_content(error):
    """Return whether an exception is about the values, so that a retry would fail
    again.

    Python, psycopg2 and Odoo's fields raise ``ValueError`` and ``ArithmeticError`` for
    values that cannot be stored, such as text with a NUL.

    :param Exception error: caught while content was read, computed or written
    """
    if isinstance(error, psycopg2.Error):
        return (error.pgcode or "")[:2] in _CONTENT_CLASSES
    return isinstance(error, ValueError | ArithmeticError)


def may_be_a_race(error):
    """Return whether another transaction may be the cause of an exception, by a row
    that it committed or removed meanwhile.

    Under REPEATABLE READ such a row is not visible, also after a savepoint. Only a new
    transaction can tell a race from wrong content.

    :param Exception error: caught while content was written
    """
    return isinstance(error, psycopg2.Error) and error.pgcode in _RACES


def values(cr, query, rows, template=None, fetch=False):
    """Run one ``VALUES %s`` statement for all ``rows``.

    :param cr: Odoo cursor (the savepoint of a test cursor is respected)
    :param str query: statement with one ``%s`` in the place of the rows
    :param rows: sequence of tuples; without rows, nothing is executed
    :param str template: SQL of one row, ``(%s, …)`` by default
    :param bool fetch: whether to return the rows of ``RETURNING``
    :returns: list of tuples, empty without ``fetch``
    """
    if not rows:
        return []
    found = execute_values(
        _raw(cr), query, rows, template=template, page_size=len(rows), fetch=fetch
    )
    return found or []


def insert(model, vals_list):
    """Insert one row per dict in one statement and return the records.

    For models with very many rows. The dicts must contain all columns. The caller is
    responsible for access rights, defaults, Python constraints and dependent fields.

    :param model: empty recordset
    :param vals_list: dicts with the same keys, values as for ``create``
    :raises ValueError: a value does not fit its field
    """
    fields = [model._fields[name] for name in (vals_list[0] if vals_list else ())]
    rows = [
        {
            field.name: field.convert_to_column_insert(vals[field.name], model)
            for field in fields
        }
        for vals in vals_list
    ]
    return model.browse(insert_rows(model, rows))


_NOW = SQL("clock_timestamp() AT TIME ZONE 'UTC'")


def insert_rows(model, rows, stamps=None):
    """Insert rows in one statement; all bulk inserts use this function.

    Rows are passed as one array per column: psycopg2 quotes arrays many times faster
    than rows. Nothing is checked, converted or logged.

    :param model: empty recordset
    :param rows: dicts with the same keys, values as psycopg2 accepts them
    :param dict stamps: more columns, with one ``SQL`` for all rows; user and time are
        added if the model logs access
    :returns: ids in the order of the rows
    """
    if not rows:
        return []
    stamps = dict(stamps or {})
    if model._log_access:
        who = SQL("%s", model.env.uid)
        logged = {"create_uid": who, "write_uid": who}
        logged |= {"create_date": _NOW, "write_date": _NOW}
        stamps |= {name: value for name, value in logged.items() if name not in rows[0]}
    names = SQL(", ").join(map(SQL.identifier, rows[0]))
    arrays = SQL(", ").join(
        SQL(f"%s::{model._fields[name].column_type[1]}[]", [row[name] for row in rows])
        for name in rows[0]
    )
    query = SQL(
        """INSERT INTO %s (%s) SELECT %s
             FROM unnest(%s) WITH ORDINALITY AS row(%s, place) ORDER BY place
        RETURNING id""",
        SQL.identifier(model._table),
        SQL(", ").join([names, *map(SQL.identifier, stamps)]),
        SQL(", ").join([names, *stamps.values()]),
        arrays,
        names,
    )
    return [row_id for (row_id,) in fetch(model.env.cr, query.code, query.params)]


def execute(cr, query, params):
    """Run one statement that contains message content and returns no rows."""
    _raw(cr).execute(query, params)


def fetch(cr, query, params):
    """Run one statement that contains message content; return its rows (list of
    tuples)."""
    raw = _raw(cr)
    raw.execute(query, params)
    return raw.fetchall()


def _raw(cr):
    """Return the cursor of psycopg2; respect the savepoint of a test cursor."""
    if hasattr(cr, "_check_savepoint"):
        cr._check_savepoint()
        cr = cr._cursor
    return cr._obj
