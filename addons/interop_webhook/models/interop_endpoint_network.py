"""Private networks: tracked, approved, and for protected flows a matter of two people."""

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base.const import PROTECTED_CLASSES

from ..tools import url_guard


class InteropEndpoint(models.Model):
    """An administrator asks, a steward who is somebody else approves."""

    _inherit = "interop.endpoint"

    requested_networks = fields.Text(
        "Networks Asked For", readonly=True, copy=False, tracking=True
    )
    networks_requested_by_id = fields.Many2one(
        "res.users",
        "Asked For By",
        readonly=True,
        copy=False,
        ondelete="restrict",
        tracking=True,
    )
    is_protected = fields.Boolean(compute="_compute_is_protected")

    def _guarded_fields(self):
        return super()._guarded_fields() | {
            "requested_networks",
            "networks_requested_by_id",
        }

    def _compute_is_protected(self):
        # sudo: interfaces of other facilities and archived ones count as well
        interfaces_sudo = (
            self.env["interop.interface"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("endpoint_id", "in", self.ids),
                    ("data_class", "in", PROTECTED_CLASSES),
                    ("state", "!=", "retired"),
                ]
            )
        )
        for endpoint in self:
            endpoint.is_protected = endpoint in interfaces_sudo.endpoint_id

    def write(self, vals):
        """Private networks of protected flows are not added by one person."""
        if "allowed_networks" in vals:
            for endpoint in self.filtered("is_protected"):
                if endpoint._adds_networks(vals["allowed_networks"]):
                    raise UserError(
                        self.env._(
                            "Personal or patient-adjacent messages go to “%s”: another "
                            "network needs a second person. Use the button Ask for "
                            "Networks; a steward approves.",
                            endpoint.name,
                        )
                    )
        return super().write(vals)

    def _adds_networks(self, text):
        """Return whether ``text`` allows any address that is refused now."""
        self.ensure_one()
        try:
            asked = url_guard.parse_networks(text or "")
        except url_guard.GuardRefusal as refusal:
            raise UserError(str(refusal)) from None
        allowed = url_guard.parse_networks(self.allowed_networks or "")
        return any(
            not any(
                network.version == known.version and network.subnet_of(known)
                for known in allowed
            )
            for network in asked
        )

    # === TRANSITIONS === #

    def _set_networks_requested(self, text):
        """Note which networks an administrator asks for, and tell the stewards."""
        self.ensure_one()
        if not self._adds_networks(text):
            raise UserError(self.env._("These networks are allowed already."))
        self._transition(
            {"requested_networks": text, "networks_requested_by_id": self.env.uid}
        )
        self.env["interop.audit.event"]._log("requested", self, text)
        # sudo: who the stewards are
        stewards = self.env.ref("interop_base.interop_base_group_steward").sudo()
        for user in stewards.all_user_ids - self.env.user:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=self.env._("Approve networks of endpoint %s", self.name),
                note=text,
            )

    def _set_networks_approved(self):
        """Allow what was asked for; never by the one who asked."""
        for endpoint in self.filtered("requested_networks"):
            if endpoint.networks_requested_by_id == self.env.user:
                raise UserError(
                    self.env._(
                        "You asked for these networks. Another steward approves."
                    )
                )
            text = endpoint.requested_networks
            # Approved here, so no flow that was approved stops for it.
            endpoint._approval_owners()._replace_approved(
                "endpoint.allowed_networks", url_guard.network_texts(text)
            )
            endpoint._transition(
                {
                    "allowed_networks": text,
                    "requested_networks": False,
                    "networks_requested_by_id": False,
                }
            )
            endpoint._check_url()
            self.env["interop.audit.event"]._log("approved", endpoint, text)
            self.env["interop.pump"]._arm_after_commit()

    def _set_networks_refused(self):
        """Forget what was asked for."""
        for endpoint in self.filtered("requested_networks"):
            text = endpoint.requested_networks
            endpoint._transition(
                {"requested_networks": False, "networks_requested_by_id": False}
            )
            self.env["interop.audit.event"]._log("cancelled", endpoint, text)

    # === ACTIONS === #

    def action_request_networks(self):
        """Open the dialog that asks for networks (administrators)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask for Networks"),
            "res_model": "interop.network.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_endpoint_id": self.id,
                "default_networks": self.requested_networks or self.allowed_networks,
            },
        }

    def action_approve_networks(self, networks=None):
        """Approve the networks asked for (stewards).

        Without ``networks`` nothing is approved: the dialog that shows them opens.

        :param str networks: the networks that were read, as they were asked for
        """
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.check_access("read")
        self.ensure_one()
        if not networks:
            return self.env["interop.network.approval.wizard"]._action(self)
        if networks != self.requested_networks:
            raise UserError(
                self.env._(
                    "The requested networks of “%s” have changed. Read the request "
                    "again, then decide.",
                    self.name,
                )
            )
        # sudo: stewards do not edit endpoints otherwise
        self.sudo()._set_networks_approved()
        self.sudo().activity_feedback(["mail.mail_activity_data_todo"])
        return True

    def action_refuse_networks(self):
        """Refuse the networks asked for (stewards)."""
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.check_access("read")
        self.sudo()._set_networks_refused()  # sudo: as above
        self.sudo().activity_feedback(["mail.mail_activity_data_todo"])
