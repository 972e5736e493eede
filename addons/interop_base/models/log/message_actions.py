"""What people do with the messages they selected: retry, build again, skip, give up."""

import json
from collections import defaultdict

from psycopg2.extras import Json

from odoo.exceptions import AccessError, UserError

from ... import clock, const
from ..engine.superseded import Superseded
from .message_batch import MessageBatch


class MessageActions:
    """The buttons of the log, for one message and for many.

    :param messages: ``interop.message`` with the rights of the user, which each of the
        methods checks
    """

    def __init__(self, messages):
        self.messages = messages
        self.env = messages.env

    def retry(self):
        """Try failed messages again, with the same id and the same bytes.

        An outbound message that was never rendered is built again from its record, as a new
        message linked to this one. A message that a newer one about the same record
        replaces is skipped and linked to it.
        """
        self._check_may_act()
        failed = self._failed()
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
        # sudo: messages are written by the engine only; who may act was checked
        kept, refused = self._set_old_aside(failed.sudo())
        (again & kept).sudo()._set_pending()
        Rebuilding((rebuild & kept).sudo()).all_or_none()
        self._log_retried(kept)
        return self._tell(
            len(kept),
            self.env._("The message will be tried again."),
            self.env._("%s messages will be tried again.", len(kept)),
            refused,
        )

    def resubmit(self):
        """Build failed outbound messages anew from their corrected records.

        Each becomes a new message linked to the original, which stays.
        """
        self._check_may_act()
        failed = self._failed().filtered(lambda item: item.direction == "out")
        if not failed:
            raise UserError(
                self.env._("Only outbound messages that failed can be built again.")
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
            self.env._("The message is built again."),
            self.env._("%s messages are built again.", len(kept)),
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

        The receiver may overwrite newer content with it, therefore nothing but this
        button does it, for one message at a time.
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
                    "No newer message replaces %s. Retry it if it failed.",
                    message.external_id,
                )
            )
        self._check_still_moves(message)
        message_sudo = message.sudo()  # sudo: see retry
        if not message_sudo.payload_id:
            raise UserError(
                self.env._(
                    "The content of %s is not kept. Resubmit the newer message instead.",
                    message.external_id,
                )
            )
        newer = message_sudo.newer_id or message_sudo.superseded_by_id
        message_sudo._set_pending(old_content=True)
        self.env["interop.audit.event"]._log(
            "overrode",
            message,
            self.env._("old content sent after %s", newer.external_id),
        )
        return self.notify(self.env._("The old content will be sent."))

    def cancel(self):
        """Give up on messages that wait or failed."""
        self._check_may_act()
        waiting = self.messages.filtered(
            lambda item: item.state in ("pending", "dead", "parked")
        )
        if not waiting:
            raise UserError(
                self.env._("Only messages that wait or failed can be cancelled.")
            )
        # sudo: see retry
        waiting.sudo()._set_cancelled(
            self.env._("Cancelled by %s.", self.env.user.name)
        )
        self.env["interop.audit.event"]._log("cancelled", waiting)
        if len(waiting) == 1:
            return self.notify(self.env._("The message is cancelled."))
        return self.notify(self.env._("%s messages cancelled.", len(waiting)))

    def close(self, reason):
        """Close what failed, with a ``reason`` that stays; return how many."""
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

    # === LOOKING === #

    def may_view_payload(self):
        """Return whether the user may see the content of one message.

        Content of protected classes needs the group made for it, other content an
        operator; auditors read everything but content.
        """
        user = self.env.user
        if user.has_group("interop_base.interop_base_group_payload"):
            return True
        protected = self.messages.data_class in const.PROTECTED_CLASSES
        return not protected and user.has_group(
            "interop_base.interop_base_group_operator"
        )

    def view_payload(self):
        """Return the dialog with the content, and leave an audit line; refuse who may
        not see it, which stays in the audit trail, too."""
        message = self._one()
        if not self.may_view_payload():
            self.env["interop.audit.event"]._log_aside(
                "refused", message, self.env._("content")
            )
            raise AccessError(
                self.env._(
                    "You may not see the content of this message. It needs the access "
                    "right “View message content”."
                )
            )
        content = message._payload_bytes()
        if content is None:
            raise UserError(
                self.env._("The content of this message is no longer kept.")
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
        """Open the message that was built anew for this one."""
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
                self.env._("This message is linked to no record you may see.")
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
        """Operators act on all they see; users on what their record rules show them."""
        self.env["interop.guard"]._require_group("interop_base_group_user")
        self.messages.check_access("read")

    def _one(self):
        self.messages.ensure_one().check_access("read")
        return self.messages

    def _failed(self):
        return self.messages.filtered(lambda item: item.state in const.FAILED_STATES)

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

    def _set_old_aside(self, messages_sudo):
        """Skip what newer messages replace, with a line in the audit trail each.

        :returns: ``(messages that may go on, {reason: ids})``
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
                        "replaced by %s", message.superseded_by_id.external_id
                    )
                    for message in skipped_sudo
                },
            )
        return messages_sudo.filtered(lambda item: item.id not in aside), refused

    def _log_retried(self, messages, detail=""):
        if messages:  # without any, the line would be about nothing
            self.env["interop.audit.event"]._log(
                "retried", messages.sudo(False), detail
            )

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
    """Builds messages anew from their records; the originals stay, linked and cancelled.

    :param messages: failed outbound ``interop.message``, as the engine sees them
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
        self.messages._set_cancelled(self._text())

    def those_that_can(self):
        """Build those whose contract and record still are, with a few statements for any
        number of them.

        :returns: ``(ids that moved, {reason: ids that did not})``
        """
        refused = defaultdict(list)
        aside = MessageBatch(self.env).set_old_aside(self.messages.ids, refused)
        usable = self.messages.filtered(lambda message: message.id not in aside)
        usable = self._published_still(usable, refused)
        usable = self._with_record(usable, refused)
        # The pump builds events of earlier transactions, in batches of its own.
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
        """Return ``({message id: id of the newest one built for it}, ids that are being
        built)``."""
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
