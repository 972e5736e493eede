"""Add to errors about identifiers the place of the identifiers in the message."""

from contextlib import contextmanager

from odoo.addons.interop_base.exceptions import BusinessError

# Pointer of the identifiers of the record that the message is about.
OWN = "/data/identifiers"


@contextmanager
def located(pointer, single=False):
    """Let errors about identifiers of another member of the message point at that
    member.

    :param str pointer: JSON Pointer of the list of identifiers
    :param bool single: whether the member is one identifier instead of a list
    """
    try:
        yield
    except BusinessError as error:
        own = f"{OWN}/0" if single else OWN
        if (error.pointer or "").startswith(own):
            error.pointer = pointer + error.pointer.removeprefix(own)
        raise
