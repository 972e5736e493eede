"""The seam for set-based SQL.

Odoo's cursor logs the whole statement, values included, when a statement fails.
Statements that carry content therefore go to psycopg2 directly, in batches, through
this one function.
"""

import logging
from contextlib import contextmanager
from contextvars import ContextVar

import psycopg2
from psycopg2 import DataError
from psycopg2.extras import execute_values

from odoo.tools import SQL

# Classes of PostgreSQL's error codes that are about the values of a statement: data
# exception, integrity constraint violation, program limit exceeded (a row too large for
# an index, …), and an exception that a trigger raises.
_CONTENT_CLASSES = ("22", "23", "54", "P0")
# Foreign key, unique and exclusion violation: the other row may be one that another
# transaction has just committed, or removed.
_RACES = ("23503", "23505", "23P01")

_quiet = ContextVar("interop_quiet_sql", default=False)


def _is_loud(record):
    return not _quiet.get()


# Odoo's cursor logs a failing statement with its values, and the error with the values
# of the row. A filter on its logger is the supported way to keep them out of the log.
logging.getLogger("odoo.sql_db").addFilter(_is_loud)


@contextmanager
def quiet():
    """Keep failing statements out of Odoo's log while message content is worked with.

    Only for this thread (context); the caller logs the type of the exception instead.
    """
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


_unchecked = set()  # databases whose server cannot notice that its client is gone


def limit(cr, seconds):
    """Let the database end by itself what hangs in the transaction that begins now.

    A statement and a pause between two of them may take ``seconds`` each. A second after
    its client died, PostgreSQL (14 and later, where the system can tell) ends the session
    and gives its locks back, also in the middle of a statement.

    :param cr: cursor on which the transaction has done nothing yet
    :param float seconds: at least a millisecond
    """
    names = ["statement_timeout", "idle_in_transaction_session_timeout"]
    milliseconds = [str(max(1, int(1000 * seconds)))] * 2
    if cr.connection.server_version >= 140000 and cr.dbname not in _unchecked:
        try:
            _set_local(
                cr,
                [*names, "client_connection_check_interval"],
                [*milliseconds, "1000"],
            )
            return
        except DataError:  # not on this operating system
            _unchecked.add(cr.dbname)
            cr.rollback()
    _set_local(cr, names, milliseconds)


def _set_local(cr, names, values):
    cr.execute(
        "SELECT set_config(name, value, true)"
        " FROM unnest(%s::text[], %s::text[]) AS setting(name, value)",
        [names, values],
        log_exceptions=False,
    )


@contextmanager
def reading(cr, seconds):
    """Read for at most ``seconds`` per statement; nothing that is written stays.

    :raises psycopg2.errors.QueryCanceled: a statement took longer
    """
    savepoint = cr.savepoint(flush=False)
    try:
        _set_local(cr, ["statement_timeout"], [str(max(1, int(1000 * seconds)))])
        yield
    finally:
        savepoint.rollback()
        savepoint.close(rollback=False)


def is_about_content(error):
    """Return whether an exception says that values cannot be kept, so that trying the
    same values again fails again.

    ``ValueError`` and ``ArithmeticError`` are what Python, psycopg2 (a NUL in a text)
    and fields raise for a value of no use.

    :param Exception error: caught while content was read, computed or written
    """
    if isinstance(error, psycopg2.Error):
        return (error.pgcode or "")[:2] in _CONTENT_CLASSES
    return isinstance(error, ValueError | ArithmeticError)


def may_be_a_race(error):
    """Return whether the reason for an exception may be a row that was committed or
    removed since the transaction began, so that a new one may succeed.

    Under REPEATABLE READ such a row is not visible, and a savepoint is no new look:
    nothing but another transaction tells a race from content.

    :param Exception error: caught while content was written
    """
    return isinstance(error, psycopg2.Error) and error.pgcode in _RACES


def values(cr, query, rows, template=None, fetch=False):
    """Run one ``VALUES %s`` statement for all ``rows``.

    :param cr: Odoo cursor (a test cursor's savepoint is respected)
    :param str query: statement with one ``%s`` where the rows go
    :param rows: sequence of tuples; nothing happens without any
    :param str template: SQL of one row, default ``(%s, …)``
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

    For what is written by the million, of models whose columns are all stated: access
    rights, defaults, constraints in Python and what depends on the new records are the
    caller's to see to.

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
    """Insert rows in one statement, the only place that does so in bulk.

    As columns, in the order of the rows: psycopg2 quotes whole lists many times faster
    than rows. Nothing is checked, converted or logged.

    :param model: empty recordset
    :param rows: dicts with the same keys, values as psycopg2 takes them
    :param dict stamps: more columns, the same ``SQL`` for each row; who wrote it and when
        is added to models that keep that
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
    """Run one statement that carries content and returns nothing."""
    _raw(cr).execute(query, params)


def fetch(cr, query, params):
    """Run one statement that carries content and return its rows (list of tuples)."""
    raw = _raw(cr)
    raw.execute(query, params)
    return raw.fetchall()


def _raw(cr):
    """Return psycopg2's own cursor, with a test cursor's savepoint respected."""
    if hasattr(cr, "_check_savepoint"):
        cr._check_savepoint()
        cr = cr._cursor
    return cr._obj
