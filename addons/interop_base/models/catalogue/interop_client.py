"""Machine identities: the calling system, its permissions and its service user."""

from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ... import clock, const
from ...exceptions import ConfigurationError, GuardError, Refused
from ...tools import networks
from . import client_alerts, service_user

# Fields of a secret that verification needs, for one SELECT.
READ_OF_KEYS = (
    *("name", "uuid", "kind", "key_id", "ciphertext", "company_id", "client_id"),
    *("valid_from", "valid_to", "revoked_at", "last_used_at"),
)


class Flow(NamedTuple):
    """One interface of a client.

    ``contracts`` are ``{(message type, version): id}``. ``company_ids`` are the
    facilities for which the client may use the interface. A limit of 0 means no limit.
    """

    interface_id: int
    inbound: bool
    contracts: dict
    company_ids: tuple
    latency_tier: str
    data_class: str
    lane: str
    rate_limit: int
    max_body_kb: int


class Scope(NamedTuple):
    """Cached facts about a client: its interfaces (``Flow``), company ids by the
    facility codes of its system, and the environment of the system."""

    flows: tuple
    facilities: dict
    environment: str


class InteropClient(models.Model):
    """One caller of one system, with its service user and keys.

    Transports add the ways in which a client authenticates (:meth:`_can_authenticate`)
    and the transports over which it may send (:meth:`_transports`).
    """

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
        help="Messages of this client are applied with the rights of this user. The "
        "user was created for this client, stays archived and cannot log in.",
    )
    interface_ids = fields.Many2many(
        "interop.interface",
        "interop_client_interface_rel",
        "client_id",
        "interface_id",
        "Allowed Interfaces",
        domain="[('system_id', '=', system_id)]",
        tracking=True,
        help="Interfaces that this client may use: inbound to send messages, outbound "
        "to fetch missed messages. All belong to the client's system.",
    )
    company_ids = fields.Many2many(
        "res.company",
        "interop_client_company_rel",
        "client_id",
        "company_id",
        "Only for Facilities",
        # Archived facilities count: a client for archived facilities only must not
        # become a client for all facilities.
        context={"active_test": False},
        tracking=True,
        help="Leave empty to allow all facilities of the client's interfaces.",
    )
    may_send = fields.Boolean(
        default=True, tracking=True, help="The client may send messages and batches."
    )
    secret_ids = fields.One2many("interop.secret", "client_id", "Keys", readonly=True)
    expires_at = fields.Datetime(
        "Valid Until",
        tracking=True,
        help="The server refuses the client from this time on.",
    )
    expires_soon = fields.Boolean(
        compute="_compute_expires_soon", search="_search_expires_soon"
    )
    allowed_networks = fields.Text(
        tracking=True,
        help="Networks from which the client may call, one per line, such as "
        "10.20.0.0/16. Leave empty to allow every network. The client has to "
        "authenticate in any case.",
    )
    rate_limit = fields.Integer(
        "Requests per Minute",
        tracking=True,
        help="Requests that the client may make per minute, over all workers. The "
        "server answers further requests with 429. 0 means the rate limit of the "
        "Settings.",
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

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "Another client has this code. Choose another code."
    )
    _user_uniq = models.Constraint(
        "UNIQUE (user_id)", "This service user belongs to another client."
    )
    _rate_limit_positive = models.Constraint(
        "CHECK (rate_limit >= 0)", "The rate limit cannot be negative."
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
                    interface.direction == "in"
                    and interface.transport not in self._transports()
                ):
                    raise ValidationError(
                        self.env._(
                            "“%(client)s” can only use inbound interfaces with a "
                            "transport for clients, and outbound interfaces. All "
                            "belong to the client's system. “%(interface)s” does not "
                            "qualify.",
                            client=client.name,
                            interface=interface.name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create clients, and a service user for each."""
        clients = super().create(vals_list)
        self.env.registry.clear_cache()  # _ids_by_code
        clients._check_reach()
        for client in clients:
            client._transition({"user_id": service_user.create(client).id})
        return clients

    def write(self, vals):
        """Refuse changes to the approved state."""
        changing = self._approved_fields() & vals.keys()
        for client in self if changing else ():
            if client.state != "requested":
                raise UserError(
                    self.env._(
                        "“%(name)s” is approved. To change %(fields)s, click “Change” "
                        "and request approval again afterwards.",
                        name=client.name,
                        fields=", ".join(
                            sorted(self._fields[name].string for name in changing)
                        ),
                    )
                )
        result = super().write(vals)
        if changing:
            self.env.registry.clear_cache()  # _scope
            self._check_reach()
            self._note_editor()
        return result

    def _transition(self, vals):
        result = super()._transition(vals)
        if "state" in vals:
            self.env.registry.clear_cache()  # _ids_by_code
        return result

    def _check_reach(self):
        """Raise ``AccessError`` unless the user may read all interfaces of the client.

        A user must not enable an interface of a facility that the user cannot see.
        """
        if not self.env.su:
            self._check_readable()

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "Clients cannot be deleted: messages refer to them. Revoke them."
            ),
        )

    # === SERVICE USERS === #

    def _facilities(self):
        """Return the facilities that the interfaces of this client cover."""
        # sudo: all facilities, not only those of the current user
        return self.sudo().interface_ids.company_ids.filtered(self.sudo()._serves)

    def _serves(self, company):
        """Return whether the client may use its interfaces for this facility."""
        return not self.company_ids or company in self.company_ids

    def _sync_service_user(self, tried=()):
        """Update the facilities and groups of the service users to what they need now.

        :param tried: interfaces that count in any state, for a dry run
        """
        for client in self:
            service_user.sync(client, tried)

    def _service_groups(self, interfaces):
        """Return the groups that the service user needs for ``interfaces``.

        Called whenever the rights of a service user are computed. An override adds the
        groups that its handlers need, and removes none.

        :param interfaces: interfaces that the user works for now
        :returns: recordset of ``res.groups``
        """
        return self.env.ref("interop_base.interop_rest_group_client")

    @api.model
    def _working_for(self, interfaces):
        """Return the clients whose service users work for ``interfaces`` now, or for
        messages that wait there."""
        waiting = self.env["interop.message"]._read_group(
            [
                ("interface_id", "in", interfaces.ids),
                ("direction", "=", "in"),
                ("state", "in", service_user.WAITING),
                ("client_id", "!=", False),
            ],
            ["client_id"],
        )
        return self.union(interfaces.client_ids, *(client for (client,) in waiting))

    # === IDENTITY === #

    @api.model
    def _transports(self):
        """Return the transports over which clients send; an override adds its own.

        :returns: set of values of ``interop.interface.transport``
        """
        return set()

    def _can_authenticate(self, now):
        """Return whether the client has a key, token or secret to authenticate at
        ``now``.

        Called before approval and activation. An override checks the methods of its
        transport and calls ``super()`` otherwise. Without any method a client cannot be
        activated.

        :param datetime now: naive UTC
        """
        return False

    def _may_call(self, now, address):
        """Return why this client may not call at ``now`` from ``address``, ``""`` if it
        may.

        :param datetime now: naive UTC
        :param str address: IP address of the caller, as the transport sees it
        """
        if self.state != "active":
            return f"client_{self.state}"
        if self.expires_at and self.expires_at <= now:
            return "client_expired"
        if not networks.allows(networks.parse(self.allowed_networks), address):
            return "network_not_allowed"
        return ""

    @api.private
    @tools.ormcache("self.id")
    def _scope(self):
        """Return the cached ``Scope`` of this client.

        The cache holds facts of the catalogue only and is cleared in all workers when
        the catalogue changes. The states of client, interface, system and facility are
        read for every message.
        """
        # sudo: the scope does not depend on the reader, nor on the reader's active_test
        client_sudo = self.sudo().with_context(active_test=True)
        return Scope(
            tuple(
                Flow(
                    interface.id,
                    interface.direction == "in",
                    {
                        (contract.message_type, contract.version): contract.id
                        for contract in interface.contract_ids
                    },
                    tuple(interface.company_ids.filtered(client_sudo._serves).ids),
                    interface.latency_tier,
                    interface.data_class,
                    interface._lane(),
                    interface.client_rate_limit,
                    interface.max_body_kb,
                )
                for interface in client_sudo.interface_ids
            ),
            {
                line.code: line.company_id.id
                for line in client_sudo.system_id.facility_code_ids
            },
            client_sudo.system_id.environment,
        )

    @api.model
    @api.private
    @tools.ormcache()
    def _ids_by_code(self):
        """Return the cached ``({code: id}, ids of the active clients)``.

        The caller has to read the state of the client again: another worker may have
        just changed it.
        """
        # sudo: the codes do not depend on the reader
        clients_sudo = self.sudo().with_context(active_test=True)
        clients_sudo = clients_sudo.search_fetch(
            [("code", "!=", False)], ["code", "state"], order="id"
        )
        return (
            {client.code: client.id for client in clients_sudo},
            clients_sudo.filtered(lambda item: item.state == "active")._ids,
        )

    @api.private
    def _count_call(self, name, limit, rates=None, interface=None):
        """Count one call or message; refuse it beyond the rate limit.

        :param str name: name of the limit, for the caller
        :param int limit: allowed number per minute
        :param dict rates: receives the state of the limit, for the answer
        :param interface: interface on which a message is counted; empty: count the call
        :raises Refused: ``rate_limited``
        """
        subject = f"client:{self.id}"
        if interface:
            subject += f":interface:{interface.id}"
        allowed, left, reset, wait = self.env["interop.rate.counter"]._allow(
            subject, limit
        )
        if rates is not None:
            rates[name] = (name, limit, left, reset)
        if not allowed:
            raise Refused(
                "rate_limited", reason=name, client=self.code, retry_after=wait
            )

    # === KEYS === #

    def _secret_values(self, kind):
        """Return the values of a new key of this client.

        :param str kind: kind of ``interop.secret``; an override adds values for its
            kinds
        """
        self.ensure_one()
        called = {
            "hmac": self.env._("HMAC key"),
            "ed25519_public": self.env._("Public key"),
            "token_hash": self.env._("Token"),
        }
        return {
            "name": f"{self.name}: {called.get(kind, kind)}",
            "system_id": self.system_id.id,
            "client_id": self.id,
            "kind": kind,
        }

    @api.private
    def _keys_of(self, kinds):
        """Return the secrets of these kinds that are not revoked, read from the
        database: another worker may have just revoked one."""
        # sudo: no group may read these columns
        secrets_sudo = self.env["interop.secret"].sudo()
        found_sudo = secrets_sudo.search_fetch(
            [
                ("client_id", "in", self.ids),
                ("kind", "in", kinds),
                ("revoked_at", "=", False),
            ],
            READ_OF_KEYS,
        )
        return found_sudo.with_env(self.env)

    @api.private
    def _decrypted(self, secrets):
        """Return ``(secret, plaintext)`` of the secrets that this server can decrypt.

        The others are ignored, and the owner of the system gets an alert.

        :raises ConfigurationError: no secret can be decrypted
        :raises GuardError: there is no key file
        """
        found, problem = [], None
        for secret in secrets:
            try:
                found.append((secret, secret._get_value()))
            except GuardError:
                raise
            except ConfigurationError as error:
                problem = error
                client_alerts.note_unreadable(self, secret)
        if problem and not found:
            raise problem
        return found

    @api.model
    def _cron_remind(self):
        """Run :func:`client_alerts.remind` for all clients (scheduled action)."""
        client_alerts.remind(self)

    # === LIFECYCLE === #

    def _missing_for_activation(self):
        """Return what is still missing before this client may call, one text each."""
        self.ensure_one()
        now = clock.now()
        required = [
            (self.interface_ids, self.env._("at least one allowed interface")),
            (self._facilities(), self.env._("a facility on its interfaces")),
            (self.user_id, self.env._("its service user")),
            (
                self._can_authenticate(now),
                self.env._("a valid key or token for its authentication"),
            ),
            (
                not self.expires_at or self.expires_at > now,
                self.env._("an expiry date in the future"),
            ),
        ]
        missing = [label for present, label in required if not present]
        problem = self.env["interop.vault"]._problem()
        if problem:
            missing.append(self.env._("a key file (%s)", problem))
        return missing

    # === APPROVAL === #

    @api.model
    def _approved_fields(self):
        """Return the names of the fields that an approval covers.

        They change only while the client waits for approval. An override adds the
        fields of its addon that grant access or permissions.
        """
        return {
            "system_id",
            "interface_ids",
            "allowed_networks",
            "expires_at",
            "company_ids",
            "may_send",
        }

    @api.model
    def _approved_values(self):
        """Return the names of the approved fields that are shown without conversion."""
        plain = ("boolean", "char", "text", "selection")
        names = self._approved_fields()
        return [name for name in sorted(names) if self._fields[name].type in plain]

    def _approval_state(self):
        """Return the permissions of this client, its service user, networks and
        expiry."""
        state = {name: self[name] for name in self._approved_values()}
        state.update(
            system=self.system_id.code,
            interfaces=self.interface_ids.mapped("code"),
            facilities=[f"company:{company.id}" for company in self.company_ids],
            valid_until=self.expires_at and str(self.expires_at),
            keys=[secret._approval_text() for secret in self._present_keys()],
        )
        return {**super()._approval_state(), **state}

    def _present_keys(self):
        """Return the keys and tokens that are valid now or later."""
        now = clock.now()
        return self.secret_ids.filtered(
            lambda secret: (
                not secret.revoked_at and (not secret.valid_to or secret.valid_to > now)
            )
        )

    def _approval_labels(self):
        return {
            **super()._approval_labels(),
            "keys": self.env._("Keys"),
            **{
                name: self._fields[name]._description_string(self.env)
                for name in self._approved_values()
            },
        }

    def _approval_parts(self):
        # sudo: all interfaces, also those that the user cannot see
        return [*super()._approval_parts(), self.sudo().interface_ids]

    def _missing_for_approval(self):
        return [*super()._missing_for_approval(), *self._missing_for_activation()]

    # === TRANSITIONS === #

    def _set_approved(self, fingerprint=None):
        """Approve the current state; users cannot approve their own request or change.

        :param str fingerprint: the state that the approver has seen
        """
        asked = self.filtered(lambda item: item.state == "requested")
        (self - asked)._set_state("approved", ("requested",))
        asked._check_may_approve(fingerprint)
        return asked._approve_many({"state": "approved"})

    def _set_active(self):
        """Activate the client, or raise one error that lists all missing values."""
        for client in self.filtered(lambda item: item.state != "active"):
            missing = client._missing_for_activation()
            if missing:
                raise UserError(
                    self.env._(
                        "“%(name)s” cannot be activated yet. Missing:\n%(missing)s\n\n"
                        "You can add keys and tokens now. For all other changes, click "
                        "“Change” and request approval again afterwards.",
                        name=client.name,
                        missing="\n".join(f"• {item}" for item in missing),
                    )
                )
        moved = self._set_state("active", ("approved", "suspended"))
        return self._moved(moved, "active")

    def _set_suspended(self):
        """Refuse further calls of the client; its messages stay."""
        return self._moved(self._set_state("suspended", ("active",)), "suspended")

    def _set_requested(self):
        """Set the client back to draft, so that it can be changed and approved
        again."""
        moved = self._set_state(
            "requested",
            ("approved", "suspended"),
            requested_by_id=False,
            approved_by_id=False,
            approved_at=False,
        )
        moved._note_editor()
        moved._sync_service_user()
        if moved:
            self.env["interop.audit.event"]._log("transition", moved, "requested")
        return moved

    def _set_revoked(self):
        """Refuse the client permanently and revoke all its keys."""
        moved = self._set_state(
            "revoked", ("requested", "approved", "active", "suspended")
        )
        moved.secret_ids._set_revoked()
        return self._moved(moved, "revoked")

    def _moved(self, clients, detail):
        """Record a transition in the audit trail; update the rights of service
        users."""
        clients._sync_service_user()
        if clients:
            self.env["interop.audit.event"]._log("transition", clients, detail)
        return clients

    # === ACTIONS === #

    def action_activate(self):
        """Activate (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_active()

    def action_suspend(self):
        """Suspend (operators)."""
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.check_access("read")
        self.sudo()._set_suspended()  # sudo: operators may suspend but not edit

    def action_request(self):
        """Set the client back to draft for changes (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_requested()

    def action_revoke(self):
        """Revoke (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_revoked()

    def action_view_messages(self):
        """Open the messages of this client."""
        return self.env["interop.message"]._action_log([("client_id", "in", self.ids)])
