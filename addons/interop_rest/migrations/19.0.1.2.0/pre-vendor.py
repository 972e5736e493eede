"""Webhooks of third parties are an addon of their own: installed where they were."""

from odoo.addons.interop_base import upgrade


def migrate(cr, version):
    """Hand them over; schemes that an administrator changed stay as they are."""
    if version:
        upgrade.take_over(cr, version, "interop_rest_vendor")
