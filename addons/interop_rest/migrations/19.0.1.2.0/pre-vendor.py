"""Install ``interop_rest_vendor``, to which webhooks of third parties have moved."""

from odoo.addons.interop_base import upgrade


def migrate(cr, version):
    """Hand the records over; schemes that an administrator changed stay unchanged."""
    if version:
        upgrade.take_over(cr, version, "interop_rest_vendor")
