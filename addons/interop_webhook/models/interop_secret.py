"""Signing secrets and credentials of endpoints."""

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock

from .. import const
from .endpoint_connection import EndpointConnection


class InteropSecret(models.Model):
    """Adds the endpoint of a secret, and the purpose of a credential."""

    _inherit = "interop.secret"

    endpoint_id = fields.Many2one(
        "interop.endpoint", ondelete="restrict", index=True, readonly=True
    )

    purpose = fields.Selection(const.PURPOSES, readonly=True)

    def write(self, vals):
        """Refuse a change of endpoint or purpose."""
        if {"endpoint_id", "purpose"} & vals.keys():
            raise UserError(
                self.env._(
                    "Endpoint and purpose of a secret cannot change. Generate a secret on "
                    "the other endpoint."
                )
            )
        return super().write(vals)

    def _rotation_values(self):
        return {
            **super()._rotation_values(),
            "endpoint_id": self.endpoint_id.id,
            "purpose": self.purpose,
        }

    def _action_show_once(self, plaintext):
        action = super()._action_show_once(plaintext)
        kinds = const.SECRET_KINDS.get(self.endpoint_id.signature_version, ())
        if self.kind in kinds and self.endpoint_id._signs_requests():
            action["params"]["note"] += " " + self.env._(
                "For signed requests (RFC 9421) use the key id %s.", self.uuid
            )
            others = (
                EndpointConnection(self.endpoint_id).signing_secrets(clock.now()) - self
            )
            ends = [item.valid_to for item in others if item.valid_to]
            if ends:
                action["params"]["note"] += " " + self.env._(
                    "It signs from %s UTC on, when the previous secret expires.",
                    max(ends).strftime("%Y-%m-%d %H:%M"),
                )
        return action
