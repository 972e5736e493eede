"""Interfaces that receive over REST."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError


class InteropInterface(models.Model):
    """Adds the transport and the clients."""

    _inherit = "interop.interface"

    transport = fields.Selection(selection_add=[("rest", "REST (signed)")])
    client_ids = fields.Many2many(
        "interop.client",
        "interop_client_interface_rel",
        "interface_id",
        "client_id",
        "Clients",
        readonly=True,
        copy=False,
        help="Machine identities that may send on this interface, or fetch what it sent. "
        "They are chosen on the client, and approved with it.",
    )

    client_rate_limit = fields.Integer(
        "Rate Limit",
        tracking=True,
        help="How many messages each client may send on this interface in a minute, over "
        "all workers; further ones are answered 429. 0: only the limit of the client.",
    )

    max_body_kb = fields.Integer(
        "Largest Message (KB)",
        tracking=True,
        help="A larger message is refused on this interface. 0: as large as the Settings "
        "allow, which is the limit for all.",
    )

    _max_body_positive = models.Constraint(
        "CHECK (max_body_kb >= 0)", "A size is a number from 0."
    )
    _client_rate_limit_positive = models.Constraint(
        "CHECK (client_rate_limit >= 0)", "A rate is a number from 0."
    )

    @api.constrains("transport", "direction")
    def _check_rest_direction(self):
        for interface in self:
            if interface.transport == "rest" and interface.direction != "in":
                raise ValidationError(
                    self.env._("REST receives: “%s” is not inbound.", interface.name)
                )

    @api.constrains("system_id", "direction", "transport", "client_ids")
    def _check_clients(self):
        """The rule of the clients holds from this side, too."""
        self.sudo().client_ids._check_interfaces()  # sudo: clients of all facilities

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse clients: they are approved with what they may use."""
        for vals in vals_list:
            if vals.get("client_ids"):
                self._refuse_clients(vals)
        # An empty list: whatever default_… a context brings.
        return super().create([{**vals, "client_ids": []} for vals in vals_list])

    def write(self, vals):
        """Refuse clients: they are approved with what they may use."""
        self._refuse_clients(vals)
        return super().write(vals)

    def _refuse_clients(self, vals):
        if vals.get("client_ids", []) != []:
            raise AccessError(
                self.env._(
                    "Choose the interfaces on the client, and have a steward approve it. "
                    "Nobody adds a client to an interface."
                )
            )

    def _moved(self, interfaces, detail):
        """The rights of service users follow the state of the interfaces."""
        moved = super()._moved(interfaces, detail)
        if moved:
            # sudo: clients of all facilities
            self.env["interop.client"].sudo()._of(moved)._sync_service_user()
        return moved
