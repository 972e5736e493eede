"""Interfaces that travel by webhook."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class InteropInterface(models.Model):
    """Adds the transport and the endpoint."""

    _inherit = "interop.interface"

    transport = fields.Selection(selection_add=[("webhook", "Webhook (HTTPS)")])
    endpoint_id = fields.Many2one(
        "interop.endpoint",
        ondelete="restrict",
        index=True,
        tracking=True,
        domain="[('system_id', '=', system_id)]",
        help="Where the messages of this interface are delivered.",
    )

    @api.constrains("endpoint_id", "system_id", "company_ids", "transport", "direction")
    def _check_endpoint(self):
        for interface in self:
            endpoint = interface.endpoint_id
            if interface.transport == "webhook" and interface.direction != "out":
                raise ValidationError(
                    self.env._(
                        "Webhooks leave Odoo: “%s” is not outbound.", interface.name
                    )
                )
            if endpoint and endpoint.system_id != interface.system_id:
                raise ValidationError(
                    self.env._(
                        "Endpoint “%(endpoint)s” belongs to another system than "
                        "“%(interface)s”.",
                        endpoint=endpoint.name,
                        interface=interface.name,
                    )
                )
            # sudo: also facilities that are not chosen in the switcher
            companies = interface.sudo().company_ids
            if endpoint.company_id and companies - endpoint.sudo().company_id:
                raise ValidationError(
                    self.env._(
                        "Endpoint “%(endpoint)s” serves %(facility)s alone, but "
                        "“%(interface)s” covers more.",
                        endpoint=endpoint.name,
                        facility=endpoint.company_id.name,
                        interface=interface.name,
                    )
                )

    def write(self, vals):
        """Where an approved flow goes is part of what was approved."""
        if "endpoint_id" in vals:
            for interface in self:
                if interface.state != "draft" and interface._would_change(
                    {"endpoint_id": vals["endpoint_id"]}
                ):
                    raise UserError(
                        self.env._(
                            "“%(name)s” is approved for its endpoint. Set it back to "
                            "draft before it delivers to another one.",
                            name=interface.name,
                        )
                    )
        return super().write(vals)

    def _moves(self):
        self.ensure_one()
        return super()._moves() and (
            self.transport != "webhook" or self.endpoint_id._delivers()
        )

    def _receiver_holds(self):
        holds = super()._receiver_holds()
        if self.transport == "webhook" and self.endpoint_id:
            holds += self.endpoint_id._holds()
        return holds

    def _may_test(self):
        """Return whether a test message may leave now, active or not."""
        self.ensure_one()
        return (
            self.transport == "webhook"
            and self.endpoint_id._delivers()
            and not self.interop_stopped_at
            and not self.system_id.interop_stopped_at
            and self.system_id.environment == self.env["interop.guard"]._environment()
        )

    def _lane(self):
        self.ensure_one()
        if self.transport == "webhook" and self.endpoint_id:
            return self.endpoint_id._lane()
        return super()._lane()

    def _ordering(self):
        self.ensure_one()
        if self.transport == "webhook" and self.endpoint_id:
            return self.endpoint_id.ordering
        return super()._ordering()

    def _missing_for_activation(self):
        missing = super()._missing_for_activation()
        if self.transport == "webhook":
            if not self.endpoint_id.active:
                missing.append(
                    self.env._("an endpoint that is not archived")
                    if self.endpoint_id
                    else self.env._("endpoint")
                )
            elif not self.endpoint_id._has_usable_secret():
                missing.append(
                    self.env._("a usable secret of endpoint %s", self.endpoint_id.name)
                )
            if self.endpoint_id and self.endpoint_id._missing_credential():
                missing.append(self.endpoint_id._missing_credential())
        return missing

    def action_send_test(self):
        """Send a signed test message through the endpoint of this interface."""
        self.ensure_one()
        return self.endpoint_id._send_test(self)
