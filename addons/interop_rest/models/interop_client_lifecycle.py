"""Lifecycle of clients: requested → approved → active → suspended → revoked."""

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock

from .. import const
from .interop_signature_scheme import CHALLENGE_FIELDS


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

    def _approval_state(self):
        """Return what this client may do, as who, from where, and for how long."""
        state = {
            name: self[name]
            for name in const.APPROVED_FIELDS
            if self._fields[name].type in ("boolean", "char", "text", "selection")
        }
        state.update(
            system=self.system_id.code,
            interfaces=self.interface_ids.mapped("code"),
            facilities=[f"company:{company.id}" for company in self.company_ids],
            namespaces=self.namespace_ids.mapped("code"),
            valid_until=self.expires_at and str(self.expires_at),
            keys=[secret._approval_text() for secret in self._present_keys()],
        )
        if self.accepts_vendor:
            scheme = self.signature_scheme_id
            state["signature_scheme"] = scheme and [
                *(
                    f"{name}: {item}"
                    for name, item in scheme._scheme()._asdict().items()
                ),
                *(
                    f"{name}: {scheme[name]}"
                    for name in CHALLENGE_FIELDS
                    if scheme[name]
                ),
                f"body_format: {scheme.body_format}",
            ]
            state["events"] = [
                f"{line.value or '–'} = {line.contract_id.display_name or 'ignored'}"
                for line in self.event_type_ids
            ]
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
        names = {
            name
            for name in const.APPROVED_FIELDS
            if self._fields[name].type in ("boolean", "char", "text", "selection")
        }
        return {
            **super()._approval_labels(),
            "keys": self.env._("Keys"),
            **{
                name: self._fields[name]._description_string(self.env) for name in names
            },
        }

    def _approval_parts(self):
        # sudo: all of them, whatever of them the user sees
        return [*super()._approval_parts(), self.sudo().interface_ids]

    def _missing_for_approval(self):
        return [*super()._missing_for_approval(), *self._missing_for_activation()]

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
