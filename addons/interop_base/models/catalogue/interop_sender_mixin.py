"""Which machines may send on a flow, and how much."""

from odoo import api, fields, models
from odoo.exceptions import AccessError


class InteropSenderMixin(models.AbstractModel):
    """The clients of a flow; they are chosen and approved on the client."""

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

    @api.constrains("system_id", "direction", "transport", "client_ids")
    def _check_clients(self):
        """The rule of the clients holds from this side, too."""
        self.sudo().client_ids._check_interfaces()  # sudo: clients of all facilities

    def _refuse_clients(self, vals):
        if vals.get("client_ids", []) != []:
            raise AccessError(
                self.env._(
                    "Choose the interfaces on the client, and have a steward approve it. "
                    "Nobody adds a client to an interface."
                )
            )
