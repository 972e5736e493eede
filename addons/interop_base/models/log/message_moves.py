"""The moves of messages between states: allowed states, target state, columns.

Only ``interop.message._move`` writes states, with one statement for any number of
messages. In SQL, ``m`` is the message, ``q`` its row of the queue and ``v`` its row of the
source. Columns of the queue see all three, columns of the message ``m`` and ``v``.
"""

from typing import NamedTuple

from odoo.tools import SQL

from ... import const
from ...tools import outcome as outcome_tools
from . import queue_statements


class Move(NamedTuple):
    """One kind of transition.

    ``state`` is the target, or SQL of the row. A message in any other state than the
    ``allowed`` ones stays as it is. ``columns`` are written with the state: values as
    for ``write``, or SQL; ``None`` for a move that only the queue sees. ``queue`` are the
    columns of the queue, for moves to a state that is open. ``wakes``: the pump is armed,
    because this message is due or no longer holds others back.
    """

    state: str | SQL
    allowed: tuple
    columns: dict | None
    queue: dict = {}
    wakes: bool = False

    @property
    def ends(self):
        """Whether a message leaves the queue with this move."""
        return self.state in const.CLOSED_STATES


NOW = SQL("clock_timestamp() AT TIME ZONE 'UTC'")
FAILURE = (
    "error_class",
    "error_kind",
    "error_code",
    "error_message",
    "error_pointer",
    "cause",
    "owner_user_id",
    "owner_team_id",
)
# What the queue knows of a failure, and where a message is claimed from.
MIRRORED = ("error_class", "error_kind", "cause", "owner_user_id", "owner_team_id")
MIRRORED += ("lane",)
_NULL = SQL("NULL")
# By default a move clears the lease, the end and the time of the next attempt.
_PLAIN = {"done_at": False, "is_withdrawn": _NULL}
_QUEUED = {"lease_token": False, "lease_until": False, "next_attempt_at": False}
_ENDED = {"done_at": NOW}
_CLEARED = dict.fromkeys(FAILURE, False)
_QUEUE_CLEARED = {name: False for name in FAILURE if name in MIRRORED}
_OWN_LANE = SQL("regexp_replace(m.lane, %s, '')", f"^{const.LEFT_LANE}")
# For content that can never be applied, or that the receiver refused after delivery. The
# message no longer holds others back.
OUT_OF_TURN = {"lane": SQL("%s || %s", const.LEFT_LANE, _OWN_LANE)}

# === ENDS === #

DONE = Move("done", ("pending", "processing"), {**_ENDED, **_CLEARED})
SKIPPED = Move(
    "skipped",
    ("pending", "processing"),
    {**_ENDED, **_CLEARED, "is_withdrawn": True},
)
CANCELLED = Move(
    "cancelled",
    ("pending", "dead", "parked"),
    {**_ENDED, "is_withdrawn": True},
    wakes=True,
)
# Messages of a set that are no longer failed stay as they are.
CLOSED = CANCELLED._replace(allowed=const.FAILED_STATES)
# A newer message about the same record replaces it. The messages that it held back
# continue. Its failure and owner stay, only the text changes.
SUPERSEDED = CLOSED._replace(state="skipped")

# === FAILURES === #

DEAD = Move(
    "dead",
    ("pending", "processing", "parked"),
    {**_CLEARED, **_PLAIN},
    {**_QUEUED, **_QUEUE_CLEARED, "failed_at": NOW},
)
PARKED = DEAD._replace(state="parked", allowed=("pending", "processing"))

# === RETRIES === #

# From the start of the schedule.
RETRIED = Move(
    "pending",
    const.FAILED_STATES,
    {**_PLAIN, **_CLEARED, "attempt_count": 0, "lane": _OWN_LANE},
    {
        **_QUEUED,
        **_QUEUE_CLEARED,
        "failed_at": False,
        "next_attempt_at": NOW,
        "attempt_count": 0,
        "try_count": 0,
        "dead_workers": 0,
        "lane": _OWN_LANE,
    },
    wakes=True,
)
# A user asked to send older content although newer content was sent.
RETRIED_OLD = RETRIED._replace(allowed=(*const.FAILED_STATES, "skipped"))
# They count as retries, so that new messages keep their share of the lane.
REPLAYED = RETRIED._replace(
    allowed=("done", *const.FAILED_STATES),
    columns={**RETRIED.columns, "attempt_count": 1},
    queue={
        **RETRIED.queue,
        "attempt_count": 1,
        "try_count": 1,
        "next_attempt_at": SQL("v.due_at"),
    },
)

