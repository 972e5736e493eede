"""How much a client may send: told with every answer, refused before any work."""

from odoo import api, models

from ..exceptions import Problem


class InteropInbound(models.AbstractModel):
    """One limit for all calls of a client, and one for its messages on an interface."""

    _inherit = "interop.inbound"

    @api.model
    def _limit_client(self, call, client_sudo):
        """Count a proven call; unproven ones count against nobody, or an attacker could
        use up what is the client's."""
        self._limit(call, client_sudo, "client", client_sudo._rate_limit())

    @api.model
    def _limit_interface(self, call, client_sudo, interface):
        """Count a message on its interface, where that has a limit."""
        if interface.client_rate_limit:
            limit = interface.client_rate_limit
            self._limit(call, client_sudo, "interface", limit, interface.id)

    @api.model
    def _limit_size(self, call, client_sudo, interface):
        """Refuse a message that is larger than its interface takes.

        :raises Problem: ``too_large``
        """
        if interface.max_body_kb and len(call.body) > 1024 * interface.max_body_kb:
            raise Problem("too_large", reason="interface", client=client_sudo.code)

    @api.model
    def _limit(self, call, client_sudo, name, limit, interface_id=0):
        """Count one request, note what to tell about it, refuse it if it is too much.

        :raises Problem: ``rate_limited``
        """
        subject = f"client:{client_sudo.id}"
        if interface_id:
            subject += f":interface:{interface_id}"
        allowed, left, reset, wait = self.env["interop.rate.counter"]._allow(
            subject, limit
        )
        if call.limits is not None:
            call.limits[name] = (name, limit, left, reset)
        if not allowed:
            raise Problem(
                "rate_limited",
                reason=name,
                client=client_sudo.code,
                headers={"Retry-After": str(wait)},
            )
