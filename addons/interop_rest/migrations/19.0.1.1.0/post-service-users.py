"""Remove rights that service users kept from ended or removed interfaces."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Grant each service user the rights that it needs now."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    clients = env["interop.client"].search([("user_id", "!=", False)])
    clients._sync_service_user()
