"""Lifecycle of interfaces: draft → approved → active → suspended → deprecated → retired."""

from odoo import Command, api, models
from odoo.exceptions import UserError

from ... import const
from ...tools import approval

# What was approved counts in these states: a change of it reopens the approval.
IN_USE = ("approved", "active", "suspended", "deprecated")
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
    """Transitions and their buttons."""

    _inherit = "interop.interface"

    def _missing_facts(self):
        """Return which facts of the catalogue entry are missing, one text each."""
        self.ensure_one()
        required = [
            (self.owner_id, self.env._("business owner")),
            (
                self.exception_user_id or self.exception_team_id,
                self.env._("exception owner (a person or a team)"),
            ),
            (self.objective_seconds > 0, self.env._("service objective (seconds)")),
            (self.data_class, self.env._("data class")),
            (self.latency_tier, self.env._("latency tier")),
            (self.retry_policy_id, self.env._("retry policy")),
        ]
        return [label for present, label in required if not present]

    def _missing_for_activation(self):
        """Return what is still missing before messages may move, one text each.

        Transports extend this with what they need.
        """
        self.ensure_one()
        required = [
            (self.transport, self.env._("transport")),
            (self.company_ids, self.env._("at least one facility")),
            (
                self.contract_ids.filtered(
                    lambda item: item.state in const.USABLE_CONTRACT_STATES
                ),
                self.env._("a published contract"),
            ),
        ]
        missing = self._missing_facts()
        missing += [label for present, label in required if not present]
        if self.data_class in const.PROTECTED_CLASSES:
            problem = self.env["interop.vault"]._problem()
            if problem:
                missing.append(self.env._("a key file (%s)", problem))
        missing += self._unhandled_contracts()
        missing += self._missing_environment()
        return missing + self._missing_endpoint()

    def _missing_endpoint(self):
        """Return what the endpoint lacks where the transport delivers to one."""
        if not self._uses_endpoint():
            return []
        if not self.endpoint_id:
            return [self.env._("endpoint")]
        if not self.endpoint_id.active:
            return [self.env._("an endpoint that is not archived")]
        transport = self.env[f"interop.transport.{self.transport}"]
        return transport._missing_for_delivery(self.endpoint_id)

    def _missing_environment(self):
        """Return what is missing where the system is one of another environment: its
        messages would never move here."""
        ours = self.env["interop.guard"]._environment()
        if self.system_id.environment == ours:
            return []
        labels = dict(const.ENVIRONMENTS)
        return [
            self.env._(
                "a system of this server's environment (%(system)s is “%(theirs)s”, this "
                "server is “%(ours)s”)",
                system=self.system_id.name,
                theirs=labels[self.system_id.environment],
                ours=labels.get(ours, ours or "–"),
            )
        ]

    def _unhandled_contracts(self):
        """Return what is missing for contracts that nothing builds or applies."""
        return [
            self.env._(
                "an app that handles %s, or the app for mappings", contract.display_name
            )
            for contract in self.contract_ids
            if not contract.handler_name
        ]

    # === TRANSITIONS === #

    def _moved(self, interfaces, detail):
        if interfaces:
            self.env.registry.clear_cache()
            self.env["interop.audit.event"]._log("transition", interfaces, detail)
            self.env["interop.pump"]._arm_after_commit()
            # The rights of service users follow. sudo: clients of all facilities
            self.env["interop.client"].sudo()._of(interfaces)._sync_service_user()
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

    # === WHAT IS APPROVED === #

    def _approval_state(self):
        """Return what travels, to whom, for which facilities, and how it is kept."""
        system = self.system_id
        state = {
            "system": system.code,
            "environment": system.environment,
            "data_residency": system.data_residency.code,
            "facility_codes": [
                f"company:{line.company_id.id} = {line.code}"
                for line in system.facility_code_ids
                if line.company_id in self.company_ids
            ],
            "direction": self.direction,
            "transport": self.transport,
            "contracts": self.contract_ids.mapped("display_name"),
            "facilities": [f"company:{company.id}" for company in self.company_ids],
            "data_class": self.data_class,
            "filter_domain": self.filter_domain,
            "send_back": self.send_back,
            "payload_retention_days": self.payload_retention_days,
            "message_retention_days": self.message_retention_days,
        }
        if self._uses_endpoint() and self.endpoint_id:
            state.update(self.endpoint_id._approval_state())
        return {**super()._approval_state(), **state}

    def _approval_parts(self):
        return [*super()._approval_parts(), self.endpoint_id]

    def _excluded_approvers(self):
        """Who wrote the endpoint since it was approved last cannot approve it here."""
        return super()._excluded_approvers() | self.endpoint_id._approval_authors()

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

    def _missing_for_approval(self):
        return [*super()._missing_for_approval(), *self._missing_for_activation()]

    def _approval_changed(self):
        return self.approval_changed

    def _approved_contracts(self):
        """Return the contracts of the state that was approved last."""
        names = (self.approved_state or {}).get("contracts", [])
        contracts = self.env["interop.contract"]
        for name in names:
            message_type, _space, version = name.rpartition(" v")
            contracts |= contracts.search(
                [("message_type", "=", message_type), ("version", "=", int(version))]
            )
        return contracts

    def _approval_touched(self):
        """Something that is part of the approved state changed: remember who did it, and
        compare."""
        # sudo: interfaces of all facilities
        touched_sudo = self.sudo().filtered(lambda item: item.state != "retired")
        touched_sudo._note_editor()
        touched_sudo._recheck_approval()

    def _extend_approved(self, items):
        """Count ``items`` as approved: what may grow in use.

        Only a list that was approved grows. Anything else that differs stays different.
        What was empty then was not approved as a list: its first items reopen the
        approval at once, not with the next change of something else.

        :param dict items: key of the state → the texts that came
        """
        self._touch_approval()
        for interface in self.filtered(lambda entry: entry.state in IN_USE):
            state = dict(interface.approved_state or {})
            grown = items.keys() & state.keys()
            for key in grown:
                state[key] = sorted({*state[key], *items[key]})
            if grown:
                interface._transition(
                    {
                        "approved_state": state,
                        "approved_fingerprint": approval.fingerprint(state),
                    }
                )
            if items.keys() - grown:
                interface._approval_touched()

    def _replace_approved(self, key, items):
        """Count ``items`` (texts) as what is approved under ``key``: a second person
        approved them where they are kept. Anything else that differs stays different.
        """
        self._touch_approval()
        for interface in self.filtered(lambda entry: entry.state in IN_USE):
            state = approval.clean(
                {**(interface.approved_state or {}), key: sorted(set(items))}
            )
            interface._transition(
                {
                    "approved_state": state,
                    "approved_fingerprint": approval.fingerprint(state),
                }
            )

    def _recheck_approval(self):
        """Reopen the approval of what differs from it; find it good again where the
        approved state was put back."""
        for interface in self.filtered(lambda item: item.state in IN_USE):
            now = interface._fingerprint()
            changed = now != interface.approved_fingerprint
            if changed == interface.approval_changed:
                continue
            interface._transition({"approval_changed": changed})
            self.env["interop.audit.event"]._log(
                "reopened" if changed else "restored",
                interface,
                f"#{now[: approval.SHOWN]}\n{interface.approval_changes or ''}".strip(),
            )
            if changed:
                interface._notify_stewards()
            else:
                # Nothing differs from what was approved: the editors changed nothing.
                interface._transition({"editor_ids": [Command.clear()]})
                interface._approval_activities().unlink()
                self.env["interop.pump"]._arm_after_commit()

    def write(self, vals):
        """An approved flow is what was approved: what it is made of needs a new
        approval."""
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
        before = {item.id: item._note_values(noted) for item in in_use if noted}
        result = super().write(vals)
        if governed:
            self._approval_touched()
        for interface in in_use if noted else ():
            interface._log_note(before[interface.id], interface._note_values(noted))
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

    def _note_values(self, names):
        """Return the values of descriptive fields as the audit trail keeps them."""
        values = {}
        for name in sorted(names):
            field, value = self._fields[name], self.sudo()[name]
            label = field._description_string(self.env)
            values[label] = value.display_name if field.relational else str(value or "")
        return values

    def _log_note(self, before, after):
        lines = [
            f"{label}: {before[label] or '–'} → {after[label] or '–'}"
            for label in after
            if before[label] != after[label]
        ]
        if lines:
            self.env["interop.audit.event"]._log("changed", self, "\n".join(lines))

    def _would_change(self, vals):
        """Return whether writing ``vals`` changes anything (lists always count)."""
        self.ensure_one()
        for name, value in vals.items():
            field = self._fields[name]
            if field.type == "many2many":
                return True
            current = self[name].id if field.relational else self[name]
            if (current or False) != (value or False):
                return True
        return False

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
