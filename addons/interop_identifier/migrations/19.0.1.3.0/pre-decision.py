"""Rename the decision of identity cases that Odoo closed automatically."""

from odoo.tools.sql import column_exists


def migrate(cr, version):
    """Rename before the ORM removes the former value of the selection."""
    if column_exists(cr, "interop_identity_case", "decision"):
        cr.execute(
            "UPDATE interop_identity_case SET decision = 'closed' "
            "WHERE decision = 'settled'"
        )
