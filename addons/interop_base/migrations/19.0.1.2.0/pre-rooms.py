"""Models, fields and records that leave ``interop_base``, or come to it."""

from odoo.addons.interop_base import upgrade

MOVES = []
# Addons that take over a part of interop_base: installed wherever it is.
ADDONS = []


def migrate(cr, version):
    """Before any data file is read: nothing is deleted and made anew."""
    if not version:
        return
    upgrade.move(cr, *MOVES)
    upgrade.install(cr, *ADDONS)
