"""Convert requests of networks to records of ``interop.network.request``."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Create a record for each waiting request. Activities stay unchanged.

    The table of the former approval dialog is dropped: Odoo keeps the tables of models
    that no longer exist.
    """
    if not version:
        return
    cr.execute("DROP TABLE IF EXISTS interop_network_approval_wizard")
    cr.execute(
        """
        SELECT id, requested_networks, networks_requested_by_id FROM interop_endpoint
         WHERE requested_networks > '' AND networks_requested_by_id IS NOT NULL
         ORDER BY id
        """
    )
    waiting = cr.fetchall()
    env = api.Environment(cr, SUPERUSER_ID, {})
    for endpoint_id, networks, user_id in waiting:
        # sudo: the requester, in whose name this runs, may not write requests
        requests_sudo = env["interop.network.request"].with_user(user_id).sudo()
        request_sudo = requests_sudo.create(
            {"endpoint_id": endpoint_id, "networks": networks}
        )
        request_sudo._transition({"requested_by_id": user_id})
