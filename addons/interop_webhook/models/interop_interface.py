"""Interfaces that travel by webhook."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


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

    def _approval_fields(self):
        return super()._approval_fields() | {"endpoint_id"}

    def _locked_fields(self):
        return super()._locked_fields() | {"endpoint_id"}

    def _approval_state(self):
        state = super()._approval_state()
        if self.transport == "webhook" and self.endpoint_id:
            state.update(self.endpoint_id._approval_state())
        return state

    def _approval_labels(self):
        endpoint = self.env["interop.endpoint"]
        names = endpoint._approval_part_fields()
        return {
            **super()._approval_labels(),
            **{
                f"endpoint.{name}": endpoint._fields[name]._description_string(self.env)
                for name in names
            },
            "endpoint.headers": self.env._("Extra Headers (digests)"),
        }

    def _approval_parts(self):
        return [*super()._approval_parts(), self.endpoint_id]

    def _excluded_approvers(self):
        """Who wrote the endpoint since it was approved last cannot approve it here."""
        return super()._excluded_approvers() | self.endpoint_id._approval_authors()

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
