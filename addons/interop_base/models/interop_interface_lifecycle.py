"""Lifecycle of interfaces: draft → approved → active → suspended → deprecated → retired."""

from odoo import models
from odoo.exceptions import UserError

from .. import clock, const


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
        missing += self._unmapped_contracts()
        return missing

    def _unmapped_contracts(self):
        """Return what is missing for contracts that only a mapping can build or apply."""
        mapped = self.mapping_ids.filtered("line_ids").contract_id
        return [
            self.env._("mapping lines for %s", contract.display_name)
            for contract in self.contract_ids
            if contract.handler_name == "interop.handler.mapping"
            and contract not in mapped
        ]

    # === TRANSITIONS === #

    def _moved(self, interfaces, detail):
        if interfaces:
            self.env.registry.clear_cache()
            self.env["interop.audit.event"]._log("transition", interfaces, detail)
            self.env["interop.pump"]._arm_after_commit()
        return interfaces

    def _set_requested(self):
        """Remember who asked for approval."""
        moving = self.filtered(lambda item: item.state == "draft")
        moving._transition({"requested_by_id": self.env.uid})
        self.env["interop.audit.event"]._log("requested", moving)
        return moving

    def _set_approved(self):
        """Approve; who asked for it cannot."""
        for interface in self.filtered(lambda item: item.state == "draft"):
            asked = interface.requested_by_id or interface.create_uid
            if asked.id == self.env.uid:
                raise UserError(
                    self.env._(
                        "You asked for “%(name)s” yourself. Another steward has to approve "
                        "it.",
                        name=interface.name,
                    )
                )
        moved = self._set_state(
            "approved",
            ("draft",),
            approved_by_id=self.env.uid,
            approved_at=clock.now(),
        )
        if moved:
            self.env["interop.audit.event"]._log("approved", moved)
        return moved

    def _set_active(self):
        """Let messages move. One error names everything that is missing."""
        for interface in self.filtered(lambda item: item.state != "active"):
            missing = interface._missing_for_activation()
            if missing:
                raise UserError(
                    self.env._(
                        "“%(name)s” cannot be activated yet. Missing:\n%(missing)s",
                        name=interface.name,
                        missing="\n".join(f"• {item}" for item in missing),
                    )
                )
        moved = self._set_state("active", ("approved", "suspended"))
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
        return self._moved(moved, "retired")

    def _set_draft(self):
        """Back to the drawing board: what changes there needs a new approval.

        Nothing is captured until it is active again; what waits already keeps waiting.
        """
        moved = self._set_state(
            "draft",
            ("approved", "suspended"),
            approved_by_id=False,
            approved_at=False,
            requested_by_id=False,
        )
        return self._moved(moved, "draft")

    def write(self, vals):
        """An approved flow is what was approved: governed fields need a new approval."""
        governed = {
            "system_id",
            "direction",
            "transport",
            "contract_ids",
            "company_ids",
            "data_class",
            "filter_domain",
            "send_back",
        }
        if governed & vals.keys():
            for interface in self:
                if interface.state not in ("draft",) and interface._would_change(
                    {name: vals[name] for name in governed & vals.keys()}
                ):
                    raise UserError(
                        self.env._(
                            "“%(name)s” is %(state)s. Suspend it and set it back to draft "
                            "before changing what was approved: system, direction, "
                            "transport, contracts, facilities, data class, filter, or "
                            "what is sent back.",
                            name=interface.name,
                            state=interface.state,
                        )
                    )
        return super().write(vals)

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

    def action_request_approval(self):
        """Ask the stewards for approval."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_requested()
        stewards = self.env.ref("interop_base.interop_base_group_steward").sudo()
        for interface in self:
            for user in stewards.all_user_ids - self.env.user:
                interface.activity_schedule(
                    "mail.mail_activity_data_todo",
                    user_id=user.id,
                    summary=self.env._("Approve interface %s", interface.name),
                )

    def action_approve(self):
        """Approve (stewards)."""
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.check_access("read")
        self.sudo()._set_approved()  # sudo: stewards do not edit interfaces otherwise
        self.sudo().activity_feedback(["mail.mail_activity_data_todo"])

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
