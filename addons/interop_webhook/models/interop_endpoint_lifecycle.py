"""Pause, resume, disable, and the keys: what happens to endpoints."""

from odoo import models

from odoo.addons.interop_base import clock

from .. import const


class InteropEndpoint(models.Model):
    """Transitions and buttons."""

    _inherit = "interop.endpoint"

    # === TRANSITIONS === #

    def _set_active(self):
        """Deliver again; what waited is due at once."""
        moved = self._set_state(
            "active", ("paused", "suspended", "disabled"), state_reason=False
        )
        self.env["interop.endpoint.health"].sudo()._reset(moved)  # sudo: engine's table
        return self._moved(moved, "active")

    def _set_paused(self, reason):
        """Stop delivering for now; messages wait."""
        moved = self._set_state("paused", ("active",), state_reason=reason)
        return self._moved(moved, "paused")

    def _set_disabled(self, reason):
        """Stop delivering until an administrator resumes; messages wait."""
        moved = self._set_state(
            "disabled", ("active", "paused", "suspended"), state_reason=reason
        )
        return self._moved(moved, "disabled")

    def _set_gone(self):
        """The receiver answered 410: disable, and tell who owns the system."""
        moved = self._set_disabled(
            self.env._("The receiver answered 410 Gone: it wants no more messages.")
        )
        for endpoint in moved:
            endpoint._tell_owner(self.env._("Endpoint %s is gone", endpoint.name))
        return moved

    def _moved(self, endpoints, detail):
        if endpoints:
            self.env["interop.audit.event"]._log("transition", endpoints, detail)
            self.env["interop.pump"]._arm_after_commit()
        return endpoints

    # === ACTIONS === #

    def action_pause(self):
        """Pause (operators)."""
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.check_access("read")
        # sudo: operators pause without editing
        self.sudo()._set_paused(self.env._("Paused by %s", self.env.user.name))

    def action_resume(self):
        """Resume (operators)."""
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.check_access("read")
        self.sudo()._set_active()  # sudo: operators resume without editing

    def action_rotate_secret(self):
        """Generate what is missing, replace what is there, and show the new values
        once."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self.ensure_one()
        created = [
            self._rotate_kind(kind)
            for kind in const.SECRET_KINDS[self.signature_version]
        ]
        action = created[0][0]._action_show_once(created[0][1])
        action["params"]["value"] = "\n".join(
            secret.public_value or plaintext for secret, plaintext in created
        )
        return action

    def _rotate_kind(self, kind):
        """Return ``(secret, plaintext)`` of a new secret of ``kind``."""
        secrets = self.env["interop.secret"]
        current = self.secret_ids.filtered(lambda secret: secret.kind == kind)
        current = current._usable(clock.now())[:1]
        if current:
            return current._rotate(secrets._overlap_hours())
        plaintext = secrets._generate_plaintext(kind)
        secret = secrets._create_value(
            {
                "name": self.env._("Signature of %s", self.name),
                "system_id": self.system_id.id,
                "company_id": self.company_id.id,
                "kind": kind,
                "endpoint_id": self.id,
            },
            plaintext,
        )
        self.env["interop.audit.event"]._log("generated", secret)
        return secret, plaintext

    def action_view_messages(self):
        """Open the messages of this endpoint."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_message_action"
        )
        action["domain"] = [("interface_id.endpoint_id", "in", self.ids)]
        action["context"] = {}
        return action
