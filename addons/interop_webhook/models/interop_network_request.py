"""Private networks that an administrator requests and a steward approves."""

from odoo import api, fields, models

from ..tools import url_guard


class InteropNetworkRequest(models.Model):
    """Request to allow private networks for an endpoint of protected messages.

    The endpoint shows the request, its activities and its audit events.
    """

    _name = "interop.network.request"
    _description = "Requested Networks"
    _inherit = ["interop.approval.mixin"]

    endpoint_id = fields.Many2one(
        "interop.endpoint", required=True, readonly=True, index=True, ondelete="cascade"
    )
    networks = fields.Text(
        "Requested Networks",
        required=True,
        readonly=True,
        help="All private networks of the endpoint, one per line, such as 10.20.0.0/16. "
        "They replace the allowed networks after approval.",
    )
    state = fields.Selection(
        [("requested", "Requested"), ("approved", "Approved"), ("refused", "Refused")],
        required=True,
        readonly=True,
        default="requested",
    )

    _open_uniq = models.UniqueIndex("(endpoint_id) WHERE state = 'requested'")

    @api.depends("endpoint_id.name")
    def _compute_display_name(self):
        for request in self:
            name = request.endpoint_id.name
            request.display_name = name and self.env._("%s: requested networks", name)

    # === APPROVAL === #

    def _approval_state(self):
        return {
            **super()._approval_state(),
            "endpoint": self.endpoint_id.code,
            "url": self.endpoint_id.url,
            "allowed_networks": url_guard.network_texts(
                self.endpoint_id.allowed_networks
            ),
            "networks": url_guard.network_texts(self.networks),
        }

    def _approval_labels(self):
        return {
            **super()._approval_labels(),
            "url": self.env._("URL"),
            "allowed_networks": self.env._("Allowed Networks"),
            "networks": self.env._("Requested Networks"),
        }

    def _approval_parts(self):
        return [*super()._approval_parts(), self.endpoint_id]

    def _approval_subject(self):
        return self.endpoint_id

    def _approval_note(self):
        return self.networks

    def _approval_summary(self):
        return self.env._("Approve networks of endpoint %s", self.endpoint_id.name)

    # === TRANSITIONS === #

    @api.model
    @api.private
    def _ask(self, endpoint, text):
        """Request the networks ``text`` in the name of the current user.

        An open request of the endpoint gets these networks and asks for approval again.
        """
        # sudo: administrators may write requests only through this method
        requests_sudo = self.sudo()
        domain = [("endpoint_id", "=", endpoint.id), ("state", "=", "requested")]
        request_sudo = requests_sudo.search(domain)
        if request_sudo:
            request_sudo.networks = text
            request_sudo._note_editor()
            # The activities of the stewards show the earlier networks.
            request_sudo._approval_activities().unlink()
        else:
            request_sudo = requests_sudo.create(
                {"endpoint_id": endpoint.id, "networks": text}
            )
        return request_sudo._set_approval_requested()

    def _set_approved(self, fingerprint=None):
        """Approve the requests and allow their networks.

        The user who requested the networks may not approve them.

        :param str fingerprint: the state that was shown to the approver
        """
        moved = self.filtered(lambda request: request.state == "requested")
        moved._check_may_approve(fingerprint)
        moved._approve_many({"state": "approved"})
        for request in moved:
            request.endpoint_id._set_networks(request.networks)
        return moved

    def _set_approval_refused(self, reason):
        """Refuse the requests, and tell the requesters the reason."""
        moved = self.filtered(lambda request: request.state == "requested")
        super(InteropNetworkRequest, moved)._set_approval_refused(reason)
        moved._transition({"state": "refused"})
        return moved
