"""User actions on selected messages: retry, resubmit, skip, cancel, close, view."""

import json
from collections import defaultdict

from psycopg2.extras import Json

from odoo.exceptions import AccessError, UserError

from ... import clock, const
from ..engine.superseded import Superseded
from .message_batch import MessageBatch


class MessageActions:
    """Run the buttons of the log for one or more messages.

    :param messages: ``interop.message`` with the rights of the user; each method checks
        these rights
    """

    def __init__(self, messages):
        self.messages = messages
        self.env = messages.env

    def retry(self):
        """Retry failed messages with the same id and the same bytes.

        An outbound message without content is built again from its record, as a new
        message linked to this one. A message is skipped if a newer message about the same
        record replaces it. It is linked to the newer message.
        """
        self._check_may_act()
        failed = self._failed()
        if not failed:
            raise UserError(
                self.env._("No selected message has failed. Select failed messages.")
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
                    "The content of %s was removed by retention. Ask the sender to send it "
                    "again.",
                    ", ".join(purged.mapped("external_id")),
                )
            )
        # sudo: only the engine writes messages; the rights of the user were checked
        kept, refused = self._set_old_aside(failed.sudo())
        (again & kept).sudo()._set_pending()
        Rebuilding((rebuild & kept).sudo()).all_or_none()
        self._log_retried(kept)
        return self._tell(
            len(kept),
            self.env._("The message will be retried."),
            self.env._("%s messages will be retried.", len(kept)),
            refused,
        )

    def resubmit(self):
        """Build failed outbound messages again from their corrected records.

        Each new message is linked to its original. The original is cancelled.
        """
        self._check_may_act()
        failed = self._failed().filtered(lambda item: item.direction == "out")
        if not failed:
            raise UserError(
                self.env._("Only failed outbound messages can be resubmitted.")
            )
        self._check_still_moves(failed)
        kept, refused = self._set_old_aside(failed.sudo())  # sudo: see retry
        if len(kept) > 1:
            moved, left = Rebuilding(kept).those_that_can()
            kept = kept.browse(moved)
            refused.update(left)
        else:
            Rebuilding(kept).all_or_none()
        self._log_retried(kept, "resubmitted")
        return self._tell(
            len(kept),
            self.env._("The message will be built again."),
            self.env._("%s messages will be built again.", len(kept)),
            refused,
        )

    def skip_superseded(self):
        """Skip failed messages that newer messages about the same records replace."""
        self._check_may_act()
        failed = self._failed()
        newer = Superseded(self.env).newer(failed.ids)
        if not newer:
            raise UserError(
                self.env._(
                    "No newer message replaces the selected messages. Retry, resubmit "
                    "or cancel them."
                )
            )
        # sudo: see retry
        _kept, refused = self._set_old_aside(failed.browse(newer).sudo())
        return self._tell(0, "", "", refused)

    def send_superseded(self):
        """Send one message although a newer one replaces it (operators).

        The receiver may overwrite newer content with it. Therefore only this button sends
        it, for one message at a time.
        """
        message = self.messages.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self._check_may_act()
        replaced = message.state == "skipped" and message.superseded_by_id
        if not message.is_superseded or not (
            replaced or message.state in const.FAILED_STATES
        ):
            raise UserError(
                self.env._(
                    "No newer message replaces message %s. Retry it if it failed.",
                    message.external_id,
                )
            )
        self._check_still_moves(message)
        message_sudo = message.sudo()  # sudo: see retry
        if not message_sudo.payload_id:
            raise UserError(
                self.env._(
                    "The content of message %s is not stored. Resubmit the newer message.",
                    message.external_id,
                )
            )
        newer = message_sudo.newer_id or message_sudo.superseded_by_id
        message_sudo._set_pending(old_content=True)
        self.env["interop.audit.event"]._log(
            "overrode",
            message,
            self.env._("older content sent after message %s", newer.external_id),
        )
        return self.notify(self.env._("The older content will be sent."))

    def cancel(self):
        """Cancel waiting or failed messages."""
        self._check_may_act()
        waiting = self.messages.filtered(
            lambda item: item.state in ("pending", "dead", "parked")
        )
        if not waiting:
            raise UserError(
                self.env._("Only waiting or failed messages can be cancelled.")
            )
        # sudo: see retry
        waiting.sudo()._set_cancelled(
            self.env._("Cancelled by %s.", self.env.user.name)
        )
        self.env["interop.audit.event"]._log("cancelled", waiting)
        if len(waiting) == 1:
            return self.notify(self.env._("The message is cancelled."))
        return self.notify(self.env._("%s messages are cancelled.", len(waiting)))

    def close(self, reason):
        """Close the failed messages with a stored ``reason``. Return their number."""
        self._check_may_act()
        failed = self._failed()
        # sudo: see retry
        moved = MessageBatch(failed.sudo().env).close(failed.ids, reason)
        self.env["interop.audit.event"]._log(
            "closed", self.messages.browse(moved), reason
        )
        return len(moved)

    def ask_to_close(self):
        """Return the dialog that asks for the reason of ``close``."""
        self._check_may_act()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Close Failed Messages"),
            "res_model": "interop.close.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_res_model": self.messages._name,
                "default_res_ids": ",".join(map(str, self.messages.ids)),
            },
        }

    # === VIEWS === #

    def may_view_payload(self):
        """Return whether the user may see the content of one message.

        Content of protected classes needs the group "View message content". Other content
        needs the operator group. Auditors may not see content.
        """
        user = self.env.user
        if user.has_group("interop_base.interop_base_group_payload"):
            return True
        protected = self.messages.data_class in const.PROTECTED_CLASSES
        return not protected and user.has_group(
            "interop_base.interop_base_group_operator"
        )

    def view_payload(self):
        """Return the dialog with the content.

        The audit trail records the access, and also the refusal of a user without the
        right."""
        message = self._one()
        if not self.may_view_payload():
            self.env["interop.audit.event"]._log_aside(
                "refused", message, self.env._("message content")
            )
            raise AccessError(
                self.env._(
                    "You cannot view the content of this message. Ask an administrator for "
                    "the access right “View message content”."
                )
            )
        content = message._payload_bytes()
        if content is None:
            raise UserError(
                self.env._("The content of this message is no longer stored.")
            )
        self.env["interop.audit.event"]._log("revealed", message)
        return {
            "type": "ir.actions.client",
            "tag": "interop_show_once",
            "name": self.env._("Content"),
            "target": "new",
            "params": {
                "title": message.external_id,
                "value": _pretty(content),
                "note": self.env._("Your access was recorded in the audit trail."),
            },
        }

    def view_resubmission(self):
        """Open the message that was built again from the same record."""
        message = self._one()
        if not message.resubmission_id:
            return self.notify(
                self.env._("The new message is being built. Try again in a moment."),
                "info",
            )
        return _form(message._name, message.resubmission_id.id)

    def view_resource(self):
        """Open the record that the message is about, if the user may see it."""
        message = self.messages.ensure_one()
        if not message.resource_ref:
            raise UserError(
                self.env._(
                    "This message has no record, or you have no access to its record."
                )
            )
        return _form(message.res_model, message.res_id)

    def notify(self, text, kind="success"):
        """Return the action that tells the user ``text`` and closes the dialog."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": text,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # === PARTS === #

    def _check_may_act(self):
        """Check the group of the user and the record rules of the messages."""
        self.env["interop.guard"]._require_group("interop_base_group_user")
        self.messages.check_access("read")

    def _one(self):
        self.messages.ensure_one().check_access("read")
        return self.messages

    def _failed(self):
        return self.messages.filtered(lambda item: item.state in const.FAILED_STATES)

    def _check_still_moves(self, failed):
        """Refuse a retry if the interface never sends or applies messages again."""
        # sudo: the user may have no right to read the interface
        for interface in failed.sudo().interface_id:
            if interface.state not in const.CAPTURING_STATES:
                raise UserError(
                    self.env._(
                        "Interface “%s” is no longer in use. Its messages cannot be "
                        "retried. Cancel them instead.",
                        interface.name,
                    )
                )

    def _set_old_aside(self, messages_sudo):
        """Skip messages that newer messages replace, and record each in the audit trail.

        :returns: ``(messages that may continue, {reason: ids})``
        """
        refused = {}
        aside = MessageBatch(messages_sudo.env).set_old_aside(
            messages_sudo.ids, refused
        )
        skipped_sudo = messages_sudo.browse(refused.get("superseded", ()))
        if skipped_sudo:
            self.env["interop.audit.event"]._log(
                "skipped",
                skipped_sudo,
                {
                    message.id: self.env._(
                        "replaced by message %s", message.superseded_by_id.external_id
                    )
                    for message in skipped_sudo
                },
            )
        return messages_sudo.filtered(lambda item: item.id not in aside), refused

    def _log_retried(self, messages, detail=""):
        if messages:  # an empty recordset would add a line without a record
            self.env["interop.audit.event"]._log(
                "retried", messages.sudo(False), detail
            )

    def _tell(self, count, one, many, refused):
        """Notify the user of the number of messages, and of the reasons for the others."""
        words = self.env["interop.replay"]._skip_words()
        texts = [one if count == 1 else many] if count else []
        texts += [
            self.env._(
                "Not included: %(count)s. %(reason)s",
                count=len(ids),
                reason=words.get(reason, reason),
            )
            for reason, ids in refused.items()
            if ids
        ]
        return self.notify(" ".join(texts), "success" if count else "warning")


def _form(model, record_id):
    return {
        "type": "ir.actions.act_window",
        "res_model": model,
        "res_id": record_id,
        "view_mode": "form",
    }


def _pretty(content):
    text = content.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


class Rebuilding:
    """Build messages again from their records. Cancel the originals and link them.

    :param messages: failed outbound ``interop.message`` in superuser mode
    """

    def __init__(self, messages):
        self.messages = messages
        self.env = messages.env

    def all_or_none(self):
        """Build all of them; raise ``UserError`` about the first that cannot be built."""
        for message in self.messages:
            known = message.res_model in self.env
            record = (
                known and self.env[message.res_model].browse(message.res_id).exists()
            )
            if not record:
                raise UserError(
                    self.env._(
                        "The record of message %s was deleted. Cancel the message.",
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
                        "Contract %s is no longer in use. Cancel the message.",
                        message.contract_id.display_name,
                    )
                )
        self.messages._set_cancelled(self._text())

    def those_that_can(self):
        """Build the messages whose contract is in use and whose record exists.

        The number of statements does not depend on the number of messages.

        :returns: ``(ids that moved, {reason: ids that did not move})``
        """
        refused = defaultdict(list)
        aside = MessageBatch(self.env).set_old_aside(self.messages.ids, refused)
        usable = self.messages.filtered(lambda message: message.id not in aside)
        usable = self._published_still(usable, refused)
        usable = self._with_record(usable, refused)
        # The pump builds the events in batches, after this transaction.
        self.env["interop.event"]._insert_events(
            [
                {
                    "contract_id": message.contract_id.id,
                    "res_model": message.res_model,
                    "res_id": message.res_id,
                    "company_id": message.company_id.id or None,
                    "interface_ids": Json([message.interface_id.id]),
                    "correlation_id": message.correlation_id or None,
                    "parent_id": message.id,
                }
                for message in usable
            ],
            occurred_at=clock.now(),
            state="new",
        )
        moved = MessageBatch(self.env).close(usable.ids, self._text())
        return moved, refused

    def found(self):
        """Return ``({message id: id of its newest resubmission}, ids of messages whose
        resubmission is being built)``."""
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT old.id, (SELECT max(m.id) FROM interop_message m
                                WHERE m.parent_id = old.id)
                 FROM unnest(%s::int[]) AS old(id)""",
            [self.messages.ids],
        )
        newest = dict(self.env.cr.fetchall())
        self.env.cr.execute(
            "SELECT parent_id FROM interop_event WHERE parent_id = ANY(%s)",
            [self.messages.ids],
        )
        return newest, {parent_id for (parent_id,) in self.env.cr.fetchall()}

    def _text(self):
        return self.env._("Resubmitted as a new message.")

    def _published_still(self, messages, refused):
        """Return the messages whose contract their interface still captures."""
        usable = messages.browse()
        for contract, group in messages.grouped("contract_id").items():
            capturing = dict(
                self.env["interop.interface"]._capturing(contract.message_type)
            )
            interfaces = set(capturing.get(contract.id, ()))
            kept = group.filtered(lambda m, ids=interfaces: m.interface_id.id in ids)
            usable |= kept
            refused["contract"] += (group - kept).ids
        return usable.sorted("id")

    def _with_record(self, messages, refused):
        """Return the messages whose record still exists; one query per model."""
        usable = messages.browse()
        for model, group in messages.grouped("res_model").items():
            found = set()
            if model in self.env:
                records = self.env[model].browse(group.mapped("res_id"))
                found = set(records.exists().ids)
            kept = group.filtered(lambda m, ids=found: m.res_id in ids)
            usable |= kept
            refused["record"] += (group - kept).ids
        return usable.sorted("id")
