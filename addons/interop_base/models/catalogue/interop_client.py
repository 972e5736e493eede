"""Machine identities: which system calls, what it may do, on whose rights."""

from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ... import clock, const
from ...exceptions import ConfigurationError, GuardError, Refused
from ...tools import networks
from . import client_alerts, service_user

# Of a secret, to verify with it: one statement.
READ_OF_KEYS = (
    *("name", "uuid", "kind", "key_id", "ciphertext", "company_id", "client_id"),
    *("valid_from", "valid_to", "revoked_at", "last_used_at"),
)


class Flow(NamedTuple):
    """One interface of a client: ``contracts`` are ``{(message type, version): id}``,
    ``company_ids`` the facilities for which the client may use it; limits are 0 where
    there is none."""

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
    """What the catalogue says about a client: its interfaces (``Flow``), the ids of the
    facilities by the codes of its system, and the environment of the system."""

    flows: tuple
    facilities: dict
    environment: str


class InteropClient(models.Model):
    """One caller of one system, with a service user and keys of its own.

    Transports add how a client proves its identity (:meth:`_can_authenticate`), and over what
    it may send (:meth:`_transports`).
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
        help="Messages are applied with the rights of this user and nobody else's. It "
        "was made for this client, is archived for good and cannot log in.",
    )
    interface_ids = fields.Many2many(
        "interop.interface",
        "interop_client_interface_rel",
        "client_id",
        "interface_id",
        "Allowed Interfaces",
        domain="[('system_id', '=', system_id)]",
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
                    interface.direction == "in"
                    and interface.transport not in self._transports()
                ):
                    raise ValidationError(
                        self.env._(
                            "“%(client)s” can only use interfaces of its own system: "
                            "outbound ones, and inbound ones over a transport on which "
                            "clients send. “%(interface)s” is neither.",
                            client=client.name,
                            interface=interface.name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create clients, each with a service user of its own."""
        clients = super().create(vals_list)
        self.env.registry.clear_cache()  # _ids_by_code
        clients._check_reach()
        for client in clients:
            client._transition({"user_id": service_user.create(client).id})
        return clients

    def write(self, vals):
        """Refuse changes to what was approved."""
        changing = self._approved_fields() & vals.keys()
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
            self.env.registry.clear_cache()  # _scope
            self._check_reach()
            self._note_editor()
        return result

    def _transition(self, vals):
        if "state" in vals:
            self.env.registry.clear_cache()  # _ids_by_code
        return super()._transition(vals)

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

    # === SERVICE USERS === #

    def _facilities(self):
        """Return the facilities that the interfaces of this client cover."""
        # sudo: all of them, whatever facilities the current user has
        return self.sudo().interface_ids.company_ids.filtered(self.sudo()._serves)

    def _serves(self, company):
        """Return whether the client is for this facility, if an interface is."""
        return not self.company_ids or company in self.company_ids

    def _sync_service_user(self, tried=()):
        """Give the service users exactly the facilities and groups that are needed now.

        :param tried: interfaces that count whatever their state is, for a dry run
        """
        for client in self:
            service_user.sync(client, tried)

    def _service_groups(self, interfaces):
        """Return the groups that the service user needs for ``interfaces``.

        Called whenever the rights of a service user are worked out again. An override
        adds the groups that its handlers need, and takes none away.

        :param interfaces: recordset of the interfaces that the user works for now
        :returns: recordset of ``res.groups``
        """
        return self.env.ref("interop_base.interop_rest_group_client")

    @api.model
    def _working_for(self, interfaces):
        """Return the clients whose service users work for ``interfaces``: now, or for
        what waits there."""
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
        """Return whether the client has what proves its identity at ``now``.

        Called before approval and activation. An override answers for the ways of its
        transport and asks ``super()`` otherwise: without any, nobody is let in.

        :param datetime now: naive UTC
        """
        return False

    def _may_call(self, now, address):
        """Return why this client may not call at ``now`` from ``address``; ``""`` if it
        may.

        :param datetime now: naive UTC
        :param str address: of the caller, as the transport knows it
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
        """Return the ``Scope`` of this client, from memory.

        Facts of the catalogue only. Whether client, interface, system and facility are
        at work is read with every message. All workers forget it when the catalogue
        changes.
        """
        client_sudo = self.sudo()  # sudo: the same for everybody
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
        """Return ``({code: id}, ids of the active clients)``, from memory.

        The state of the client that is found has to be read: it may have changed a
        moment ago in another worker.
        """
        # sudo: the same for everybody
        clients_sudo = self.sudo().search_fetch(
            [("code", "!=", False)], ["code", "state"], order="id"
        )
        return (
            {client.code: client.id for client in clients_sudo},
            clients_sudo.filtered(lambda item: item.state == "active")._ids,
        )

    @api.private
    def _count_call(self, name, limit, rates=None, interface=None):
        """Count one call or message, and refuse it if it is one too many.

        :param str name: of the limit, for the caller
        :param int limit: how many in a minute
        :param dict rates: takes up what can be told about the limit
        :param interface: on which a message is counted; by default the call counts
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

        :param str kind: of ``interop.secret``; an override adds what its kinds need
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
        """Return the secrets of these kinds that are not revoked, read anew: a key that
        another worker has just revoked proves nothing."""
        # sudo: the columns are closed to every group
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
        """Return ``(secret, plaintext)`` of those secrets that this server can decrypt.

        One that it cannot decrypt proves nothing, but the client may have another one.
        The owner of the system is told of it.

        :raises ConfigurationError: there are secrets, and not one of them can be read
        :raises GuardError: without a key file
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
        """Give the owners of systems something to do about what ends soon; take from
        service users the rights that they had only for messages that waited."""
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
                self.env._("a valid key or token for a way it may prove itself"),
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
        fields of its addon that let a client in or let it do something.
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
        """Return the names of those approved fields that are shown as they are."""
        plain = ("boolean", "char", "text", "selection")
        names = self._approved_fields()
        return [name for name in sorted(names) if self._fields[name].type in plain]

    def _approval_state(self):
        """Return what this client may do, as who, from where, and for how long."""
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
        """Return the keys and tokens that prove this client now or later."""
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
        # sudo: all of them, whatever of them the user sees
        return [*super()._approval_parts(), self.sudo().interface_ids]

    def _missing_for_approval(self):
        return [*super()._missing_for_approval(), *self._missing_for_activation()]

    # === TRANSITIONS === #

    def _set_approved(self, fingerprint=None):
        """Approve the present state; nobody approves what they asked for or changed.

        :param str fingerprint: the state that was shown to the approver
        """
        asked = self.filtered(lambda item: item.state == "requested")
        (self - asked)._set_state("approved", ("requested",))
        asked._check_may_approve(fingerprint)
        return asked._approve_many({"state": "approved"})

    def _set_active(self):
        """Let the client call. One error names everything that is missing."""
        for client in self.filtered(lambda item: item.state != "active"):
            missing = client._missing_for_activation()
            if missing:
                raise UserError(
                    self.env._(
                        "“%(name)s” cannot be activated yet. Missing:\n%(missing)s\n\n"
                        "Keys and tokens can be added as it is. What was approved "
                        "changes after “Change”, and is approved again afterwards.",
                        name=client.name,
                        missing="\n".join(f"• {item}" for item in missing),
                    )
                )
        moved = self._set_state("active", ("approved", "suspended"))
        return self._moved(moved, "active")

    def _set_suspended(self):
        """Refuse the client until further notice; its messages stay."""
        return self._moved(self._set_state("suspended", ("active",)), "suspended")

    def _set_requested(self):
        """Back to the start, so that it can be changed and approved again."""
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
        """Refuse the client for good, with all its keys."""
        moved = self._set_state(
            "revoked", ("requested", "approved", "active", "suspended")
        )
        moved.secret_ids._set_revoked()
        return self._moved(moved, "revoked")

    def _moved(self, clients, detail):
        """Leave evidence of a transition; the rights of service users follow."""
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
        self.sudo()._set_suspended()  # sudo: operators suspend without editing

    def action_request(self):
        """Open it for changes; afterwards it is approved again (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_requested()

    def action_revoke(self):
        """Revoke (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_revoked()

    def action_view_messages(self):
        """Open the messages of this client."""
        return self.env["interop.message"]._action_log([("client_id", "in", self.ids)])
