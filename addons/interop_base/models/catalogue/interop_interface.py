"""The catalogue: one interface per governed flow.

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

# Fields that ``_capturing`` and ``interop.client._scope`` cache.
CACHED_FIELDS = {
    *("contract_ids", "company_ids", "direction", "active", "latency_tier"),
    *("data_class", "client_rate_limit", "max_body_kb"),
}
# These fields change in draft only: they decide which events are captured and built.
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
# A change of these fields does not reopen the approval. The audit trail records it.
DESCRIPTIVE = {
    "name",
    "purpose",
    "owner_id",
    "exception_user_id",
    "exception_team_id",
    "criticality",
    "latency_tier",
    "window_start",
    "window_end",
    "window_tz",
    "objective_seconds",
    "objective_percent",
    "retry_policy_id",
}


class InteropInterface(models.Model):
    """One governed flow between Odoo and a system. Messages move only while it is
    active."""

    _name = "interop.interface"
    _description = "Interface"
    _inherit = [
        "interop.code.mixin",
        "interop.stop.mixin",
        "interop.delivery.mixin",
        "interop.approval.in.use.mixin",
        "interop.responsibility.mixin",
        "interop.objective.mixin",
        "interop.window.mixin",
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
        help="The technical way in which messages travel. Each transport is an app.",
    )
    contract_ids = fields.Many2many(
        "interop.contract", string="Contracts", tracking=True
    )
    company_ids = fields.Many2many(
        "res.company",
        string="Facilities",
        tracking=True,
        help="Facilities whose records this interface exchanges. Without a facility it "
        "exchanges nothing.",
    )
    purpose = fields.Text(
        tracking=True,
        help="Why the organization needs this interface, in one sentence.",
    )
    criticality = fields.Selection(
        const.CRITICALITIES, required=True, default="1", tracking=True
    )
    latency_tier = fields.Selection(
        const.LATENCY_TIERS,
        tracking=True,
        help="Real time: inbound messages are applied while the sender waits. Near "
        "real time: messages are applied in the background within seconds. Batch: "
        "messages are applied when the server has time.",
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
        help="Only matching records are published, for example [('move_type', '=', "
        "'out_invoice')]",
    )
    filter_model = fields.Char(compute="_compute_filter_model")
    filter_model_readable = fields.Boolean(
        compute="_compute_filter_model",
        help="Whether you may read the records to which the filter applies.",
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
        "captured and will be built when it is active again.",
    )
    other_environment = fields.Boolean(
        compute="_compute_other_environment",
        help="The system belongs to another environment than this server.",
    )
    hold_level = fields.Selection(
        [
            ("none", "Nothing Held Back"),
            ("held", "Held Back"),
            ("part", "Partly Stopped"),
            ("all", "Stopped"),
        ],
        "Held Back",
        compute="_compute_hold",
        help="Whether an emergency stop, the environment or the receiver holds back "
        "messages.",
    )
    hold_text = fields.Text(
        "Why Messages Wait",
        compute="_compute_hold",
        help="The reasons why messages wait. For an emergency stop: also the user, the "
        "time and the reason.",
    )
    deferred_since = fields.Datetime(
        compute="_compute_deferred_since",
        help="Messages wait since this moment, because those of more critical interfaces "
        "are processed first. Empty means that no message waits for this reason.",
    )
    color = fields.Integer(compute="_compute_color")
    send_back = fields.Boolean(
        "Send Back to Originating System",
        tracking=True,
        help="By default, a change that was caused by a message of this system is not "
        "sent back to it, so that the systems do not echo each other. Tick the box for "
        "confirmations, such as the invoice that results from a charge.",
    )

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "Another interface has this code. Choose another code."
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

    def _compute_deferred_since(self):
        # sudo: what is due on other interfaces decides, whatever the user may read
        since = self.env["interop.pump"].sudo()._deferred_since(self)
        for interface in self:
            interface.deferred_since = since.get(interface._origin.id)

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
        """Refuse clients, which get their interfaces on the client; clear the caches of
        capturing interfaces and scopes."""
        for vals in vals_list:
            if vals.get("client_ids"):
                self._refuse_clients(vals)
        # An empty list overrides default_client_ids in the context.
        interfaces = super().create([{**vals, "client_ids": []} for vals in vals_list])
        self.env["res.users"]._forget_areas()
        return interfaces

    def write(self, vals):
        """Lock the approved fields outside draft; record and compare other changes."""
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
            interface._log_unapproved_change(
                before[interface.id], interface._audit_values(noted)
            )
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        interface_checks.only_drafts(self)

    def unlink(self):
        """Clear the cache of capturing interfaces."""
        result = super().unlink()
        self.env.registry.clear_cache()  # _capturing
        return result

    def _check_direction(self, direction):
        """Raise ``UserError`` if the new direction would strand waiting events."""
        for interface in self.filtered("holds_events"):
            if interface.direction == "out" and direction != "out":
                raise UserError(
                    self.env._(
                        "“%s” was in use, and its events wait for an approval. "
                        "Therefore its direction stays outbound. Create another "
                        "interface for the other direction.",
                        interface.name,
                    )
                )

    def _locked_message(self):
        return self.env._(
            "“%(name)s” is %(state)s. Suspend it and set it back to draft before you "
            "change an approved value: system, direction, transport, contracts, "
            "facilities, data class, filter, endpoint, or sending back.",
            name=self.name,
            state=self.state,
        )

    # === MOVEMENT OF MESSAGES === #

    def _filter(self):
        """Return the filter as a domain (list)."""
        self.ensure_one()
        return list(safe_eval(self.filter_domain or "[]", {}))

    def _is_in_use(self):
        """Return whether the interface is beyond draft, so that its values are
        required."""
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
            and not self._window_opens()
            and (not self._uses_endpoint() or self.endpoint_id._delivers())
        )

    def _in_force(self):
        """Return whether the interface is active in its approved state."""
        self.ensure_one()
        return self.state == "active" and not self.approval_changed

    def _is_open(self):
        """Return whether neither a stop nor the environment holds messages back."""
        return (
            not self.interop_stopped_at
            and not self.system_id.interop_stopped_at
            and self.system_id.environment == self.env["interop.guard"]._environment()
        )

    def _stops(self):
        """Return the reasons that hold back all messages, except a stop of this
        interface itself, as a list of ``Hold``."""
        self.ensure_one()
        return InterfaceHolds(self).stops()

    def _holds(self, company, test=False):
        """Return all reasons that hold back a message, as a list of ``Hold``.

        :param company: facility of the message, may be empty
        :param bool test: whether it is a test message, which also moves before
            activation
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
        """Return the outbound interfaces that capture events of ``contract_type``.

        :returns: ``((contract_id, (interface_id, …)), …)``, cached
        """
        # sudo: business users publish without the right to read the catalogue. The cache
        # is for every user, so that the active_test of a caller must not count.
        interfaces_sudo = self.sudo().with_context(active_test=True)
        interfaces_sudo = interfaces_sudo.search(
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
        """Return the outbound interfaces that were set back to draft while in use.

        Their events are captured and built after the next approval. A change of the
        draft loses no event before its approval: the last approved contracts count as
        well as those of the draft.

        :returns: ``((contract_id, (interface_id, …)), …)``, cached
        """
        # sudo: see _capturing; archived interfaces keep their captured events
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

    # === COMPLETENESS === #

    def _missing_facts(self):
        """Return the missing values of the catalogue entry, one text each."""
        self.ensure_one()
        return InterfaceCompleteness(self).facts()

    def _missing_for_activation(self):
        """Return what is still missing before messages can move, one text each.

        Called before activation. An override of a transport adds its own requirements.
        """
        self.ensure_one()
        return InterfaceCompleteness(self).activation()

    def _missing_for_approval(self):
        return [*super()._missing_for_approval(), *self._missing_for_activation()]

    # === APPROVED STATE === #

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
        """Return the names of the fields that are part of the approved state; an
        override adds the fields of its addon."""
        return LOCKED | {"payload_retention_days", "message_retention_days"}

    @api.model
    def _locked_fields(self):
        """Return the names of the fields that change in draft only; an override adds
        the fields of its addon."""
        return set(LOCKED)

    def _approved_contracts(self):
        """Return the contracts in the last approved state."""
        return interface_approved.contracts(self)

    # === TRANSITIONS === #

    def _moved(self, interfaces, detail):
        if interfaces:
            self.env.registry.clear_cache()
            self.env["interop.audit.event"]._log("transition", interfaces, detail)
            self.env["interop.pump"]._arm_after_commit()
            # Service users get the rights of active interfaces. sudo: all facilities
            self.env["interop.client"].sudo()._working_for(
                interfaces
            )._sync_service_user()
        return interfaces

    def _set_approved(self, fingerprint=None):
        """Approve the current state; users cannot approve their own request or change.

        A draft becomes approved. An interface in use keeps its state and closes the
        reopened approval.

        :param str fingerprint: the state that the approver has seen
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
        """Activate the interface, or raise one error that lists all missing values."""
        for interface in self.filtered(lambda item: item.state != "active"):
            missing = interface._missing_for_activation()
            if interface.approval_changed:
                missing.append(
                    self.env._(
                        "an approval of the current state. Changed since the last "
                        "approval:\n%s",
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
        """Pause the interface: events are captured and wait."""
        return self._moved(self._set_state("suspended", ("active",)), "suspended")

    def _set_deprecated(self):
        """Mark the interface as deprecated, ahead of its retirement."""
        moved = self._set_state("deprecated", ("active", "suspended"))
        return self._moved(moved, "deprecated")

    def _set_retired(self):
        """Retire the interface; refuse while messages wait."""
        # sudo: messages of facilities that the user does not see count as well
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
                        "%(count)s messages of “%(name)s” wait for delivery or for a "
                        "person. Retry, resolve or cancel them first.",
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
        """Set the interface back to draft for changes, which need a new approval.

        An interface in use keeps capturing events. They are built after the approval
        and sent after the activation. Messages that wait continue to wait.
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
        self.sudo()._set_suspended()  # sudo: operators may suspend but not edit

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
