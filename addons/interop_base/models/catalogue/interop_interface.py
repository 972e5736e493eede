"""The catalogue: one governed flow per record."""

from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools.safe_eval import safe_eval

from ... import clock, const
from ..engine.engine_types import Hold
from ..res_users import AREA_FIELDS

# What ``_capturing`` and ``interop.client._scope`` remember.
CACHED_FIELDS = {
    *("contract_ids", "company_ids", "direction", "active", "latency_tier"),
    *("data_class", "client_rate_limit", "max_body_kb"),
}


class InteropInterface(models.Model):
    """One governed flow between Odoo and a system. Only an active one moves messages."""

    _name = "interop.interface"
    _description = "Interface"
    _inherit = [
        "interop.code.mixin",
        "interop.stop.mixin",
        "interop.approval.mixin",
        "interop.message.count.mixin",
    ]
    _order = "name"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    system_id = fields.Many2one(
        "interop.system", required=True, ondelete="restrict", index=True, tracking=True
    )
    direction = fields.Selection(
        const.DIRECTIONS, required=True, default="out", tracking=True
    )
    transport = fields.Selection(
        [],
        tracking=True,
        help="How messages travel. Each transport is an addon of its own.",
    )
    endpoint_id = fields.Many2one(
        "interop.endpoint",
        ondelete="restrict",
        index=True,
        tracking=True,
        domain="[('system_id', '=', system_id)]",
        help="Where the messages of this interface are delivered.",
    )
    contract_ids = fields.Many2many(
        "interop.contract", string="Contracts", tracking=True
    )
    company_ids = fields.Many2many(
        "res.company",
        string="Facilities",
        tracking=True,
        help="Only records of these facilities take part. Empty means none.",
    )
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
    purpose = fields.Text(
        tracking=True, help="What the organization needs this flow for, in a sentence."
    )
    owner_id = fields.Many2one(
        "res.users",
        "Business Owner",
        tracking=True,
        index=True,
        help="Answers for the flow: what it carries, to whom and why.",
    )
    exception_user_id = fields.Many2one(
        "res.users",
        "Exception Owner",
        tracking=True,
        index=True,
        help="The person who puts messages right that fail for business reasons.",
    )
    exception_team_id = fields.Many2one(
        "interop.team",
        tracking=True,
        index=True,
        help="The team that does so, when it is not one person.",
    )
    criticality = fields.Selection(
        const.CRITICALITIES, required=True, default="1", tracking=True
    )
    latency_tier = fields.Selection(
        const.LATENCY_TIERS,
        tracking=True,
        help="Real time: inbound messages are applied while the caller waits. Near real "
        "time: within moments, in the background. Batch: when the work allows.",
    )
    data_class = fields.Selection(const.DATA_CLASSES, tracking=True)
    objective_seconds = fields.Integer(
        "Objective (s)",
        tracking=True,
        help="A message counts as in time when it is done within this many seconds.",
    )
    objective_percent = fields.Float(
        "Objective (%)",
        default=99.0,
        tracking=True,
        help="Share of messages that have to be in time, over the last 30 days.",
    )
    attainment = fields.Float(
        "In Time (%)",
        compute="_compute_attainment",
        help="Share of the messages of the last 30 days that were done in time.",
    )
    attainment_count = fields.Integer(
        "Messages Measured",
        compute="_compute_attainment",
        help="Delivered and failed messages of the last 30 days. Without such "
        "messages, no share is shown.",
    )
    retry_policy_id = fields.Many2one(
        "interop.retry.policy",
        ondelete="restrict",
        tracking=True,
        default=lambda self: self.env.ref(
            "interop_base.interop_retry_policy_standard", raise_if_not_found=False
        ),
    )
    payload_retention_days = fields.Integer(
        "Keep Content (days)",
        tracking=True,
        default=lambda self: self._default_retention("payload"),
        help="The exact bytes of closed messages are removed after this time.",
    )
    message_retention_days = fields.Integer(
        "Keep Messages (days)",
        tracking=True,
        default=lambda self: self._default_retention("message"),
        help="The log line of closed messages is removed after this time. What still "
        "waits for someone is never removed.",
    )
    filter_domain = fields.Char(
        "Filter",
        tracking=True,
        help="Only records that match are published, e.g. [('move_type', '=', "
        "'out_invoice')]",
    )
    filter_model = fields.Char(compute="_compute_filter_model")
    filter_model_readable = fields.Boolean(
        compute="_compute_filter_model",
        help="Whether you may read the records that the filter is about.",
    )
    state = fields.Selection(
        const.INTERFACE_STATES,
        required=True,
        default="draft",
        group_expand=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    approval_changed = fields.Boolean(
        "Changed Since Approval",
        readonly=True,
        copy=False,
        help="The approved state has changed. Events are captured and wait until a "
        "second person approves the present state, or the change is put back.",
    )
    holds_events = fields.Boolean(
        readonly=True,
        copy=False,
        help="The interface was set back to draft while it was in use. Its events are "
        "captured and are built once it is active again.",
    )
    other_environment = fields.Boolean(
        compute="_compute_other_environment",
        help="The system belongs to another environment than this server.",
    )
    hold_level = fields.Selection(
        [
            ("none", "Nothing is held back"),
            ("held", "Held back"),
            ("part", "Partly stopped"),
            ("all", "Stopped"),
        ],
        "Held Back",
        compute="_compute_hold",
        help="Whether a stop, the environment or the receiver keeps messages back.",
    )
    hold_text = fields.Text(
        "Why Messages Wait",
        compute="_compute_hold",
        help="The reason why messages wait. A stop also shows the user, the time and "
        "the reason.",
    )
    color = fields.Integer(compute="_compute_color")

    _max_body_positive = models.Constraint(
        "CHECK (max_body_kb >= 0)", "A size is a number from 0."
    )
    _client_rate_limit_positive = models.Constraint(
        "CHECK (client_rate_limit >= 0)", "A rate is a number from 0."
    )
    _code_uniq = models.Constraint(
        "UNIQUE (code)", "An interface with this code exists."
    )
    _retention_order = models.Constraint(
        "CHECK (payload_retention_days > 0"
        " AND message_retention_days >= payload_retention_days)",
        "Content is kept at least one day, and messages at least as long as their content.",
    )
    _objective_range = models.Constraint(
        "CHECK (objective_percent > 0 AND objective_percent <= 100)",
        "The service objective is a share between 0 and 100 percent.",
    )

    @api.model
    def _default_retention(self, kind):
        # sudo: defaults for new interfaces are system parameters
        params_sudo = self.env["ir.config_parameter"].sudo()
        fallback = {"payload": 30, "message": 365}[kind]
        name = f"interop_base.default_{kind}_retention_days"
        return int(params_sudo.get_param(name) or fallback)

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {"approval_changed", "holds_events"}

    # === COMPUTE METHODS === #

    @api.depends("contract_ids.model_id")
    @api.depends_context("uid")
    def _compute_filter_model(self):
        for interface in self:
            models_ = interface.contract_ids.model_id
            interface.filter_model = models_.model if len(models_) == 1 else False
            records = self.env.get(interface.filter_model)
            interface.filter_model_readable = records is not None and records.sudo(
                False
            ).has_access("read")

    @api.depends("system_id.environment")
    def _compute_other_environment(self):
        ours = self.env["interop.guard"]._environment()
        for interface in self:
            theirs = interface.system_id.environment
            interface.other_environment = bool(theirs) and theirs != ours

    @api.depends("state", "hold_level")
    def _compute_color(self):
        colors = {"active": 10, "suspended": 2, "approved": 4, "deprecated": 3}
        held = {"all": 1, "part": 2, "held": 3}
        for interface in self:
            color = colors.get(interface.state, 0)
            interface.color = held.get(interface.hold_level, color)

    @api.depends(
        "state", "interop_stopped_at", "approval_changed", "system_id", "company_ids"
    )
    @api.depends_context("uid", "lang", "tz", "allowed_company_ids")
    def _compute_hold(self):
        known = set(self.env.user._get_company_ids())
        for interface in self:
            # sudo: whoever sees the interface is told why it stands still
            interface_sudo = interface.sudo()
            in_use = interface.state in const.CAPTURING_STATES
            stops = interface_sudo._stops() if in_use else []
            facilities = [
                Hold(company._stop_text())
                for company in interface_sudo.company_ids
                if in_use and company.id in known and company.interop_stopped_at
            ]
            held = []
            if in_use:
                held = (
                    interface_sudo._approval_holds() + interface_sudo._receiver_holds()
                )
            levels = ["all"] * bool(stops or interface.interop_stopped_at)
            levels += ["part"] * bool(facilities) + ["held"] * bool(held) + ["none"]
            if facilities and len(facilities) == len(interface_sudo.company_ids):
                levels[0] = "all"
            interface.hold_level = levels[0]
            texts = [hold.text for hold in (*stops, *facilities, *held)]
            interface.hold_text = "\n".join(texts) or False

    @api.depends("objective_seconds")
    def _compute_attainment(self):
        since = clock.now() - timedelta(days=30)
        self.env["interop.message"].flush_model()
        self.env.cr.execute(
            """SELECT m.interface_id,
                      100.0 * count(*) FILTER (
                          WHERE m.state = 'done' AND m.done_at - m.occurred_at
                                <= make_interval(secs => i.objective_seconds)
                      ) / count(*), count(*)
                 FROM interop_message m JOIN interop_interface i ON i.id = m.interface_id
                WHERE m.interface_id = ANY(%s) AND m.create_date >= %s
                  AND m.state IN ('done', 'dead', 'parked')
             GROUP BY m.interface_id""",
            [self.ids, since],
        )
        found = {key: measured for key, *measured in self.env.cr.fetchall()}
        for interface in self:
            share, count = found.get(interface._origin.id, (0.0, 0))
            interface.attainment = share
            interface.attainment_count = count

    # === CHECKS === #

    @api.constrains("company_ids", "system_id")
    def _check_facilities(self):
        for interface in self:
            # sudo: also facilities that are not chosen in the switcher
            interface_sudo = interface.sudo()
            outside = interface_sudo.company_ids - interface_sudo.system_id.company_ids
            if outside:
                raise ValidationError(
                    self.env._(
                        "“%(interface)s” covers %(facilities)s, which %(system)s does not "
                        "serve. Add them to the system first.",
                        interface=interface.name,
                        facilities=", ".join(outside.mapped("name")),
                        system=interface.system_id.name,
                    )
                )

    @api.constrains("system_id", "direction", "transport", "client_ids")
    def _check_clients(self):
        """The rule of the clients holds from this side, too."""
        self.sudo().client_ids._check_interfaces()  # sudo: clients of all facilities

    @api.constrains("endpoint_id", "system_id", "company_ids", "transport", "direction")
    def _check_endpoint(self):
        for interface in self.filtered("endpoint_id"):
            endpoint = interface.endpoint_id
            if endpoint.system_id != interface.system_id:
                raise ValidationError(
                    self.env._(
                        "Endpoint “%(endpoint)s” belongs to another system than "
                        "“%(interface)s”.",
                        endpoint=endpoint.name,
                        interface=interface.name,
                    )
                )
            # sudo: also facilities that are not chosen in the switcher
            companies = interface.sudo().company_ids
            if endpoint.company_id and companies - endpoint.sudo().company_id:
                raise ValidationError(
                    self.env._(
                        "Endpoint “%(endpoint)s” serves %(facility)s alone, but "
                        "“%(interface)s” covers more.",
                        endpoint=endpoint.name,
                        facility=endpoint.company_id.name,
                        interface=interface.name,
                    )
                )

    @api.constrains("data_class", "contract_ids")
    def _check_data_class(self):
        order = [key for key, _label in const.DATA_CLASSES]
        for interface in self.filtered("data_class"):
            limit = order.index(interface.data_class)
            for contract in interface.contract_ids:
                if order.index(contract.data_class) > limit:
                    raise ValidationError(
                        self.env._(
                            "“%(interface)s” may carry less than contract %(contract)s "
                            "contains. Raise its data class.",
                            interface=interface.name,
                            contract=contract.display_name,
                        )
                    )

    @api.constrains("filter_domain", "contract_ids")
    def _check_filter_domain(self):
        for interface in self.filtered("filter_domain"):
            try:
                domain = Domain(interface._filter())
                for model in interface.contract_ids.model_id:
                    domain.validate(self.env[model.model])
            except Exception as error:  # noqa: BLE001
                raise ValidationError(
                    self.env._(
                        "The filter of “%(name)s” cannot be used: %(reason)s",
                        name=interface.name,
                        reason=str(error),
                    )
                ) from None

    # === BUSINESS METHODS === #

    def _filter(self):
        """Return the filter as a domain (list)."""
        self.ensure_one()
        return list(safe_eval(self.filter_domain or "[]", {}))

    def _is_in_use(self):
        """Return whether what this interface relies on has to stay."""
        self.ensure_one()
        return self.state not in ("draft", "retired")

    def _uses_endpoint(self):
        """Return whether the transport of this interface delivers to an endpoint."""
        self.ensure_one()
        transport = self.env.get(f"interop.transport.{self.transport}")
        return (
            self.direction == "out"
            and transport is not None
            and transport._uses_endpoint
        )

    def _moves(self):
        """Return whether messages of this interface may move now."""
        self.ensure_one()
        return (
            self._in_force()
            and self._is_open()
            and (not self._uses_endpoint() or self.endpoint_id._delivers())
        )

    def _may_test(self):
        """Return whether a test message may leave now, active or not."""
        self.ensure_one()
        return (
            self._uses_endpoint() and self.endpoint_id._delivers() and self._is_open()
        )

    def _is_open(self):
        """Return whether no stop and no other environment is in the way."""
        return (
            not self.interop_stopped_at
            and not self.system_id.interop_stopped_at
            and self.system_id.environment == self.env["interop.guard"]._environment()
        )

    def _stops(self):
        """Return what keeps all messages back besides a stop of this interface itself:
        a list of ``Hold``."""
        self.ensure_one()
        system, guard = self.system_id, self.env["interop.guard"]
        holds = [Hold(problem) for problem in guard._problems()]
        if system.interop_stopped_at:
            holds.append(Hold(system._stop_text()))
        if guard._environment() and system.environment != guard._environment():
            names = dict(const.ENVIRONMENTS)
            text = self.env._(
                "System “%(system)s” belongs to environment “%(theirs)s”, this server is "
                "“%(ours)s”.",
                system=system.name,
                theirs=names.get(system.environment),
                ours=names.get(guard._environment(), guard._environment()),
            )
            holds.append(Hold(text))
        return holds

    def _receiver_holds(self):
        """Return why nothing is delivered at the moment, as a list of ``Hold``."""
        self.ensure_one()
        if self._uses_endpoint() and self.endpoint_id:
            return self.endpoint_id._holds()
        return []

    def _holds(self, company, test=False):
        """Return everything that keeps a message back, as a list of ``Hold``.

        :param company: facility of the message, may be empty
        :param bool test: whether it is a test, which also moves before activation
        """
        self.ensure_one()
        holds = self._stops()
        for record in (self, company):
            if record.interop_stopped_at:
                holds.append(Hold(record._stop_text()))
        if self.state != "active" and not test:
            states = dict(self._fields["state"]._description_selection(self.env))
            text = self.env._(
                "Its interface “%(name)s” is not active (%(state)s).",
                name=self.name,
                state=states[self.state],
            )
            holds.append(Hold(text))
        if not test:
            holds += self._approval_holds()
        return holds + self._receiver_holds()

    def _approval_holds(self):
        """Return that a changed approval keeps messages back, as a list of ``Hold``."""
        self.ensure_one()
        if not self.approval_changed:
            return []
        text = self.env._(
            "“%s” changed since it was approved. Messages wait until a steward approves "
            "the present state, or the change is put back.",
            self.name,
        )
        return [Hold(text)]

    def _in_force(self):
        """Return whether the interface is active as it was approved."""
        self.ensure_one()
        return self.state == "active" and not self.approval_changed

    def _lane(self):
        """Return the name of the lane that isolates this interface's messages."""
        self.ensure_one()
        if self._uses_endpoint() and self.endpoint_id:
            return self.endpoint_id._lane()
        return f"interface:{self.id}"

    def _ordering(self):
        """Return the order that its lane keeps: ``none``, ``key`` or ``strict``."""
        self.ensure_one()
        if self._uses_endpoint() and self.endpoint_id:
            return self.endpoint_id.ordering
        return "key" if self.direction == "in" else "none"

    @api.model
    @tools.ormcache("contract_type")
    def _capturing(self, contract_type):
        """Return ``((contract_id, (interface_id, …)), …)`` of the outbound interfaces that
        capture events of ``contract_type``."""
        # sudo: business users publish without reading the catalogue
        interfaces_sudo = self.sudo().search(
            [
                ("direction", "=", "out"),
                ("state", "in", const.CAPTURING_STATES),
                ("contract_ids.message_type", "=", contract_type),
            ]
        )
        found = {}
        for interface in interfaces_sudo:
            for contract in interface.contract_ids:
                usable = contract.state in const.USABLE_CONTRACT_STATES
                if contract.message_type == contract_type and usable:
                    found.setdefault(contract.id, []).append(interface.id)
        return tuple((key, tuple(ids)) for key, ids in sorted(found.items()))

    @api.model
    @tools.ormcache("contract_type")
    def _holding(self, contract_type):
        """Return ``((contract_id, (interface_id, …)), …)`` of the outbound interfaces that
        were set back to draft while in use: their events are captured and built later.

        Nothing that a draft takes away is lost before a second person approves that:
        contracts that were approved last count as well as those of the draft.
        """
        # sudo: see _capturing; archived ones hold what they were captured for, too
        interfaces_sudo = self.with_context(active_test=False).sudo()
        interfaces_sudo = interfaces_sudo.search(
            [("direction", "=", "out"), ("holds_events", "=", True)]
        )
        found = {}
        for interface in interfaces_sudo:
            for contract in interface.contract_ids | interface._approved_contracts():
                usable = contract.state in const.USABLE_CONTRACT_STATES
                if contract.message_type == contract_type and usable:
                    found.setdefault(contract.id, []).append(interface.id)
        return tuple((key, tuple(ids)) for key, ids in sorted(found.items()))

    def _exception_owner(self, error_class):
        """Return ``(user, team)`` who has to act on a failure of ``error_class``.

        Technical failures go to the operators' team of Settings or the owner of the system,
        business failures to the exception owner of the interface; where none is named, to
        the business owner, so that no failure is nobody's.
        """
        self.ensure_one()
        if error_class in dict(const.BUSINESS_CLASSES):
            team = self.exception_team_id
            user = self.exception_user_id
            return (user if user or team else self.owner_id), team
        # sudo: which team operates the integration is a system parameter
        params_sudo = self.env["ir.config_parameter"].sudo()
        team_id = int(params_sudo.get_param("interop_base.operators_team_id") or 0)
        team = self.env["interop.team"].browse(team_id).exists()
        if team:
            return self.env["res.users"], team
        return self.system_id.owner_id or self.owner_id, team

    def action_view_messages(self):
        """Open the message log of these interfaces."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_message_action"
        )
        action["domain"] = [("interface_id", "in", self.ids)]
        action["context"] = {}
        return action

    def _refuse_clients(self, vals):
        if vals.get("client_ids", []) != []:
            raise AccessError(
                self.env._(
                    "Choose the interfaces on the client, and have a steward approve it. "
                    "Nobody adds a client to an interface."
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse clients, which are approved with what they may use; forget which
        interfaces capture what, and whose they are."""
        for vals in vals_list:
            if vals.get("client_ids"):
                self._refuse_clients(vals)
        # An empty list: whatever default_… a context brings.
        interfaces = super().create([{**vals, "client_ids": []} for vals in vals_list])
        self.env["res.users"]._forget_areas()
        return interfaces

    def write(self, vals):
        """Refuse clients; forget which interfaces capture what, or whose they are, when
        that changed."""
        self._refuse_clients(vals)
        result = super().write(vals)
        if AREA_FIELDS & vals.keys():
            self.env["res.users"]._forget_areas()
        elif CACHED_FIELDS & vals.keys():
            self.env.registry.clear_cache()
        return result
