"""Service users kept the rights of interfaces that had ended or had left the client."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Leave each service user what it needs now."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["interop.client"].search([])._sync_service_user()
