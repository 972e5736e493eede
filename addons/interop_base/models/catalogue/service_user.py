"""Rights of service users: exactly those that the interfaces of their client need now.

These are the active interfaces of an active client. Interfaces count as well on which
messages of the client wait that it sent before it was suspended, revoked, or lost the
interface. So accepted messages are still applied.
"""

from odoo import Command

WAITING = ("pending", "processing", "parked")


def create(client):
    """Create the user with whose rights the messages of this client are applied."""
    group = client.env.ref("interop_base.interop_rest_group_client")
    company = (client._facilities() or client.env.company)[0]
    # sudo: administrators of the integration may not be allowed to create users
    users_sudo = client.env["res.users"].sudo().with_context(no_reset_password=True)
    user_sudo = users_sudo.create(
        {
            "name": client.name,
            "login": f"interop.client.{client.code}",
            "group_ids": [Command.set(group.ids)],
            "company_id": company.id,
            "company_ids": [Command.set(company.ids)],
            # Always archived: the user cannot log in, and its contact is not listed.
            "active": False,
        }
    )
    return user_sudo


def sync(client, tried=()):
    """Update the facilities and groups of the service user to what it needs now.

    :param tried: interfaces that count in any state, for a dry run
    """
    user_sudo = client.user_id.sudo()  # sudo: see create
    if not user_sudo:
        return
    interfaces, companies = needed(client)
    for interface in tried:
        interfaces |= interface
        companies |= interface.company_ids.filtered(client.sudo()._serves)
    values = {}
    # A user needs at least one company. Without groups it gives no access.
    companies = companies or user_sudo.company_id
    if user_sudo.company_ids != companies:
        company = (user_sudo.company_id & companies or companies)[0]
        values["company_id"] = company.id
        values["company_ids"] = [Command.set(companies.ids)]
    groups = client._service_groups(interfaces)
    if user_sudo.group_ids != groups:
        values["group_ids"] = [Command.set(groups.ids)]
    if values:
        user_sudo.write(values)


def needed(client):
    """Return the interfaces and facilities that the service user works for now."""
    client_sudo = client.sudo()  # sudo: all interfaces, also those the user cannot see
    interfaces = client_sudo.interface_ids.browse()
    companies = interfaces.company_ids
    if client.state == "active":
        interfaces = client_sudo.interface_ids.filtered(_is_active)
        companies = interfaces.company_ids.filtered(client_sudo._serves)
    waiting = client_sudo.env["interop.message"]._read_group(
        [
            ("client_id", "=", client.id),
            ("direction", "=", "in"),
            ("state", "in", WAITING),
        ],
        ["interface_id", "company_id"],
    )
    for interface, company in waiting:
        if _is_active(interface):
            interfaces |= interface
            companies |= company
    return interfaces, companies


def _is_active(interface):
    return interface.state == "active"
