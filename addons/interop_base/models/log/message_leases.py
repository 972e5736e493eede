"""Leases: claim due messages, record results, take back expired leases."""

import uuid

from odoo.tools import SQL

from ...tools import claim_policy
from ...tools import outcome as outcome_tools
from ..engine.engine_types import Claim
from . import message_moves as moves

RECLAIM_BATCH = 1000  # expired leases that one statement takes back

# The due messages of a lane that may be claimed.
_ELIGIBLE = """m.interface_id = ANY(%(interfaces)s)
              AND (m.company_id IS NULL OR m.company_id <> ALL(%(stopped)s))
              -- In order: whatever is still open before it, failed or not, comes first.
              AND ({lanes}.ordering = 'none'
                   OR ({lanes}.ordering = 'key' AND m.ordering_key IS NULL)
                   OR NOT EXISTS (
                      SELECT 1 FROM interop_message earlier
                       WHERE earlier.lane = m.lane AND earlier.id < m.id
                         AND earlier.state IN ('pending', 'processing', 'dead', 'parked')
                         AND ({lanes}.ordering = 'strict'
                              OR earlier.ordering_key = m.ordering_key)))"""

_DUE = """
WITH lanes(lane, cap, ordering) AS (
    SELECT * FROM unnest(%(lanes)s::text[], %(caps)s::int[], %(orderings)s::text[])),
-- Retries get a quarter of a lane: enough to go on, too little to crowd out new messages.
shares(lane, ordering, first, cap) AS (
    SELECT lane, ordering, true, cap FROM lanes
     UNION ALL
    SELECT lane, ordering, false, GREATEST(1, cap / %(share)s) FROM lanes),
due AS (
    SELECT found.id, found.next_attempt_at, shares.lane, shares.cap,
           row_number() OVER (PARTITION BY shares.lane, shares.first
                              ORDER BY found.next_attempt_at, found.id) AS place
      FROM shares
     CROSS JOIN LATERAL (
           SELECT m.id, m.next_attempt_at
             FROM interop_message m
            WHERE m.state = 'pending' AND m.lane = shares.lane
              AND (m.attempt_count = 0) = shares.first
              AND m.next_attempt_at <= clock_timestamp() AT TIME ZONE 'UTC'
              AND m.try_count <= m.attempt_count
              AND {eligible}
         ORDER BY m.next_attempt_at, m.id
            LIMIT shares.cap
              FOR UPDATE SKIP LOCKED) found),
-- Both kinds together never exceed the lane: a narrow one takes what is due first, a wide
-- one mixes them in proportion to their shares.
ranked AS (
    SELECT due.id, lanes.cap,
           row_number() OVER (
               PARTITION BY due.lane
               ORDER BY CASE WHEN lanes.cap < %(share)s THEN 0
                             ELSE (due.place - 0.5) / due.cap END,
                        due.next_attempt_at, due.id) AS place
      FROM due JOIN lanes ON lanes.lane = due.lane)
SELECT id, %(token)s AS token, %(lease)s AS lease FROM ranked WHERE place <= cap
""".format(eligible=_ELIGIBLE.format(lanes="shares"))

# Messages whose worker died are claimed separately, see ``tools.claim_policy``. The message
# with the earliest due time comes first. If messages with one dead worker came first,
# repeated crashes would keep the others waiting without a limit.
# The query reads a small separate index and locks only the rows that it takes. Its cost
# does not depend on the number of due messages.
_SUSPECTS = """
WITH lanes(lane, cap, ordering) AS (
    SELECT * FROM unnest(%(lanes)s::text[], %(caps)s::int[], %(orderings)s::text[])),
due AS (
    SELECT found.id, found.crashes, found.next_attempt_at
      FROM lanes
     CROSS JOIN LATERAL (
           SELECT m.id, m.next_attempt_at, m.try_count - m.attempt_count AS crashes
             FROM interop_message m
            WHERE m.state = 'pending' AND m.lane = lanes.lane
              AND m.try_count > m.attempt_count
              AND m.next_attempt_at <= clock_timestamp() AT TIME ZONE 'UTC'
              AND {eligible}
         ORDER BY m.next_attempt_at, m.id
            LIMIT LEAST(lanes.cap, %(together)s)
              FOR UPDATE SKIP LOCKED) found),
first AS (SELECT id, crashes FROM due ORDER BY next_attempt_at, id LIMIT 1),
picked AS (
    SELECT id FROM first WHERE crashes > 1
     UNION ALL
    (SELECT due.id FROM due, first
      WHERE first.crashes = 1 AND due.crashes = 1
   ORDER BY due.next_attempt_at, due.id LIMIT %(together)s))
SELECT id, %(token)s AS token, %(lease)s AS lease FROM picked
""".format(eligible=_ELIGIBLE.format(lanes="lanes"))

