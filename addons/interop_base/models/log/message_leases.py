"""Leases: claim due messages, record results, take back expired leases."""

import secrets

from psycopg2.extras import Json

from odoo.tools import SQL

from ...tools import claim_policy
from ...tools import outcome as outcome_tools
from ..engine.engine_types import Claim
from . import message_moves as moves
from . import queue_statements as statements

RECLAIM_BATCH = 1000  # messages that one statement takes back

_CLAIM = SQL(
    "m.id, q.lease_token, m.interface_id, m.company_id, q.lane, m.external_id,"
    " q.try_count, q.attempt_count, m.payload_id, q.ordering_key, m.direction"
)

# One row per result. A worker without the lease changes no row.
_RESULTS = """
SELECT raw.*, clock_timestamp() AT TIME ZONE 'UTC' AS at
  FROM unnest((SELECT %s::int[]), (SELECT %s::text[]), (SELECT %s::text[]),
              (SELECT %s::float8[]), (SELECT %s::int[]), (SELECT %s::int[]),
              (SELECT %s::text[]), (SELECT %s::text[]), (SELECT %s::text[]),
              (SELECT %s::text[]), (SELECT %s::text[]), (SELECT %s::int[]),
              (SELECT %s::int[]))
    AS raw(id, token, state, delay, spent, http_status, error_class, error_kind,
           error_code, error_message, cause, owner_user_id, owner_team_id)
"""
_FAILURE = ("error_class", "error_kind", "error_code", "error_message", "cause")


def _widths(lanes):
    """Return the parameters that name lanes and how much of each may be claimed."""
    return {"lanes": list(lanes), "caps": [lane.cap for lane in lanes.values()]}


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
            "share": claim_policy.RETRY_SHARE,
            "together": claim_policy.SUSPECTS_TOGETHER,
        }
        token, rows = secrets.token_hex(8), []
        if crashed:
            rows = self._lease(statements.CRASHED, parameters, token, seconds)
        if not rows:
            rows = self._lease_due(lanes, parameters, token, seconds)
        if rows:
            self._note_lease(token, seconds, [row[0] for row in rows])
        return sorted(map(Claim._make, rows), key=lambda claim: claim.message_id)

    def _lease_due(self, lanes, parameters, token, seconds):
        """Claim what no worker died with; return the columns of the claims."""
        strict = {
            name: lane for name, lane in lanes.items() if lane.ordering == "strict"
        }
        loose = {name: lane for name, lane in lanes.items() if name not in strict}
        if any(lane.ordering == "key" for lane in loose.values()):
            self.env["interop.queue"]._promote()
        rows = []
        for query, own in ((statements.DUE, loose), (statements.RUNS, strict)):
            if own:
                widths = parameters | _widths(own)
                rows += self._lease(query, widths, token, seconds)
        return rows

    def _lease(self, query, parameters, token, seconds):
        until = SQL("%s + make_interval(secs => %s)", moves.NOW, seconds)
        return self.messages._move(
            moves.CLAIMED,
            {"lease_token": token, "lease_until": until},
            source=SQL(query, **parameters),
            returning=_CLAIM,
        )

    def _note_lease(self, token, seconds, ids):
        """Note what a claim took, so that it is found when its worker dies."""
        self.env.cr.execute(
            """INSERT INTO interop_queue_lease (token, until, claimed)
               VALUES (%s, clock_timestamp() AT TIME ZONE 'UTC'
                           + make_interval(secs => %s), %s)""",
            [token, seconds, Json(ids)],
        )

    def release(self, tokens):
        """Forget those of these leases of which every message has a result."""
        if tokens:
            self.env.cr.execute(SQL(statements.RELEASE, tokens=list(tokens)))

    def _eligible(self, lanes, interface_ids):
        # The engine moves messages of every facility that is not stopped.
        return {
            **_widths(lanes),
            "interfaces": list(interface_ids),
            "stopped": self.env["interop.guard"]._stopped_companies().ids,
        }

    def next_claimable(self, lanes, interface_ids):
        """Return when the next message can be claimed (naive UTC), or ``None``.

        Messages that a stopped facility or an open predecessor holds back do not count,
        because the pump could not claim them. See ``claim`` for the parameters.
        """
        if not lanes or not interface_ids:
            return None
        parameters = self._eligible(lanes, interface_ids)
        parameters["keyed"] = [n for n, lane in lanes.items() if lane.ordering == "key"]
        self.env.cr.execute(SQL(statements.NEXT, **parameters))
        return self.env.cr.fetchone()[0]

    def reclaim(self):
        """Set messages with an expired lease to pending, or dead after three dead workers.

        :returns: number of messages taken back
        """
        rows = self.messages._move(
            moves.RECLAIMED,
            source=SQL(statements.EXPIRED, limit=RECLAIM_BATCH),
            returning=SQL("m.id, q.dead_workers"),
        )
        self.env.cr.execute(statements.FORGET)
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
            """SELECT 1 FROM interop_queue
                WHERE id = %s AND lease_token = %s FOR UPDATE""",
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
        updated = self._write(
            moves.DELIVERED, [row for row in rows if row[2] == "done"]
        )
        updated |= self._write(moves.RESULT, [row for row in rows if row[2] != "done"])
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

    def _write(self, move, rows):
        """Move messages where the lease is still the worker's own.

        :returns: ``{message id: whether this was the first attempt}``
        """
        if not rows:
            return {}
        return dict(
            self.messages._move(
                move,
                source=SQL(_RESULTS, *map(list, zip(*rows, strict=True))),
                fence=SQL("q.lease_token = v.token"),
                returning=SQL(
                    "m.id, m.attempt_count = 1 AND m.first_attempt_at = v.at"
                ),
            )
        )

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
            return "pending", 1 if result.retry_after is None else result.retry_after
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
