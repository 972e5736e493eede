"""Lifecycle of clients: requested → approved → active → suspended → revoked."""

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock


class InteropClient(models.Model):
    """Transitions and their buttons."""

    _inherit = "interop.client"

    def _missing_for_activation(self):
        """Return what is still missing before this client may call, one text each."""
        self.ensure_one()
        now = clock.now()
        required = [
            (self.interface_ids, self.env._("at least one allowed interface")),
            (self._facilities(), self.env._("a facility on its interfaces")),
            (self.user_id, self.env._("its service user")),
            (
                self._can_prove(now),
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

    # === TRANSITIONS === #

    def _set_approved(self):
        """Approve; who asked for it cannot."""
        for client in self.filtered(lambda item: item.state == "requested"):
            if client.requested_by_id.id == self.env.uid:
                raise UserError(
                    self.env._(
                        "You asked for “%s” yourself. Another steward has to approve "
                        "it.",
                        client.name,
                    )
                )
        moved = self._set_state(
            "approved",
            ("requested",),
            approved_by_id=self.env.uid,
            approved_at=clock.now(),
        )
        if moved:
            self.env["interop.audit.event"]._log("approved", moved)
        return moved

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
            requested_by_id=self.env.uid,
            approved_by_id=False,
            approved_at=False,
        )
        moved._sync_service_user()
        if moved:
            self.env["interop.audit.event"]._log("requested", moved)
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

    def action_approve(self):
        """Approve (stewards)."""
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.check_access("read")
        self.sudo()._set_approved()  # sudo: stewards do not edit clients otherwise

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
        """Request approval again (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_requested()

    def action_revoke(self):
        """Revoke (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_revoked()