_NEXT = """
WITH lanes(lane, ordering) AS (
    SELECT * FROM unnest(%(lanes)s::text[], %(orderings)s::text[])),
both_kinds(lane, ordering, first) AS (
    SELECT lane, ordering, first FROM lanes CROSS JOIN (VALUES (true), (false)) AS b(first))
SELECT min(due.at)
  FROM both_kinds
 CROSS JOIN LATERAL (
       SELECT m.next_attempt_at AS at
         FROM interop_message m
        WHERE m.state = 'pending' AND m.lane = both_kinds.lane
          AND (m.attempt_count = 0) = both_kinds.first
          AND {eligible}
     ORDER BY m.next_attempt_at
        LIMIT 1) due
""".format(eligible=_ELIGIBLE.format(lanes="both_kinds"))

_CLAIM = SQL(
    "m.id, m.lease_token, m.interface_id, m.company_id, m.lane, m.external_id,"
    " m.try_count, m.attempt_count, m.payload_id, m.ordering_key, m.direction"
)

_EXPIRED = """
SELECT id, clock_timestamp() AT TIME ZONE 'UTC' AS seen
  FROM interop_message
 WHERE state = 'processing' AND lease_until < clock_timestamp() AT TIME ZONE 'UTC'
 ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""

# One row per result. A worker without the lease changes no row.
_RESULTS = """
SELECT raw.*, clock_timestamp() AT TIME ZONE 'UTC' AS at
  FROM unnest(%s::int[], %s::text[], %s::text[], %s::float8[], %s::int[], %s::int[],
              %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[],
              %s::int[])
    AS raw(id, token, state, delay, spent, http_status, error_class, error_kind,
           error_code, error_message, cause, owner_user_id, owner_team_id)
