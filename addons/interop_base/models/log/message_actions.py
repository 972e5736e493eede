"""What people do with messages: retry, resubmit, cancel, look inside."""

import json

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from ... import const
from ..engine.superseded import Superseded


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
        message linked to this one. A message that a newer one about the same record
        replaces is skipped and linked to it.
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
        kept, refused = failed.sudo()._set_old_messages_aside()
        (again & kept).sudo()._set_pending()
        (rebuild & kept).sudo()._resubmit()
        self._log_retried(kept)
        return self._tell(
            len(kept),
            self.env._("The message will be tried again."),
            self.env._("%s messages will be tried again.", len(kept)),
            refused,
        )

    def _log_retried(self, messages, detail=""):
        if messages:  # without any, the line would be about nothing
            self.env["interop.audit.event"]._log(
                "retried", messages.sudo(False), detail
            )

    def _set_old_messages_aside(self):
        """Skip what newer messages replace, with a line in the audit trail each.

        :returns: ``(messages that may go on, {reason: ids})``
        """
        refused = {}
        aside = self._set_old_aside(self.ids, refused)
        skipped = self.browse(refused.get("superseded", ()))
        if not skipped:
            return self.filtered(lambda item: item.id not in aside), refused
        self.env["interop.audit.event"]._log(
            "skipped",
            skipped,
            {
                message.id: self.env._(
                    "replaced by %s", message.superseded_by_id.external_id
                )
                for message in skipped
            },
        )
        return self.filtered(lambda item: item.id not in aside), refused

    def _tell(self, count, one, many, refused):
        """Notify the user how many messages go on, and what became of the others."""
        words = self.env["interop.replay"]._skip_words()
        texts = [one if count == 1 else many] if count else []
        texts += [
            self.env._(
                "Left out: %(count)s. %(reason)s",
                count=len(ids),
                reason=words.get(reason, reason),
            )
            for reason, ids in refused.items()
            if ids
        ]
        return self._notify(" ".join(texts), "success" if count else "warning")

    def action_skip_superseded(self):
        """Skip failed messages that newer messages about the same records replace."""
        self._check_may_act()
        failed = self.filtered(lambda item: item.state in const.FAILED_STATES)
        newer = Superseded(self.env).newer(failed.ids)
        if not newer:
            raise UserError(
                self.env._(
                    "No newer message replaces the selected messages. Retry, resubmit "
                    "or cancel them."
                )
            )
        old = failed.browse(newer)
        # sudo: messages are written by the engine only; who may act was checked above
        _kept, refused = old.sudo()._set_old_messages_aside()
        return self._tell(0, "", "", refused)

    def action_send_superseded(self):
        """Send one message although a newer one replaces it (operators).

        The receiver may overwrite newer content with it, therefore nothing but this
        button does it, for one message at a time.
        """
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self._check_may_act()
        replaced = self.state == "skipped" and self.superseded_by_id
        if not self.is_superseded or not (
            replaced or self.state in const.FAILED_STATES
        ):
            raise UserError(
                self.env._(
                    "No newer message replaces %s. Retry it if it failed.",
                    self.external_id,
                )
            )
        self._check_still_moves(self)
        # sudo: see action_retry
        if not self.sudo().payload_id:
            raise UserError(
                self.env._(
                    "The content of %s is not kept. Resubmit the newer message instead.",
                    self.external_id,
                )
            )
        newer = self.sudo().newer_id or self.sudo().superseded_by_id
        self.sudo()._set_pending(old_content=True)
        self.env["interop.audit.event"]._log(
            "overrode",
            self,
            self.env._("old content sent after %s", newer.external_id),
        )
        return self._notify(self.env._("The old content will be sent."))

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
        kept, refused = (
            failed.sudo()._set_old_messages_aside()
        )  # sudo: see action_retry
        if len(kept) > 1:
            moved, left = kept._set_rebuilt_many()
            kept = kept.browse(moved)
            refused.update(left)
        else:
            kept._resubmit()
        self._log_retried(kept, "resubmitted")
        return self._tell(
            len(kept),
            self.env._("The message is built again."),
            self.env._("%s messages are built again.", len(kept)),
            refused,
        )

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

    def _notify(self, text, kind="success"):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
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

    def _may_view_payload(self):
        """Content of protected classes needs the group made for it, other content an
        operator; auditors read everything but content."""
        user = self.env.user
        if user.has_group("interop_base.interop_base_group_payload"):
            return True
        protected = self.data_class in const.PROTECTED_CLASSES
        return not protected and user.has_group(
            "interop_base.interop_base_group_operator"
        )

    def _check_may_view_payload(self):
        """Refuse who may not see the content; the attempt stays in the audit trail."""
        if not self._may_view_payload():
            self.env["interop.audit.event"]._log_aside(
                "refused", self, self.env._("content")
            )
            raise AccessError(
                self.env._(
                    "You may not see the content of this message. It needs the access "
                    "right “View message content”."
                )
            )

    def action_view_resubmission(self):
        """Open the message that was built anew for this one."""
        self.ensure_one()
        self.check_access("read")
        if not self.resubmission_id:
            return self._notify(
                self.env._("The new message is being built. Try again in a moment."),
                "info",
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.resubmission_id.id,
            "view_mode": "form",
        }

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
