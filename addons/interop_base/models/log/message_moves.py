"""Transitions of messages. Nothing else writes their state."""

import logging

from odoo import api, models

from ... import clock, const, db
from ...tools import outcome as outcome_tools

_logger = logging.getLogger(__name__)

RECLAIM_BATCH = 1000  # expired leases that one statement takes back

_CLEARED = {
    "error_class": False,
    "error_kind": False,
    "error_code": False,
    "error_message": False,
    "error_pointer": False,
    "cause": False,
    "owner_user_id": False,
    "owner_team_id": False,
}
_NO_LEASE = {"lease_token": False, "lease_until": False}


class InteropMessage(models.Model):
    """pending → processing → done | dead | parked | skipped | cancelled."""

    _inherit = "interop.message"

    def _set_state(self, state, allowed, **vals):
        repeated = self.filtered(lambda message: message.state == state)
        if repeated:
            _logger.info("messages %s are %s already", repeated.ids, state)
        return super()._set_state(state, allowed, **vals)

    def _set_done(self, record=None, answer_status=None, answer_body=None):
        """The message had its effect, or the receiver confirmed it."""
        vals = {
            **_CLEARED,
            **_NO_LEASE,
            "done_at": clock.now(),
            "next_attempt_at": False,
        }
        if record:
            vals.update(res_model=record._name, res_id=record.id)
        if answer_status:
            vals.update(answer_status=answer_status, answer_body=answer_body)
        return self._set_state("done", ("pending", "processing"), **vals)

    def _failure_values(self, error_class, code, text):
        self.ensure_one()
        user, team = self.interface_id._exception_owner(error_class)
        return {
            **_NO_LEASE,
            "error_class": error_class,
            "error_kind": outcome_tools.ERROR_CLASSES[error_class],
            "error_code": code,
            "error_message": text,
            "cause": outcome_tools.cause_fingerprint(
                error_class, code, self.interface_id.id, text or ""
            ),
            "owner_user_id": user.id,
            "owner_team_id": team.id,
        }

    def _set_dead(self, error_class, code, text, **vals):
        """Failed for good, or refused by whoever decided; belongs to its owner until
        somebody acts."""
        for message in self:
            message._set_state(
                "dead",
                ("pending", "processing", "parked"),
                **message._failure_values(error_class, code, text),
                next_attempt_at=False,
                **vals,
            )
        return self

    def _set_parked(self, error_class, code, text, **vals):
        """Waits for a person's decision."""
        for message in self:
            message._set_state(
                "parked",
                ("pending", "processing"),
                **message._failure_values(error_class, code, text),
                next_attempt_at=False,
                **vals,
            )
        return self

    def _set_skipped(self, reason, **vals):
        """Nothing was to be done, on purpose."""
        return self._set_state(
            "skipped",
            ("pending", "processing"),
            **{**_CLEARED, **_NO_LEASE, "error_message": reason, **vals},
            done_at=clock.now(),
            next_attempt_at=False,
        )

    def _set_cancelled(self, reason):
        """Given up by a person; the reason stays. What it held back goes on at once."""
        moved = self._set_state(
            "cancelled",
            ("pending", "dead", "parked"),
            error_message=reason,
            done_at=clock.now(),
            next_attempt_at=False,
        )
        if moved:
            self.env["interop.pump"]._arm_after_commit()
        return moved

    def _set_pending(self, old_content=False):
        """Try again from the start of the schedule: same message, same bytes.

        What a newer message about the same record replaced is skipped, and what such a
        message will replace in a moment stays as it is.

        :param bool old_content: a person asked to send it all the same
        """
        again, allowed = self, ("dead", "parked")
        if old_content:
            allowed += ("skipped",)
        else:
            again -= self.browse(self._set_old_aside(self.ids))
        moved = again._set_state(
            "pending",
            allowed,
            **_CLEARED,
            **_NO_LEASE,
            next_attempt_at=clock.database_now(self.env.cr),
            attempt_count=0,
            try_count=0,
        )
        for message in moved.filtered(lambda item: item.lane != item._own_lane()):
            message._transition({"lane": message._own_lane()})
        if moved:
            self.env["interop.pump"]._arm_after_commit()
        return moved

    def _own_lane(self):
        """Return the lane that this message takes its turn in."""
        self.ensure_one()
        return self.lane.removeprefix(const.LEFT_LANE)

    # === RESULTS OF THE PUMP === #

    @api.model
    @api.private
    def _set_results(self, results):
        """Record results in batches, only where the lease is still the worker's own.

        A worker whose lease was taken writes nothing: neither result nor attempt.

        :param results: list of ``engine_types.Result``
        :returns: ids of the messages that were updated
        """
        if not results:
            return []
        messages = self.browse([result.message_id for result in results])
        rows = [
            self._result_row(message, result)
            for message, result in zip(messages, results, strict=True)
        ]
        updated = self._fenced_update(rows)
        self.invalidate_model(flush=False)
        self.env["interop.attempt"]._record(
            [
                # The timeline says what became of it: a spent budget is no retry.
                result._replace(outcome="dead")
                if result.outcome == "retry" and row[2] == "dead"
                else result
                for result, row in zip(results, rows, strict=True)
                if result.message_id in updated
            ],
            {message_id for message_id, first in updated.items() if first},
        )
        return list(updated)

    def _result_row(self, message, result):
        """Return the column values of one result; the budget decides retry or dead."""
        delay, state = None, {"done": "done"}.get(result.outcome, "dead")
        if result.outcome in ("retry", "deferred"):
            state, delay = self._retry_delay(message, result)
        failed = state == "dead"
        failure = (
            message._failure_values(
                result.error_class or "internal",
                result.error_code or "",
                result.error_message or "",
            )
            if result.outcome in ("retry", "dead")
            else {}
        )
        return (
            result.message_id,
            result.lease_token,
            state,
            delay,
            0 if result.outcome == "deferred" else 1,
            result.http_status,
            *(
                failure.get(name) or None
                for name in (
                    "error_class",
                    "error_kind",
                    "error_code",
                    "error_message",
                    "cause",
                )
            ),
            (failure.get("owner_user_id") or None) if failed else None,
            (failure.get("owner_team_id") or None) if failed else None,
        )

    def _retry_delay(self, message, result):
        """Return ``(state, seconds)``: pending again, or dead when the budget is spent."""
        if result.outcome == "deferred":
            return "pending", result.retry_after or 1
        if message.test and result.outcome == "retry":
            return "dead", None  # tried once: somebody is waiting for its result
        policy = message.interface_id.retry_policy_id
        delay = self._policy_delay(policy, message, result) if policy else None
        if delay is None:
            return "dead", None
        longest = min(result.retry_after or 0, policy.max_retry_after)
        return "pending", max(delay, longest)

    def _policy_delay(self, policy, message, result):
        """Return the seconds that the policy waits before the next try, or ``None``."""
        refused = result.http_status in outcome_tools.AUTH_REFUSALS
        if not refused or policy.retry_other_4xx:
            return policy._next_delay(message.attempt_count + 1)
        # In a row: a message that an outage delayed is refused for the first time, too.
        self.env.cr.execute(
            """SELECT count(*) FROM interop_attempt
                WHERE message_id = %(id)s AND id > COALESCE((
                      SELECT max(id) FROM interop_attempt
                       WHERE message_id = %(id)s
                         AND COALESCE(http_status, 0) <> ALL(%(refusals)s)), 0)""",
            {"id": message.id, "refusals": list(outcome_tools.AUTH_REFUSALS)},
        )
        # Tries from before a person retried it do not count.
        before = min(self.env.cr.fetchone()[0], message.attempt_count)
        return policy._next_auth_delay(before + 1)

    def _fenced_update(self, rows):
        """Write result rows where the lease token matches.

        :returns: ``{id: whether it was tried for the first time}`` of those written
        """
        moved = db.fetch(
            self.env.cr,
            """UPDATE interop_message m
                  SET state = v.state, lease_token = NULL, lease_until = NULL,
                      attempt_count = m.attempt_count + v.spent,
                      -- Whoever comes back with a result has not died with its worker.
                      try_count = CASE WHEN v.spent = 0 THEN m.try_count - 1
                                       WHEN v.state = 'pending' THEN m.attempt_count + 1
                                       ELSE m.try_count END,
                      first_attempt_at = COALESCE(
                          m.first_attempt_at, CASE WHEN v.spent > 0 THEN v.at END),
                      done_at = CASE WHEN v.state = 'done' THEN v.at END,
                      next_attempt_at = CASE WHEN v.state = 'pending' THEN
                          v.at + make_interval(secs => v.delay) END,
                      answer_status = COALESCE(v.http_status, m.answer_status),
                      -- A deferral says nothing new: what failed before stays visible.
                      error_class = CASE WHEN v.spent = 0 THEN m.error_class
                                         ELSE v.error_class END,
                      error_kind = CASE WHEN v.spent = 0 THEN m.error_kind
                                        ELSE v.error_kind END,
                      error_code = CASE WHEN v.spent = 0 THEN m.error_code
                                        ELSE v.error_code END,
                      error_message = CASE WHEN v.spent = 0 THEN m.error_message
                                           ELSE v.error_message END,
                      cause = CASE WHEN v.spent = 0 THEN m.cause ELSE v.cause END,
                      owner_user_id = v.owner_user_id, owner_team_id = v.owner_team_id,
                      write_date = v.at
                 FROM (SELECT raw.*, clock_timestamp() AT TIME ZONE 'UTC' AS at
                         FROM unnest(%s::int[], %s::text[], %s::text[], %s::float8[],
                                     %s::int[], %s::int[], %s::text[], %s::text[],
                                     %s::text[], %s::text[], %s::text[], %s::int[],
                                     %s::int[])
                           AS raw(id, token, state, delay, spent, http_status,
                                  error_class, error_kind, error_code, error_message,
                                  cause, owner_user_id, owner_team_id)) v
                WHERE m.id = v.id AND m.lease_token = v.token
                  AND m.state = 'processing'
            RETURNING m.id, m.attempt_count = 1 AND m.first_attempt_at = v.at""",
            [list(column) for column in zip(*rows, strict=True)],
        )
        return dict(moved)

    @api.model
    @api.private
    def _set_reclaimed(self):
        """Take back expired leases: pending again, dead after the third dead worker.

        :returns: number of messages taken back
        """
        self.flush_model()
        self.env.cr.execute(
            """UPDATE interop_message
                  SET state = 'pending', lease_token = NULL, lease_until = NULL,
                      -- One moment for all of them: they go on in the order of their ids.
                      next_attempt_at = (SELECT clock_timestamp() AT TIME ZONE 'UTC')
                WHERE id = ANY(ARRAY(
                      SELECT id FROM interop_message
                       WHERE state = 'processing'
                         AND lease_until < clock_timestamp() AT TIME ZONE 'UTC'
                       ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
            RETURNING id, try_count - attempt_count""",
            [RECLAIM_BATCH],
        )
        rows = self.env.cr.fetchall()
        self.invalidate_model(flush=False)
        poisoned = [mid for mid, crashes in rows if crashes >= const.MAX_CRASHES]
        self.browse(poisoned)._set_dead(
            "internal",
            "worker_died",
            self.env._(
                "The server process that worked on this message died %s times. The message "
                "is kept and not tried again by itself.",
                const.MAX_CRASHES,
            ),
        )
        # Written now: what follows reads and writes by SQL and drops the cache.
        self.flush_model()
        return len(rows)