"""
_FAILURE = ("error_class", "error_kind", "error_code", "error_message", "cause")


class MessageLeases:
    """Claim and record messages for the pump, many in one statement.

    :param env: environment of the engine; claims need a separate READ COMMITTED cursor,
        because SKIP LOCKED fails under REPEATABLE READ if two workers claim together
    """

    def __init__(self, env):
        self.env = env
        self.messages = env["interop.message"]

    # === CLAIMING === #

    def claim(self, lanes, interface_ids, seconds, crashed=True):
        """Lease due messages to this worker, per lane, in one statement.

        :param dict lanes: ``{lane: engine_types.Lane}``
        :param interface_ids: interfaces whose messages may move now
        :param int seconds: duration of the lease; longer than the longest exchange
        :param bool crashed: whether messages of dead workers may be claimed; if there are any,
            no other message is claimed
        :returns: list of ``Claim``, oldest message first
        """
        if not lanes or not interface_ids:
            return []
        parameters = {
            **self._eligible(lanes, interface_ids),
            "caps": [lane.cap for lane in lanes.values()],
            "token": str(uuid.uuid4()),
            "lease": seconds,
            "share": claim_policy.RETRY_SHARE,
            "together": claim_policy.SUSPECTS_TOGETHER,
        }
        rows = self._lease(_SUSPECTS, parameters) if crashed else []
        rows = rows or self._lease(_DUE, parameters)
        return sorted(map(Claim._make, rows), key=lambda claim: claim.message_id)

    def _lease(self, query, parameters):
        return self.messages._move(
            moves.CLAIMED, source=SQL(query, **parameters), returning=_CLAIM
        )

    def _eligible(self, lanes, interface_ids):
        # The engine moves messages of every facility that is not stopped.
        return {
            "lanes": list(lanes),
            "orderings": [lane.ordering for lane in lanes.values()],
            "interfaces": list(interface_ids),
            "stopped": self.env["interop.guard"]._stopped_companies().ids,
        }

    def next_claimable(self, lanes, interface_ids):
        """Return when the next message can be claimed (naive UTC), or ``None``.

        Messages that a stopped facility or an open predecessor holds back do not count,
        because the pump could not claim them. See ``claim`` for the parameters.
        """
        self.env.cr.execute(SQL(_NEXT, **self._eligible(lanes, interface_ids)))
        return self.env.cr.fetchone()[0]

    def reclaim(self):
        """Set messages with an expired lease to pending, or dead after three dead workers.

        :returns: number of messages taken back
        """
        # One due time for all of them keeps the order of their ids.
        expired = SQL(_EXPIRED, limit=RECLAIM_BATCH)
        rows = self.messages._move(
            moves.RECLAIMED,
            source=SQL(
                "SELECT id, max(seen) OVER () AS due_at FROM (%s) found", expired
            ),
            returning=SQL("m.id, m.try_count - m.attempt_count"),
        )
        poisoned = [mid for mid, crashes in rows if claim_policy.is_poison(crashes)]
        self.messages.browse(poisoned)._set_dead(
            "internal",
            "worker_died",
            self.env._(
                "The server process crashed %s times while it processed this message. The "
                "message is not retried automatically.",
                claim_policy.MAX_CRASHES,
            ),
        )
        return len(rows)

    def lock(self, message, token):
        """Lock a claimed message if ``token`` still holds the lease. Return whether it does."""
        self.env.cr.execute(
            """SELECT 1 FROM interop_message
                WHERE id = %s AND lease_token = %s AND state = 'processing'
                  FOR UPDATE""",
            [message.id, token],
        )
        return bool(self.env.cr.fetchone())

    # === RECORDING === #

    def record(self, results):
        """Record results in batches, only if the worker still holds the lease.

        A worker that lost its lease writes no result and no attempt.

        :param results: list of ``engine_types.Result``
        :returns: ids of the messages that were updated
        """
        if not results:
            return []
        messages = self.messages.browse([result.message_id for result in results])
        rows = [
            self._row(message, result)
            for message, result in zip(messages, results, strict=True)
        ]
        updated = dict(
            self.messages._move(
                moves.RESULT,
                source=SQL(_RESULTS, *map(list, zip(*rows, strict=True))),
                fence=SQL("m.lease_token = v.token"),
                returning=SQL(
                    "m.id, m.attempt_count = 1 AND m.first_attempt_at = v.at"
                ),
            )
        )
        self.env["interop.attempt"]._record(
            [
                # The timeline shows the final outcome: no attempts are left.
                result._replace(outcome="dead")
                if result.outcome == "retry" and row[2] == "dead"
                else result
                for result, row in zip(results, rows, strict=True)
                if result.message_id in updated
            ],
            {message_id for message_id, first in updated.items() if first},
        )
        return list(updated)

    def _row(self, message, result):
        """Return the column values of one result. The retry policy decides retry or dead."""
        delay, state = None, {"done": "done"}.get(result.outcome, "dead")
        if result.outcome in ("retry", "deferred"):
            state, delay = message._retry_delay(result)
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
            *(failure.get(name) or None for name in _FAILURE),
            failure.get("owner_user_id") if failed else None,
            failure.get("owner_team_id") if failed else None,
        )

    # === SCHEDULE === #

    def scheduled(self, message, result):
        """Return ``(state, seconds)`` as the interface's retry policy says."""
        if result.outcome == "deferred":
            return "pending", result.retry_after or 1
        if message.test:
            return "dead", None  # one attempt, because a user waits for the result
        policy = message.interface_id.retry_policy_id
        delay = self._delay(policy, message, result) if policy else None
        if delay is None:
            return "dead", None
        longest = min(result.retry_after or 0, policy.max_retry_after)
        return "pending", max(delay, longest)

    def _delay(self, policy, message, result):
        """Return the seconds that the policy waits before the next attempt, or ``None``."""
        refused = result.http_status in outcome_tools.AUTH_REFUSALS
        if not refused or policy.retry_other_4xx:
            return policy._next_delay(message.attempt_count + 1)
        # Count consecutive refusals only. Failures of an earlier outage do not count.
        self.env.cr.execute(
            """SELECT count(*) FROM interop_attempt
                WHERE message_id = %(id)s AND id > COALESCE((
                      SELECT max(id) FROM interop_attempt
                       WHERE message_id = %(id)s
                         AND COALESCE(http_status, 0) <> ALL(%(refusals)s)), 0)""",
            {"id": message.id, "refusals": list(outcome_tools.AUTH_REFUSALS)},
        )
        # Attempts before a manual retry do not count.
        before = min(self.env.cr.fetchone()[0], message.attempt_count)
        return policy._next_auth_delay(before + 1)
