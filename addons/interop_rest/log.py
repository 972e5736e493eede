"""Keeps queries, which hold identifiers, out of the log of requests."""

import logging

from .tools import lookup


def _without_query(record):
    """Take the query off a line about one of our routes; every line stays."""
    if "/interop/" in record.getMessage():
        record.msg = lookup.without_query(record.getMessage())
        record.args = ()
    return True


# The server writes this line itself, before and beside whatever a controller does. A
# filter on its logger is the supported way to change it.
logging.getLogger("werkzeug").addFilter(_without_query)
