"""The clients of an interface, and their limits."""

from odoo import api, fields, models
from odoo.exceptions import AccessError


class InteropSenderMixin(models.AbstractModel):
    """The clients of an interface; they get their interfaces on the client form."""

    _name = "interop.sender.mixin"
    _description = "Clients of a Flow"

    client_ids = fields.Many2many(
        "interop.client",
        "interop_client_interface_rel",
        "interface_id",
        "client_id",
        "Clients",
        readonly=True,
        copy=False,
        help="Machine identities that may send on this interface, or fetch its "
        "messages. Choose interfaces on the client; they are approved with it.",
    )
    client_rate_limit = fields.Integer(
        "Rate Limit",
        tracking=True,
        help="Messages that each client may send on this interface per minute, over "
        "all workers. The server answers further messages with 429. 0 means that only "
        "the rate limit of the client applies.",
    )
    max_body_kb = fields.Integer(
        "Maximum Message Size (KB)",
        tracking=True,
        help="This interface refuses larger messages. 0 means the limit of the "
        "Settings, which applies to all interfaces.",
    )
    _max_body_positive = models.Constraint(
        "CHECK (max_body_kb >= 0)", "The maximum message size cannot be negative."
    )
    _client_rate_limit_positive = models.Constraint(
        "CHECK (client_rate_limit >= 0)", "The rate limit cannot be negative."
    )

    @api.constrains("system_id", "direction", "transport", "client_ids")
    def _check_clients(self):
        """Check the interfaces of the clients, which may have changed from this
        side."""
        self.sudo().client_ids._check_interfaces()  # sudo: clients of all facilities

    def _refuse_clients(self, vals):
        if vals.get("client_ids", []) != []:
            raise AccessError(
                self.env._(
                    "A client cannot be added on the interface. Choose the interface "
                    "on the client and request approval."
                )
            )