# === AFTER DELIVERY === #

# The receiver accepted it, although the attempt may have looked failed.
CONFIRMED = DONE._replace(allowed=("pending", "dead", "parked"))
# The receiver refuses a delivered message, possibly again. It was delivered in order, so
# no message waits for it until a user sends it again.
REJECTED = DEAD._replace(
    allowed=("pending", "done", "dead", "parked"),
    columns={**DEAD.columns, **OUT_OF_TURN},
    queue={**DEAD.queue, **OUT_OF_TURN},
    wakes=True,
)

# === THE PUMP === #

# The log row stays as it is: a message in progress is a waiting one with a lease.
CLAIMED = Move("processing", ("pending",), None, {"try_count": SQL("q.try_count + 1")})
RECLAIMED = Move(
    "pending",
    ("processing",),
    None,
    {
        "lease_token": False,
        "lease_until": False,
        "next_attempt_at": NOW,
        "dead_workers": SQL("q.try_count - q.attempt_count"),
    },
)


def _unless_deferred(name, alias):
    """Return the SQL that keeps the earlier failure after a deferral."""
    value = SQL("NULL") if name == "error_pointer" else SQL.identifier("v", name)
    own = SQL.identifier(alias, name)
    return SQL("CASE WHEN v.spent = 0 THEN %s ELSE %s END", own, value)


_TRIED = {
    "attempt_count": SQL("m.attempt_count + v.spent"),
    "first_attempt_at": SQL(
        "COALESCE(m.first_attempt_at, CASE WHEN v.spent > 0 THEN v.at END)"
    ),
    "answer_status": SQL("COALESCE(v.http_status, m.answer_status)"),
}
DELIVERED = Move(
    "done", ("processing",), {**_CLEARED, **_TRIED, "done_at": SQL("v.at")}
)
RESULT = Move(
    SQL("v.state"),
    ("processing",),
    {
        **_PLAIN,
        **_TRIED,
        **{name: _unless_deferred(name, "m") for name in FAILURE},
        "owner_user_id": SQL("v.owner_user_id"),
        "owner_team_id": SQL("v.owner_team_id"),
    },
    {
        **_QUEUED,
        **{name: _unless_deferred(name, "q") for name in FAILURE if name in MIRRORED},
        "owner_user_id": SQL("v.owner_user_id"),
        "owner_team_id": SQL("v.owner_team_id"),
        "next_attempt_at": SQL(
            "CASE WHEN v.state = 'pending' THEN v.at + make_interval(secs => v.delay) END"
        ),
        "failed_at": SQL("CASE WHEN v.state = 'dead' THEN v.at END"),
        "attempt_count": SQL("q.attempt_count + v.spent"),
        # A worker that returns a result has not died.
        "try_count": SQL(
            "CASE WHEN v.spent = 0 THEN q.try_count - 1"
            " WHEN v.state = 'pending' THEN q.attempt_count + 1 ELSE q.try_count END"
        ),
        "dead_workers": SQL("CASE WHEN v.spent = 0 THEN q.dead_workers ELSE 0 END"),
    },
)


def failure(interface, error_class, code, text):
    """Return the columns of a failure, with its owner and the fingerprint of its cause."""
    user, team = interface._exception_owner(error_class)
    return {
        "error_class": error_class,
        "error_kind": outcome_tools.ERROR_CLASSES[error_class],
        "error_code": code,
        "error_message": text,
        "cause": outcome_tools.cause_fingerprint(
            error_class, code, interface.id, text or ""
        ),
        "owner_user_id": user.id or None,
        "owner_team_id": team.id or None,
    }


def assignments(model, columns):
    """Return the SQL that writes columns of a model.

    :param model: recordset of the model
    :param dict columns: values as for ``write``, or SQL
    """
    fields = model._fields
    return SQL(", ").join(
        SQL(
            "%s = %s",
            SQL.identifier(name),
            value
            if isinstance(value, SQL)
            else fields[name].convert_to_column(value, model),
        )
        for name, value in columns.items()
    )


