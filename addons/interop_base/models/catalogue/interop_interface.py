"""The catalogue: one governed flow per record.

Lifecycle: draft → approved → active → suspended → deprecated → retired.
"""

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.tools.safe_eval import safe_eval

from ... import const
from ..res_users import AREA_FIELDS
from . import interface_approved, interface_checks
from .interface_completeness import InterfaceCompleteness
from .interface_holds import InterfaceHolds
from .interop_approval_in_use import IN_USE

# What ``_capturing`` and ``interop.client._scope`` remember.
CACHED_FIELDS = {
    *("contract_ids", "company_ids", "direction", "active", "latency_tier"),
    *("data_class", "client_rate_limit", "max_body_kb"),
}
# Changes only in draft: events are captured and built by these.
LOCKED = {
    "system_id",
    "direction",
    "transport",
    "contract_ids",
    "company_ids",
    "data_class",
    "filter_domain",
    "send_back",
    "endpoint_id",
}
# Reopens nothing; the audit trail keeps who changed it.
DESCRIPTIVE = {
    "name",
    "purpose",
    "owner_id",
    "exception_user_id",
    "exception_team_id",
    "criticality",
    "latency_tier",
    "objective_seconds",
    "objective_percent",
    "retry_policy_id",
}


class InteropInterface(models.Model):
    """One governed flow between Odoo and a system. Only an active one moves messages."""

    _name = "interop.interface"
    _description = "Interface"
    _inherit = [
        "interop.code.mixin",
        "interop.stop.mixin",
        "interop.delivery.mixin",
        "interop.approval.in.use.mixin",
        "interop.responsibility.mixin",
        "interop.objective.mixin",
        "interop.retention.mixin",
        "interop.sender.mixin",
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
    contract_ids = fields.Many2many(
        "interop.contract", string="Contracts", tracking=True
    )
    company_ids = fields.Many2many(
        "res.company",
        string="Facilities",
        tracking=True,
        help="Only records of these facilities take part. Empty means none.",
    )
    purpose = fields.Text(
        tracking=True, help="What the organization needs this flow for, in a sentence."
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
    retry_policy_id = fields.Many2one(
        "interop.retry.policy",
        ondelete="restrict",
        tracking=True,
        default=lambda self: self.env.ref(
            "interop_base.interop_retry_policy_standard", raise_if_not_found=False
        ),
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
    send_back = fields.Boolean(
        "Also What It Caused Itself",
        tracking=True,
        help="Usually a change that this system caused with a message of its own is "
        "not sent back to it, so that systems never echo each other. Tick it for "
        "confirmations, such as the invoice made from its charge.",
    )

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "An interface with this code exists."
    )

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {"holds_events"}

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
            level, text = InterfaceHolds(interface).level_and_text(known)
            interface.hold_level, interface.hold_text = level, text

    # === CHECKS === #

    @api.constrains("company_ids", "system_id")
    def _check_facilities(self):
        interface_checks.facilities(self)

    @api.constrains("data_class", "contract_ids")
    def _check_data_class(self):
        interface_checks.data_class(self)

    @api.constrains("filter_domain", "contract_ids")
    def _check_filter_domain(self):
        interface_checks.filter_domain(self)

    @api.constrains(
        "owner_id",
        "exception_user_id",
        "exception_team_id",
        "objective_seconds",
        "latency_tier",
        "retry_policy_id",
    )
    def _check_still_complete(self):
        interface_checks.still_complete(self)

    @api.constrains("active")
    def _check_archive(self):
        interface_checks.archive(self)

    # === CRUD === #

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
        """An approved flow is what was approved: what it is made of needs a new
        approval."""
        self._refuse_clients(vals)
        locked = self._locked_fields() & vals.keys()
        for interface in self if locked else ():
            if interface.state != "draft" and interface._would_change(
                {name: vals[name] for name in locked}
            ):
                raise UserError(interface._locked_message())
        if "direction" in vals:
            self._check_direction(vals["direction"])
        governed = self._approval_fields() & vals.keys()
        noted = DESCRIPTIVE & vals.keys()
        in_use = self.filtered(lambda item: item.state in IN_USE) if noted else self
        before = {item.id: item._audit_values(noted) for item in in_use if noted}
        result = super().write(vals)
        if AREA_FIELDS & vals.keys():
            self.env["res.users"]._forget_areas()
        elif CACHED_FIELDS & vals.keys():
            self.env.registry.clear_cache()
        if governed:
            self._approval_touched()
        for interface in in_use if noted else ():
            interface._log_unapproved_change(before[interface.id], interface._audit_values(noted))
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        interface_checks.only_drafts(self)

    def unlink(self):
        """Forget which interfaces capture what."""
        result = super().unlink()
        self.env.registry.clear_cache()  # _capturing
        return result

    def _check_direction(self, direction):
        """Raise ``UserError`` where events wait that would never leave then."""
        for interface in self.filtered("holds_events"):
            if interface.direction == "out" and direction != "out":
                raise UserError(
                    self.env._(
                        "“%s” was in use, and its events wait for an approval: it stays "
                        "outbound. Create another interface for the other direction.",
                        interface.name,
                    )
                )

    def _locked_message(self):
        return self.env._(
            "“%(name)s” is %(state)s. Suspend it and set it back to draft before "
            "changing what was approved: system, direction, transport, contracts, "
            "facilities, data class, filter, endpoint, or what is sent back.",
            name=self.name,
            state=self.state,
        )

    # === WHAT MOVES === #

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

    def _in_force(self):
        """Return whether the interface is active as it was approved."""
        self.ensure_one()
        return self.state == "active" and not self.approval_changed

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
        return InterfaceHolds(self).stops()

    def _holds(self, company, test=False):
        """Return everything that keeps a message back, as a list of ``Hold``.

        :param company: facility of the message, may be empty
        :param bool test: whether it is a test, which also moves before activation
        """
        self.ensure_one()
        return InterfaceHolds(self).of_message(company, test)

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
        return self._by_contract(
            contract_type, [(item, item.contract_ids) for item in interfaces_sudo]
        )

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
        return self._by_contract(
            contract_type,
            [
                (item, item.contract_ids | item._approved_contracts())
                for item in interfaces_sudo
            ],
        )

    @api.model
    def _by_contract(self, contract_type, pairs):
        """Return ``((contract_id, (interface_id, …)), …)`` of usable contracts.

        :param list pairs: ``(interface, contracts)``
        """
        found = {}
        for interface, contracts in pairs:
            for contract in contracts:
                usable = contract.state in const.USABLE_CONTRACT_STATES
                if contract.message_type == contract_type and usable:
                    found.setdefault(contract.id, []).append(interface.id)
        return tuple((key, tuple(ids)) for key, ids in sorted(found.items()))

    # === WHAT IS MISSING === #

    def _missing_facts(self):
        """Return which facts of the catalogue entry are missing, one text each."""
        self.ensure_one()
        return InterfaceCompleteness(self).facts()

    def _missing_for_activation(self):
        """Return what is still missing before messages may move, one text each.

        Transports extend this with what they need.
        """
        self.ensure_one()
        return InterfaceCompleteness(self).activation()

    def _missing_for_approval(self):
        return [*super()._missing_for_approval(), *self._missing_for_activation()]

    # === WHAT IS APPROVED === #

    def _approval_state(self):
        return {**super()._approval_state(), **interface_approved.state(self)}

    def _approval_labels(self):
        names = (
            *LOCKED - {"system_id", "contract_ids", "company_ids", "endpoint_id"},
            "payload_retention_days",
            "message_retention_days",
        )
        return {
            **super()._approval_labels(),
            **{
                name: self._fields[name]._description_string(self.env) for name in names
            },
            "data_residency": self.env._("Data residency"),
            "facility_codes": self.env._("Facility codes"),
            **self.env["interop.endpoint"]._approval_labels(),
        }

    @api.model
    def _approval_fields(self):
        """Return the names of the fields of an interface that are part of its approved
        state; addons add theirs."""
        return LOCKED | {"payload_retention_days", "message_retention_days"}

    @api.model
    def _locked_fields(self):
        """Return which of them change in draft only; addons add theirs."""
        return set(LOCKED)

    def _approved_contracts(self):
        """Return the contracts of the state that was approved last."""
        return interface_approved.contracts(self)

    # === TRANSITIONS === #

    def _moved(self, interfaces, detail):
        if interfaces:
            self.env.registry.clear_cache()
            self.env["interop.audit.event"]._log("transition", interfaces, detail)
            self.env["interop.pump"]._arm_after_commit()
            # The rights of service users follow. sudo: clients of all facilities
            self.env["interop.client"].sudo()._working_for(interfaces)._sync_service_user()
        return interfaces

    def _set_approved(self, fingerprint=None):
        """Approve the present state; nobody approves what they asked for or changed.

        A draft becomes approved. An interface in use whose approval was reopened goes on
        as it is now.

        :param str fingerprint: the state that was shown to the approver
        """
        drafts = self.filtered(lambda item: item.state == "draft")
        reopened = self.filtered(
            lambda item: item.state in IN_USE and item.approval_changed
        )
        (self - drafts - reopened)._set_state("approved", ("draft",))
        (drafts | reopened)._check_may_approve(fingerprint)
        drafts._approve_many({"state": "approved", "approval_changed": False})
        reopened._approve_many({"approval_changed": False})
        if reopened:
            self.env["interop.pump"]._arm_after_commit()
        return drafts | reopened

    def _set_active(self):
        """Let messages move. One error names everything that is missing."""
        for interface in self.filtered(lambda item: item.state != "active"):
            missing = interface._missing_for_activation()
            if interface.approval_changed:
                missing.append(
                    self.env._(
                        "the approval of the present state. Changed since it was "
                        "approved:\n%s",
                        interface.approval_changes,
                    )
                )
            if missing:
                raise UserError(
                    self.env._(
                        "“%(name)s” cannot be activated yet. Missing:\n%(missing)s",
                        name=interface.name,
                        missing="\n".join(f"• {item}" for item in missing),
                    )
                )
        moved = self._set_state("active", ("approved", "suspended"))
        for interface in moved.filtered("holds_events"):
            interface._transition({"holds_events": False})
            self.env["interop.event"]._release_held(interface)
        return self._moved(moved, "active")

    def _set_suspended(self):
        """Pause: events are still captured and wait."""
        return self._moved(self._set_state("suspended", ("active",)), "suspended")

    def _set_deprecated(self):
        """Close to new traffic ahead of retirement."""
        moved = self._set_state("deprecated", ("active", "suspended"))
        return self._moved(moved, "deprecated")

    def _set_retired(self):
        """End of life; what still waits has to be settled first."""
        # sudo: what waits in facilities that the user does not see counts, too
        messages_sudo = self.env["interop.message"].sudo()
        for interface in self:
            count = messages_sudo.search_count(
                [
                    ("interface_id", "=", interface.id),
                    ("state", "in", const.OPEN_STATES),
                ]
            )
            if count:
                raise UserError(
                    self.env._(
                        "%(count)s messages of “%(name)s” wait for the engine or for a "
                        "person. Settle or cancel them first.",
                        count=count,
                        name=interface.name,
                    )
                )
        moved = self._set_state("retired", ("draft", "approved", "deprecated"))
        for interface in moved.filtered(
            lambda item: item.holds_events or item.approval_changed
        ):
            count = self.env["interop.event"]._drop_held(interface)
            if count or interface.holds_events:
                self.env["interop.audit.event"]._log(
                    "cancelled",
                    interface,
                    f"{count} events that waited for an approval",
                )
            interface._transition({"holds_events": False})
        return self._moved(moved, "retired")

    def _set_draft(self):
        """Back to the drawing board: what changes there needs a new approval.

        Events of a flow in use go on being captured. They are built as a second person
        approves it, and leave once it is active again. What waits already keeps waiting.
        """
        in_use = self.filtered(lambda item: item.state == "suspended")
        moved = self._set_state(
            "draft",
            ("approved", "suspended"),
            approved_by_id=False,
            approved_at=False,
            requested_by_id=False,
            approval_changed=False,
        )
        moved._note_editor()
        holding = moved & in_use
        holding._transition({"holds_events": True})
        for interface in holding.filtered(lambda item: item.direction == "out"):
            self.env["interop.event"]._hold_new(interface)
        return self._moved(moved, "draft")

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

    def action_deprecate(self):
        """Deprecate (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_deprecated()

    def action_retire(self):
        """Retire (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_retired()

    def action_draft(self):
        """Set back to draft (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_draft()

    def action_view_messages(self):
        """Open the message log of these interfaces."""
        return self.env["interop.message"]._action_log(
            [("interface_id", "in", self.ids)]
        )
