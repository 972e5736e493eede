"""Policy of an interface for identifiers that no record has."""

from odoo import fields, models

from .. import const
from .interop_system import DEFAULT_AUTHORITIES


class InteropInterface(models.Model):
    """Adds the policy for unknown identifiers."""

    _inherit = "interop.interface"

    unknown_policy = fields.Selection(
        const.UNKNOWN_POLICIES,
        "Unknown Identifiers",
        required=True,
        default="create",
        tracking=True,
        help="Handling of a message about a record with unknown identifiers. "
        "Create: the message creates the record. Ask a steward: the "
        "message waits in the steward's queue. A message that only refers "
        "to an unknown record, such as the location of an appointment, "
        "always waits.",
    )

    def _approval_state(self):
        state = super()._approval_state()
        if self.direction == "in":
            state["unknown_policy"] = self.unknown_policy
            state[DEFAULT_AUTHORITIES] = self.system_id._approval_authorities(
                self.company_ids
            )
        return state

    def _approval_fields(self):
        return super()._approval_fields() | {"unknown_policy"}

    def _approval_labels(self):
        label = self._fields["unknown_policy"]._description_string(self.env)
        return {
            **super()._approval_labels(),
            "unknown_policy": label,
            DEFAULT_AUTHORITIES: self.env._("Default assigning authorities"),
        }
