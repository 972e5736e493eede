"""What people do with messages: retry, resubmit, cancel, look inside."""

import json

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from .. import const


class InteropMessage(models.Model):
    """Buttons of the message log, for one and for many."""

    _inherit = "interop.message"

    def _check_may_act(self):
        """Operators act on all they see; users on what their record rules show them."""
        self.env["interop.guard"]._require_group("interop_base_group_user")
        self.check_access("read")

    def action_retry(self):
        """Try failed messages again, with the same id and the same bytes.

        An outbound message that was never rendered is built again from its record, as a new
        message linked to this one.
        """
        self._check_may_act()
        failed = self.filtered(lambda item: item.state in const.FAILED_STATES)
        if not failed:
            raise UserError(
                self.env._(
                    "None of the selected messages has failed: nothing to retry."
                )
            )
        self._check_still_moves(failed)
        rebuild = failed.filtered(
            lambda item: item.direction == "out" and not item.payload_id
        )
        again = failed - rebuild
        purged = again.filtered(lambda item: not item.payload_id)
        if purged:
            raise UserError(
                self.env._(
                    "The content of %s was removed by retention: ask the sender to send it "
                    "again.",
                    ", ".join(purged.mapped("external_id")),
                )
            )
        # sudo: messages are written by the engine only; who may act was checked above
        again.sudo()._set_pending()
        rebuild.sudo()._resubmit()
        self.env["interop.audit.event"]._log("retried", failed)
        if len(failed) == 1:
            return self._notify(self.env._("The message will be tried again."))
        return self._notify(self.env._("%s messages will be tried again.", len(failed)))

    def _check_still_moves(self, failed):
        """What would wait for ever is not retried: say so instead."""
        # sudo: the state of the interface decides, whatever of it the user may read
        for interface in failed.sudo().interface_id:
            if interface.state not in const.CAPTURING_STATES:
                raise UserError(
                    self.env._(
                        "Interface “%s” is not in use any more: its messages can be "
                        "cancelled, not retried.",
                        interface.name,
                    )
                )

    def action_resubmit(self):
        """Build failed outbound messages anew from their corrected records.

        Each becomes a new message linked to the original, which stays.
        """
        self._check_may_act()
        failed = self.filtered(
            lambda item: item.direction == "out" and item.state in const.FAILED_STATES
        )
        if not failed:
            raise UserError(
                self.env._("Only outbound messages that failed can be built again.")
            )
        self._check_still_moves(failed)
        failed.sudo()._resubmit()  # sudo: see action_retry
        self.env["interop.audit.event"]._log("retried", failed, "resubmitted")
        if len(failed) == 1:
            return self._notify(self.env._("The message is built again."))
        return self._notify(self.env._("%s messages are built again.", len(failed)))

    def _resubmit(self):
        """Build messages anew from their records; the originals stay, linked."""
        for message in self:
            known = message.res_model in self.env
            record = (
                known and self.env[message.res_model].browse(message.res_id).exists()
            )
            if not record:
                raise UserError(
                    self.env._(
                        "The record of %s was deleted: cancel the message.",
                        message.external_id,
                    )
                )
            published = self.env["interop.event"]._publish(
                message.contract_id.message_type,
                record,
                parent=message,
                interface=message.interface_id,
            )
            if not published:
                raise UserError(
                    self.env._(
                        "%s is no longer in use: the message cannot be built again.",
                        message.contract_id.display_name,
                    )
                )
        self._set_cancelled(self.env._("Resubmitted as a new message."))

    def action_cancel(self):
        """Give up on messages that wait or failed."""
        self._check_may_act()
        waiting = self.filtered(
            lambda item: item.state in ("pending", "dead", "parked")
        )
        if not waiting:
            raise UserError(
                self.env._("Only messages that wait or failed can be cancelled.")
            )
        # sudo: see action_retry
        waiting.sudo()._set_cancelled(
            self.env._("Cancelled by %s.", self.env.user.name)
        )
        self.env["interop.audit.event"]._log("cancelled", waiting)
        if len(waiting) == 1:
            return self._notify(self.env._("The message is cancelled."))
        return self._notify(self.env._("%s messages cancelled.", len(waiting)))

    def _notify(self, text):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": text,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_view_payload(self):
        """Show the content; needs the group for it and leaves an audit line."""
        self.ensure_one()
        self.check_access("read")
        self._check_may_view_payload()
        content = self._payload_bytes()
        if content is None:
            raise UserError(
                self.env._("The content of this message is no longer kept.")
            )
        self.env["interop.audit.event"]._log("revealed", self)
        return {
            "type": "ir.actions.client",
            "tag": "interop_show_once",
            "name": self.env._("Content"),
            "target": "new",
            "params": {
                "title": self.external_id,
                "value": self._pretty(content),
                "note": self.env._("Your access was recorded in the audit trail."),
            },
        }

    def _check_may_view_payload(self):
        """Content of protected classes needs the group made for it, other content an
        operator; auditors read everything but content."""
        user = self.env.user
        if user.has_group("interop_base.interop_base_group_payload"):
            return
        protected = self.data_class in const.PROTECTED_CLASSES
        if protected or not user.has_group("interop_base.interop_base_group_operator"):
            raise AccessError(
                self.env._(
                    "You may not see the content of this message. It needs the access "
                    "right “View message content”."
                )
            )

    @api.model
    def _pretty(self, content):
        text = content.decode("utf-8", "replace")
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except ValueError:
            return text

    def action_view_resource(self):
        """Open the record that the message is about, under the user's own rights."""
        self.ensure_one()
        if not self.resource_ref:
            raise UserError(
                self.env._("This message is linked to no record you may see.")
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }
