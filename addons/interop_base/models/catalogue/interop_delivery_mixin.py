"""The endpoint of an interface."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class InteropDeliveryMixin(models.AbstractModel):
    """The endpoint of an interface; it is approved together with the interface."""

    _name = "interop.delivery.mixin"
    _description = "Delivery of a Flow"
    _inherit = ["interop.approval.in.use.mixin"]

    endpoint_id = fields.Many2one(
        "interop.endpoint",
        ondelete="restrict",
        index=True,
        tracking=True,
        domain="[('system_id', '=', system_id)]",
        help="The destination of the messages of this interface.",
    )

    @api.constrains("endpoint_id", "system_id", "company_ids", "transport", "direction")
    def _check_endpoint(self):
        for interface in self.filtered("endpoint_id"):
            endpoint = interface.endpoint_id
            if endpoint.system_id != interface.system_id:
                raise ValidationError(
                    self.env._(
                        "Endpoint “%(endpoint)s” belongs to another system than "
                        "“%(interface)s”.",
                        endpoint=endpoint.name,
                        interface=interface.name,
                    )
                )
            # sudo: also facilities that the user has not selected in the company
            # switcher
            companies = interface.sudo().company_ids
            if endpoint.company_id and companies - endpoint.sudo().company_id:
                raise ValidationError(
                    self.env._(
                        "Endpoint “%(endpoint)s” belongs to facility %(facility)s, but "
                        "“%(interface)s” covers other facilities as well.",
                        endpoint=endpoint.name,
                        facility=endpoint.company_id.name,
                        interface=interface.name,
                    )
                )

    def _may_test(self):
        """Return whether a test message may be sent now, also before activation."""
        self.ensure_one()
        return (
            self._uses_endpoint() and self.endpoint_id._delivers() and self._is_open()
        )

    def _may_catch_up(self, stopped):
        """Return whether a receiver may fetch messages of this interface now.

        The state of the endpoint does not matter: the receiver may have been
        unreachable.
        """
        self.ensure_one()
        return (
            self._in_force()
            and not self.interop_stopped_at
            and not self.system_id.interop_stopped_at
            and not self.company_ids & stopped
        )

    def _receiver_holds(self):
        """Return the reasons why the endpoint holds messages back, as a list of
        ``Hold``."""
        self.ensure_one()
        if self._uses_endpoint() and self.endpoint_id:
            return self.endpoint_id._holds()
        return []

    def _approval_parts(self):
        return [*super()._approval_parts(), self.endpoint_id]

    def _excluded_approvers(self):
        """Exclude users who changed the endpoint since its last approval."""
        return super()._excluded_approvers() | self.endpoint_id._approval_authors()
