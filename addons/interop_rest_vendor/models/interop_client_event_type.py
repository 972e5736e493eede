"""Mapping of vendor event types to contracts."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class InteropClientEventType(models.Model):
    """Maps one event type of a vendor to a contract, or ignores it."""

    _name = "interop.client.event.type"
    _description = "Vendor Event Type"
    _order = "client_id, sequence, id"

    client_id = fields.Many2one(
        "interop.client", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    value = fields.Char(
        "Event Type",
        help="The exact name that the vendor uses. Ignored if the vendor sends one event "
        "type only.",
    )
    contract_id = fields.Many2one(
        "interop.contract",
        ondelete="restrict",
        index="btree_not_null",
        help="The contract of the message that the event becomes. Leave empty to "
        "acknowledge and ignore the event. Event types that are not listed are refused.",
    )

    _value_uniq = models.UniqueIndex(
        "(client_id, value)",
        "The client already lists this event type. Change the existing line.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create lines, of clients that wait for approval only."""
        lines = super().create(vals_list)
        lines._check_requested()
        lines.client_id._note_editor()
        return lines

    def write(self, vals):
        """Change lines, of clients that wait for approval only."""
        self._check_requested()
        self.client_id._note_editor()
        result = super().write(vals)
        self._check_requested()
        self.client_id._note_editor()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_requested(self):
        self._check_requested()
        self.client_id._note_editor()

    def _check_requested(self):
        for client in self.client_id:
            if client.state != "requested":
                raise UserError(
                    self.env._(
                        "Client %s was approved with its event types. Suspend the client "
                        "and press Change, then edit the event types and request approval "
                        "again.",
                        client.name,
                    )
                )
