"""Rename the decision of identity cases that Odoo closed automatically."""


def migrate(cr, version):
    """Rename before the ORM removes the former value of the selection."""
    cr.execute(
        "UPDATE interop_identity_case SET decision = 'closed' WHERE decision = 'settled'"
    )
