"""Service users kept the rights of interfaces that had ended or had left the client."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Leave each service user what it needs now."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    clients = env["interop.client"].search([("user_id", "!=", False)])
    clients._sync_service_user()
