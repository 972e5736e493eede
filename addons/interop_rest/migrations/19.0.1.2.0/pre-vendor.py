"""Webhooks of third parties are an addon of their own: installed where they were."""

from odoo.addons.interop_base import upgrade


def migrate(cr, version):
    """Install the addon that took them over."""
    if version:
        upgrade.install(cr, "interop_rest_vendor")
