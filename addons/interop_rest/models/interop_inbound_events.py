"""What a receiver missed, fetched page by page."""

from odoo import api, models

from odoo.addons.interop_base.tools.errors import CursorError

from ..exceptions import Problem
from ..tools import events
from .inbound_types import Answer


class InteropInbound(models.AbstractModel):
    """Hands out the messages of interfaces that were approved for the client, as they
    were or would be delivered."""

    _inherit = "interop.inbound"

    @api.model
    @api.private
    def _events(self, call):
        """Answer what the system of the client was sent after a cursor.

        :raises Problem: refused
        """
        client_sudo, proven = self._authenticate(call, "may_read_events")
        self._require_id(client_sudo, proven, events.signed_id(call.query))
        self._check_ready(client_sudo)
        asked = events.parse(call.query)
        if not asked:
            raise Problem("invalid_query", client=client_sudo.code)
        interfaces = self._event_interfaces(client_sudo)
        if not interfaces:
            raise Problem("events_not_allowed", client=client_sudo.code)
        try:
            page = client_sudo.env["interop.message"]._catch_up(
                interfaces, asked.cursor, asked.limit
            )
        except CursorError:
            raise Problem("invalid_cursor", client=client_sudo.code) from None
        self._note_events(client_sudo, page.items)
        return Answer(200, events.page(*page), {})

    @api.model
    def _event_interfaces(self, client_sudo):
        """Return the interfaces on which the client may read what was sent: approved
        for it, of its own system, for none but its own facilities."""
        facilities = client_sudo._facilities()
        return client_sudo.interface_ids.filtered(
            lambda item: (
                item.direction == "out"
                and item.system_id == client_sudo.system_id
                and item.company_ids <= facilities
            )
        )

    @api.model
    def _note_events(self, client_sudo, items):
        """Leave evidence of who was handed which messages; an empty page shows
        nothing."""
        audit = client_sudo.env["interop.audit.event"]
        for span in events.spans(items):
            audit._log("viewed", client_sudo, f"Fetched events {span}")
