"""The seam for set-based SQL.

Odoo's cursor logs the whole statement, values included, when a statement fails. Statements
that carry content therefore go to psycopg2 directly, in batches, through this one function.
"""

from psycopg2.extras import execute_values


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
    if hasattr(cr, "_check_savepoint"):
        cr._check_savepoint()
        cr = cr._cursor
    found = execute_values(
        cr._obj, query, rows, template=template, page_size=len(rows), fetch=fetch
    )
    return found or []