def stamps(env):
    """Return the columns that each move of a message writes: who made it and when, and
    what the queue counted until now."""
    tries = SQL("COALESCE(v.queue_tries, m.try_count)")
    return {"try_count": tries, "write_date": NOW, "write_uid": env.uid}


# === THE QUEUE === #

# ``OFFSET 0`` and ``ANY(ARRAY(…))`` make PostgreSQL look up each row by its id, see
# ``queue_statements``.

_ALLOWED = """
     WHERE q.id = v.id AND q.id = ANY(ARRAY(SELECT id FROM v))
       AND %(state)s = ANY(%(allowed)s) AND %(fence)s
 RETURNING v.*, q.lane AS queue_lane, q.ordering_key AS queue_key,
           q.try_count AS queue_tries"""
_LEAVE = f"""
gone AS (
    DELETE FROM interop_queue q USING v {_ALLOWED}),
freed AS (
    INSERT INTO interop_queue_key (lane, ordering_key)
    SELECT DISTINCT queue_lane, queue_key FROM gone WHERE queue_key > ''),
moved AS (SELECT gone.*, true AS queued FROM gone %(outside)s)"""
_STAY = f"""
stayed AS (
    UPDATE interop_queue q SET state = %(target)s, %(columns)s
      FROM v CROSS JOIN LATERAL (
           SELECT * FROM interop_message m WHERE m.id = v.id OFFSET 0) m {_ALLOWED}),
freed AS (
    INSERT INTO interop_queue_key (lane, ordering_key)
    SELECT DISTINCT regexp_replace(queue_lane, %(left)s, ''), queue_key
      FROM stayed WHERE queue_key > '' AND %(changes_lane)s),
moved AS (SELECT stayed.*, true AS queued FROM stayed %(outside)s)"""
# Messages that are not in the queue: finished ones, and one that is just coming in.
_OUTSIDE = """
    UNION ALL
   SELECT v.*, NULL, NULL, NULL, false FROM v
    WHERE v.id <> ALL(ARRAY(SELECT q.id FROM interop_queue q
                             WHERE q.id = ANY(ARRAY(SELECT id FROM v))))"""


def through_queue(queue, move, values, fence):
    """Return the part of a statement that moves rows of the queue: ``moved``, which are
    the rows of ``v`` that may move. ``queued`` tells which of them are in the queue.

    :param queue: recordset of ``interop.queue``
    :param Move move: one that changes messages
    :param dict values: more columns of the message
    :param SQL fence: condition on ``q`` and ``v``; with one, only the queue is asked
    """
    columns = {**move.queue, **{n: v for n, v in values.items() if n in MIRRORED}}
    changes_lane = "lane" in columns
    if changes_lane:  # what comes back to its lane is looked at by the next claim
        columns["is_first"] = SQL("q.ordering_key IS NULL")
    return SQL(
        _LEAVE if move.ends else _STAY,
        state=SQL(queue_statements.STATE),
        allowed=list(move.allowed),
        fence=fence or SQL("TRUE"),
        outside=SQL() if fence else SQL(_OUTSIDE),
        **{}
        if move.ends
        else {
            "target": move.state,
            "columns": assignments(queue, columns),
            "left": f"^{const.LEFT_LANE}",
            "changes_lane": changes_lane,
        },
    )


def in_queue(queue, move, values, source, returning):
    """Return the statement of a move that only the queue sees.

    Its ``source`` has locked the rows. The claim sets columns that no index names, so that
    PostgreSQL writes the new row into the same page. ``OFFSET 0`` keeps the look-up of each
    message in the primary key: joined, stale statistics let the planner read the whole log.
    """
    return SQL(
        """WITH q AS (
               UPDATE interop_queue q SET %s
                WHERE q.id = ANY(ARRAY(SELECT id FROM (%s) v)) AND %s = ANY(%s)
            RETURNING q.*)
           SELECT q.id, %s, true, NULL, %s
             FROM q CROSS JOIN LATERAL (
                  SELECT * FROM interop_message m WHERE m.id = q.id OFFSET 0) m""",
        assignments(queue, {**move.queue, **values}),
        source,
        SQL(queue_statements.STATE),
        list(move.allowed),
        move.state,
        returning,
    )
