"""Catch-up: a receiver fetches the messages that it missed, page by page.

It gets the messages of interfaces that were approved for the client, with the same bytes
as in a delivery.
"""

from odoo.addons.interop_base.models.log.message_catch_up import CatchUp
from odoo.addons.interop_base.tools.errors import CursorError

from ..exceptions import Problem
from ..tools import events as tool
from .call import Answer
from .querying import read_query


def events(env, call):
    """Answer the messages to the system of the client after a cursor.

    :raises Refused: authentication failed, or the query or cursor is not valid
    """
    client_sudo, asked = read_query(env, call, "may_read_events", tool)
    interfaces = _event_interfaces(client_sudo)
    if not interfaces:
        raise Problem("events_not_allowed", client=client_sudo.code)
    try:
        page = CatchUp(client_sudo.env).page(interfaces, asked.cursor, asked.limit)
    except CursorError:
        raise Problem("invalid_cursor", client=client_sudo.code) from None
    _note_events(client_sudo, page.items)
    return Answer(200, tool.page(*page), {})


def _event_interfaces(client_sudo):
    """Return the outbound interfaces whose messages the client may fetch.

    They are approved for the client, belong to its system, and serve only facilities of
    the client.
    """
    facilities = client_sudo._facilities()
    return client_sudo.interface_ids.filtered(
        lambda item: (
            item.direction == "out"
            and item.system_id == client_sudo.system_id
            and item.company_ids <= facilities
        )
    )


def _note_events(client_sudo, items):
    """Write an audit event per interface; an empty page writes nothing."""
    audit = client_sudo.env["interop.audit.event"]
    for span in tool.spans(items):
        audit._log("viewed", client_sudo, f"Fetched events {span}")
