"""What the events of a third party are here."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class InteropClientEventType(models.Model):
    """What an event of a vendor is here: a message of a contract, or nothing."""

    _name = "interop.client.event.type"
    _description = "Vendor Event"
    _order = "client_id, sequence, id"

    client_id = fields.Many2one(
        "interop.client", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    value = fields.Char(
        "Event",
        help="What the vendor calls it, exactly. Without meaning if all events are of "
        "one kind.",
    )
    contract_id = fields.Many2one(
        "interop.contract",
        ondelete="restrict",
        index="btree_not_null",
        help="What it is here. Empty: it is acknowledged and ignored on purpose. Events "
        "that are not listed are refused.",
    )

    _value_uniq = models.UniqueIndex(
        "(client_id, value)", "An event of a client is listed once."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create lines of clients that wait for approval."""
        lines = super().create(vals_list)
        lines._check_requested()
        lines.client_id._note_editor()
        return lines

    def write(self, vals):
        """Change lines of clients that wait for approval."""
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
                        "“%s” was approved with its events. Suspend it and request "
                        "approval again before changing them.",
                        client.name,
                    )
                )
