"""Machine identities."""

from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.interop_base import clock

from .. import const
from ..tools import networks


class InteropClient(models.Model):
    """One caller of one system, with a service user and keys of its own."""

    _name = "interop.client"
    _description = "Integration Client"
    _inherit = ["interop.code.mixin", "interop.approval.mixin"]
    _order = "name"

    name = fields.Char(required=True, tracking=True)
    system_id = fields.Many2one(
        "interop.system", required=True, ondelete="restrict", index=True, tracking=True
    )
    user_id = fields.Many2one(
        "res.users",
        "Service User",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="Messages are applied with the rights of this user and nobody else's. It "
        "was made for this client, is archived for good and cannot log in.",
    )
    interface_ids = fields.Many2many(
        "interop.interface",
        "interop_client_interface_rel",
        "client_id",
        "interface_id",
        "Allowed Interfaces",
        domain="[('system_id', '=', system_id), '|', ('direction', '=', 'out'),"
        " ('transport', '=', 'rest')]",
        tracking=True,
        help="What it may send on inbound interfaces; on outbound ones it may fetch what "
        "its system missed. All of one system.",
    )
    company_ids = fields.Many2many(
        "res.company",
        "interop_client_company_rel",
        "client_id",
        "company_id",
        "Only for Facilities",
        # Archived ones, too: a client of none but them is for none, not for all.
        context={"active_test": False},
        tracking=True,
        help="Empty: for all facilities of its interfaces.",
    )
    may_send = fields.Boolean(
        default=True, tracking=True, help="It may send messages and batches."
    )
    may_read_status = fields.Boolean(
        default=True,
        tracking=True,
        help="It may ask what became of its own messages.",
    )
    may_read_identifiers = fields.Boolean(
        default=True,
        tracking=True,
        help="It may look identifiers up, of the namespaces listed with it.",
    )
    may_read_events = fields.Boolean(
        default=True,
        tracking=True,
        help="It may fetch what its system was sent, of its outbound interfaces.",
    )
    may_reconcile = fields.Boolean(
        default=True,
        tracking=True,
        help="It may compare what it has sent with what is here, many messages at once.",
    )
    requires_idempotency_key = fields.Boolean(
        tracking=True,
        help="Messages that are not signed as webhooks are refused unless they carry "
        "Idempotency-Key.",
    )
    namespace_ids = fields.Many2many(
        "interop.namespace",
        "interop_client_namespace_rel",
        "client_id",
        "namespace_id",
        "May Look Up",
        tracking=True,
        help="Assigning authorities whose identifiers it may look up, and get of a record "
        "that it has found. None: it looks up nothing.",
    )
    secret_ids = fields.One2many("interop.secret", "client_id", "Keys", readonly=True)
    expires_at = fields.Datetime(
        "Valid Until", tracking=True, help="From this moment on it is refused."
    )
    expires_soon = fields.Boolean(
        compute="_compute_expires_soon", search="_search_expires_soon"
    )
    allowed_networks = fields.Text(
        tracking=True,
        help="Networks that it may call from, one per line, such as 10.20.0.0/16. "
        "Empty: any. This comes in addition to the signature, never instead of it.",
    )
    accepts_signature = fields.Boolean(
        "Signed Messages",
        default=True,
        tracking=True,
        help="Standard Webhooks: each request is signed with a key (HMAC or Ed25519).",
    )
    accepts_token = fields.Boolean(
        "Tokens",
        tracking=True,
        help="A secret text that ends by itself, sent along as Authorization: Bearer. "
        "Weaker: whoever reads a request can send others.",
    )
    accepts_http_signature = fields.Boolean(
        "Signed Requests",
        tracking=True,
        help="HTTP Message Signatures (RFC 9421): each request is signed with method, "
        "address and digest of its body. The key is named by its key id.",
    )
    rate_limit = fields.Integer(
        "Requests per Minute",
        tracking=True,
        help="How many requests it may make in a minute, over all workers; further ones "
        "are answered 429. 0: as the Settings say.",
    )
    state = fields.Selection(
        const.CLIENT_STATES,
        required=True,
        default="requested",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    message_count = fields.Integer("Messages", compute="_compute_message_count")

    _code_uniq = models.Constraint("UNIQUE (code)", "A client with this code exists.")
    _user_uniq = models.Constraint(
        "UNIQUE (user_id)", "A service user serves one client."
    )
    _rate_limit_positive = models.Constraint(
        "CHECK (rate_limit >= 0)", "A rate is a number from 0."
    )

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {"user_id"}

    @api.depends("expires_at")
    def _compute_expires_soon(self):
        limit = clock.now() + timedelta(days=self.env["interop.secret"]._warning_days())
        for client in self:
            client.expires_soon = bool(client.expires_at and client.expires_at <= limit)

    def _search_expires_soon(self, operator, value):
        if operator != "in":
            return NotImplemented
        limit = clock.now() + timedelta(days=self.env["interop.secret"]._warning_days())
        return [("expires_at", "<=", limit)]

    def _compute_message_count(self):
        groups = self.env["interop.message"]._read_group(
            [("client_id", "in", self.ids)], ["client_id"], ["__count"]
        )
        counts = {client.id: count for client, count in groups}
        for client in self:
            client.message_count = counts.get(client.id, 0)

    # === CHECKS === #

    @api.constrains("allowed_networks")
    def _check_allowed_networks(self):
        for client in self:
            try:
                networks.parse(client.allowed_networks)
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "“%(name)s”: %(reason)s", name=client.name, reason=str(error)
                    )
                ) from None

    @api.constrains("interface_ids", "system_id")
    def _check_interfaces(self):
        for client in self:
            for interface in client.interface_ids:
                foreign = interface.system_id != client.system_id
                if foreign or (
                    interface.direction == "in" and interface.transport != "rest"
                ):
                    raise ValidationError(
                        self.env._(
                            "“%(client)s” can only use the REST interfaces of its own "
                            "system and what is sent to it; “%(interface)s” is none of "
                            "them.",
                            client=client.name,
                            interface=interface.name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create clients, each with a service user of its own."""
        clients = super().create(vals_list)
        clients._check_reach()
        for client in clients:
            client._create_service_user()
        return clients

    def write(self, vals):
        """Refuse changes to what was approved."""
        changing = const.APPROVED_FIELDS & vals.keys()
        for client in self if changing else ():
            if client.state != "requested":
                raise UserError(
                    self.env._(
                        "“%(name)s” was approved as it is. Suspend it and request "
                        "approval again before changing %(fields)s.",
                        name=client.name,
                        fields=", ".join(
                            sorted(self._fields[name].string for name in changing)
                        ),
                    )
                )
        result = super().write(vals)
        if changing:
            self._check_reach()
            self._note_editor()
        return result

    def _check_reach(self):
        """Raise ``AccessError`` unless the user may read every interface of the client:
        nobody opens what they do not see, such as a flow of another facility."""
        if not self.env.su:
            self._check_readable()

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("Clients are revoked, not deleted: messages name them.")
        )

    # === SERVICE USER === #

    def _create_service_user(self):
        """Make the user on whose rights this client's messages are applied."""
        self.ensure_one()
        group = self.env.ref("interop_rest.interop_rest_group_client")
        company = (self._facilities() or self.env.company)[0]
        # sudo: administrators of the integration need not be administrators of users
        users_sudo = self.env["res.users"].sudo().with_context(no_reset_password=True)
        user_sudo = users_sudo.create(
            {
                "name": self.name,
                "login": f"interop.client.{self.code}",
                "group_ids": [Command.set(group.ids)],
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                # Archived for good: it cannot log in and its contact is not listed.
                "active": False,
            }
        )
        self._transition({"user_id": user_sudo.id})

    def _facilities(self):
        """Return the facilities that the interfaces of this client cover."""
        # sudo: all of them, whatever facilities the current user has
        return self.sudo().interface_ids.company_ids.filtered(self.sudo()._serves)

    def _serves(self, company):
        """Return whether the client is for this facility, if an interface is."""
        return not self.company_ids or company in self.company_ids

    # === ACTIONS === #

    def action_view_messages(self):
        """Open the messages of this client."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_message_action"
        )
        action["domain"] = [("client_id", "in", self.ids)]
        action["context"] = {}
        return action

    def action_generate_hmac(self):
        """Generate an HMAC key and show it once."""
        return self._generate("hmac")

    def action_generate_token(self):
        """Generate a token and show it once."""
        return self._generate("token_hash")

    def _generate(self, kind):
        """Generate a key or token and return the action that shows it once."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        secrets = self.env["interop.secret"]
        plaintext = secrets._generate_plaintext(kind)
        secret = secrets._create_value(self._secret_values(kind), plaintext)
        self.env["interop.audit.event"]._log("generated", secret)
        return secret._action_show_once(plaintext)

    def action_add_public_key(self):
        """Ask for the public key of a caller that signs with Ed25519."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add Public Key"),
            "res_model": "interop.client.key.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_client_id": self.id},
        }

    def _secret_values(self, kind):
        """Return the values of a new key of this client."""
        self.ensure_one()
        called = {
            "hmac": self.env._("HMAC key"),
            "ed25519_public": self.env._("Public key"),
            "credential": self.env._("Vendor secret"),
            "token_hash": self.env._("Token"),
        }
        values = {
            "name": f"{self.name}: {called.get(kind, kind)}",
            "system_id": self.system_id.id,
            "client_id": self.id,
            "kind": kind,
        }
        if kind == "token_hash":
            values["valid_to"] = self.env["interop.secret"]._token_end()
        return values
