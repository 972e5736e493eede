"""Running a replay: one transaction per batch, and a cursor that survives restarts."""

import logging
from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ... import clock, const

_logger = logging.getLogger(__name__)

BATCH = 2000  # messages per transaction at most
WINDOW = 10  # seconds of throttled messages per transaction
LOST_AFTER = 60  # seconds without progress after which the cron looks for the job

# What becomes of each message, by ids: the rest of the work is one statement per fate.
_FATES = """
WITH batch AS MATERIALIZED (%(batch)s)
SELECT CASE WHEN %(closing)s THEN 'close'
            WHEN i.state <> ALL(%(capturing)s) THEN 'unused'
            WHEN %(rebuilding)s AND m.direction = 'out' AND m.res_id > 0 THEN 'rebuild'
            WHEN m.payload_id IS NOT NULL THEN 'send'
            WHEN m.direction = 'out' AND m.state IN ('dead', 'parked')
                 AND COALESCE(m.size, 0) = 0 AND m.res_id > 0 THEN 'rebuild'
            ELSE 'purged' END AS fate,
       array_agg(m.id ORDER BY m.id)
  FROM batch
  JOIN interop_message m ON m.id = batch.id
  JOIN interop_interface i ON i.id = m.interface_id
 GROUP BY 1
"""


class InteropReplay(models.Model):
    """The job. What it does to a batch commits with the cursor, or not at all."""

    _inherit = "interop.replay"

    def _enqueue(self, seconds=0):
        """Queue the next batch, once, in ``seconds`` from now."""
        self.ensure_one()
        user = self.env.ref("interop_base.user_integration")
        # sudo: the engine works; the messages are found with the rights of who asked
        job_sudo = self.with_env(self.env(user=user, su=True, context={}))
        job_sudo.with_delay(
            identity_key=f"interop.replay.{self.id}.{self.cursor_id}",
            eta=clock.now() + timedelta(seconds=seconds) if seconds else None,
            description="Replay integration messages",
        )._run_batch()

    def _run_batch(self):
        """Handle the next batch and queue the one after it (queue_job)."""
        self.ensure_one()
        if not self.try_lock_for_update() or self.state != "running":
            return  # another worker is at it, or it was paused meanwhile
        try:
            with self.env.cr.savepoint():
                problem = self._problem()
                if problem:
                    self._set_paused(problem)
                    return
                more, seconds = self._handle_batch()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # queue_job runs the whole batch again
        except Exception as error:  # noqa: BLE001 (handlers are anybody's code)
            # Trying the same again every minute would help nobody. Only the type is
            # told: the text may hold content.
            kind = type(error).__name__
            _logger.error("replay %s failed: %s", self.id, kind)
            self.env.invalidate_all(flush=False)
            self._set_paused(self.env._("A batch failed (%s).", kind))
            return
        if more:
            self._enqueue(seconds)
            return
        self._set_done()
        self._log(
            self,
            "closed" if self.operation == "close" else "replayed",
            self.env._(
                "finished: %(moved)s handled, %(skipped)s skipped",
                moved=self.moved_count,
                skipped=self.skipped_count,
            ),
        )

    def _problem(self):
        """Return why it must not go on, in words, or ``""``."""
        user = self.requested_by_id
        allowed = user.active and user.has_group("interop_base.interop_base_group_user")
        if not allowed and not user._is_superuser():
            return self.env._("%s may not do this any more.", user.name)
        return "\n".join(self.env["interop.guard"]._problems())

    def _handle_batch(self):
        """Handle one batch; returns ``(whether more is left, seconds until then)``."""
        closing = self.operation == "close"
        paced = self.per_second and not closing
        size = min(BATCH, self.per_second * WINDOW) if paced else BATCH
        fates = self._fates(size)
        ids = [message_id for found in fates.values() for message_id in found]
        moved, skipped = self._apply_fates(
            fates, 1.0 / self.per_second if paced else 0.0
        )
        if ids:
            self._transition(
                {
                    "cursor_id": max(ids),
                    "moved_count": self.moved_count + moved,
                    "skipped_count": self.skipped_count
                    + sum(map(len, skipped.values())),
                    "skipped": self._add_skipped(skipped),
                }
            )
        return len(ids) == size, len(ids) / self.per_second if paced else 0

    def _fates(self, size):
        """Return ``{fate: message ids}`` of the next ``size`` messages."""
        domain = self._domain() & Domain(
            [("id", ">", self.cursor_id), ("id", "<=", self.upto_id)]
        )
        query = self._matching()._search(domain, order="id", limit=size)
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL(
                    _FATES,
                    batch=query.select(),
                    closing=self.operation == "close",
                    rebuilding=self.operation == "rebuild",
                    capturing=list(const.CAPTURING_STATES),
                )
            )
        )

    def _apply_fates(self, fates, pause):
        """Move the messages; returns ``(number moved, {reason: ids skipped})``."""
        messages = self.env["interop.message"]
        skipped = {name: fates[name] for name in ("unused", "purged") if name in fates}
        moved = 0
        if "close" in fates:
            moved += len(messages._set_cancelled_many(fates["close"], self.reason))
        if "send" in fates:
            sent, refused = messages._set_pending_many(fates["send"], pause)
            moved += len(sent)
            self._merge_refused(skipped, refused)
        if "rebuild" in fates:
            rebuilt, refused = messages.browse(fates["rebuild"])._set_rebuilt_many()
            moved += len(rebuilt)
            self._merge_refused(skipped, refused)
        return moved, skipped

    @api.model
    def _merge_refused(self, skipped, refused):
        for reason, ids in refused.items():
            if ids:
                skipped[reason] = [*skipped.get(reason, ()), *ids]

    def _add_skipped(self, skipped):
        """Return the count and one example per reason, earlier ones included."""
        whole = dict(self.skipped or {})
        for reason, ids in skipped.items():
            known = whole.get(reason, {"count": 0})
            example = self.env["interop.message"].browse(ids[0]).external_id
            whole[reason] = {
                "count": known["count"] + len(ids),
                "example": known.get("example") or example,
            }
        return whole

    # === AFTER A CRASH === #

    @api.model
    def _cron_continue(self):
        """Queue running replays whose job was lost; a job that waits is not doubled."""
        lost = clock.database_now(self.env.cr) - timedelta(seconds=LOST_AFTER)
        for replay in self.search(
            [("state", "=", "running"), ("write_date", "<", lost)]
        ):
            replay._enqueue()

    # === MANY FAILED MESSAGES AT ONCE === #

    @api.model
    @api.private
    def _start_for(self, operation, company, scope, reason):
        """Start handling failed messages at once, under the rights of the user.

        :param str operation: ``send`` or ``close``
        :param company: their facility, may be empty
        :param list scope: dicts of message fields and values; one of them has to match
        :param str reason: why, for people
        :returns: the replay
        """
        # sudo: who may act was checked; users make no other replays than these
        replay_sudo = self.sudo().create(
            {
                "reason": reason,
                "operation": operation,
                "company_id": company.id,
                "message_states": "failed",
            }
        )
        replay_sudo._transition({"scope": scope})
        replay_sudo._go_on(self.env._("started"))
        return replay_sudo.sudo(False)

    def _action_show(self):
        """Return the action that shows these replays and their progress."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "interop_base.interop_replay_action"
        )
        action.update(context={}, path=False)
        if len(self) == 1:
            return {**action, "res_id": self.id, "views": [(False, "form")]}
        return {**action, "domain": [("id", "in", self.ids)]}
