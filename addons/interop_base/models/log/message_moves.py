"""The moves of messages between states: allowed states, target state, columns.

Only ``interop.message._move`` writes states, with one statement for any number of
messages. In SQL, ``m`` is the message and ``v`` its row of the source.
"""

from typing import NamedTuple

from odoo.tools import SQL

from ... import const
from ...tools import outcome as outcome_tools


class Move(NamedTuple):
    """One kind of transition.

    ``state`` is the target, or SQL of the row. A message in any other state than the
    ``allowed`` ones stays as it is. ``columns`` are written with the state: values as
    for ``write``, or SQL. ``wakes``: the pump is armed, because this message is due or
    no longer holds others back.
    """

    state: str | SQL
    allowed: tuple
    columns: dict
    wakes: bool = False


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
# By default a move clears the lease, the end and the time of the next attempt.
_PLAIN = {
    "lease_token": False,
    "lease_until": False,
    "next_attempt_at": False,
    "done_at": False,
}
_ENDED = {**_PLAIN, "done_at": NOW}
_CLEARED = dict.fromkeys(FAILURE, False)
_OWN_LANE = SQL("regexp_replace(m.lane, %s, '')", f"^{const.LEFT_LANE}")
# For content that can never be applied, or that the receiver refused after delivery. The
# message no longer holds others back.
OUT_OF_TURN = {"lane": SQL("%s || %s", const.LEFT_LANE, _OWN_LANE)}

# === ENDS === #

DONE = Move("done", ("pending", "processing"), {**_ENDED, **_CLEARED})
SKIPPED = Move("skipped", ("pending", "processing"), {**_ENDED, **_CLEARED})
CANCELLED = Move("cancelled", ("pending", "dead", "parked"), _ENDED, wakes=True)
# Messages of a set that are no longer failed stay as they are.
CLOSED = CANCELLED._replace(allowed=const.FAILED_STATES)
# A newer message about the same record replaces it. The messages that it held back
# continue. Its failure and owner stay, only the text changes.
SUPERSEDED = CLOSED._replace(state="skipped")

# === FAILURES === #

DEAD = Move("dead", ("pending", "processing", "parked"), {**_CLEARED, **_PLAIN})
PARKED = DEAD._replace(state="parked", allowed=("pending", "processing"))

# === RETRIES === #

# From the start of the schedule.
RETRIED = Move(
    "pending",
    const.FAILED_STATES,
    {
        **_PLAIN,
        **_CLEARED,
        "next_attempt_at": NOW,
        "attempt_count": 0,
        "try_count": 0,
        "lane": _OWN_LANE,
    },
    wakes=True,
)
# A user asked to send older content although newer content was sent.
RETRIED_OLD = RETRIED._replace(allowed=(*const.FAILED_STATES, "skipped"))
# They count as retries, so that new messages keep their share of the lane.
REPLAYED = RETRIED._replace(
    allowed=("done", *const.FAILED_STATES),
    columns={
        **RETRIED.columns,
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
    wakes=True,
)

# === THE PUMP === #

CLAIMED = Move(
    "processing",
    ("pending",),
    {
        "lease_token": SQL("v.token"),
        "lease_until": SQL(
            "clock_timestamp() AT TIME ZONE 'UTC' + make_interval(secs => v.lease)"
        ),
        "try_count": SQL("m.try_count + 1"),
    },
)
RECLAIMED = Move(
    "pending", ("processing",), {**_PLAIN, "next_attempt_at": SQL("v.due_at")}
)


def _unless_deferred(name):
    """Return the SQL that keeps the earlier failure after a deferral."""
    value = SQL("NULL") if name == "error_pointer" else SQL.identifier("v", name)
    own = SQL.identifier("m", name)
    return SQL("CASE WHEN v.spent = 0 THEN %s ELSE %s END", own, value)


RESULT = Move(
    SQL("v.state"),
    ("processing",),
    {
        **_PLAIN,
        "done_at": SQL("CASE WHEN v.state = 'done' THEN v.at END"),
        "next_attempt_at": SQL(
            "CASE WHEN v.state = 'pending' THEN v.at + make_interval(secs => v.delay) END"
        ),
        "attempt_count": SQL("m.attempt_count + v.spent"),
        # A worker that returns a result has not died.
        "try_count": SQL(
            "CASE WHEN v.spent = 0 THEN m.try_count - 1"
            " WHEN v.state = 'pending' THEN m.attempt_count + 1 ELSE m.try_count END"
        ),
        "first_attempt_at": SQL(
            "COALESCE(m.first_attempt_at, CASE WHEN v.spent > 0 THEN v.at END)"
        ),
        "answer_status": SQL("COALESCE(v.http_status, m.answer_status)"),
        **{name: _unless_deferred(name) for name in FAILURE},
        "owner_user_id": SQL("v.owner_user_id"),
        "owner_team_id": SQL("v.owner_team_id"),
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


def assignments(messages, columns):
    """Return the SQL that writes columns of messages, with user and time.

    :param dict columns: values as for ``write``, or SQL
    """
    fields = messages._fields
    logged = {"write_date": NOW, "write_uid": messages.env.uid}
    return SQL(", ").join(
        SQL(
            "%s = %s",
            SQL.identifier(name),
            value
            if isinstance(value, SQL)
            else fields[name].convert_to_column(value, messages),
        )
        for name, value in {**columns, **logged}.items()
    )
