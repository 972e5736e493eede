"""Find the reasons why the engine is stalled or slow, for Settings and the alarm."""

from datetime import timedelta
from typing import NamedTuple

from psycopg2.errors import QueryCanceled

from odoo import tools
from odoo.tools import SQL

from ... import clock, const, db
from ..log.message_leases import MessageLeases

STALL_SECONDS = 120  # a message that is due for longer counts as stalled
READ_SECONDS = 5  # limit of the queries here, so that they add no load
SNAPSHOT_MINUTES = 10
TOLD_HOURS = 24  # a problem is shown for this time after its last occurrence

_HOLDER = """
    SELECT a.pid, COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - a.xact_start)::int, 0)
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
       AND l.classid = 0 AND l.objid = %s
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND a.pid <> pg_backend_pid()"""
_SNAPSHOT = """
    SELECT pid, COALESCE(application_name, ''),
           EXTRACT(EPOCH FROM clock_timestamp() - xact_start)::int / 60
      FROM pg_stat_activity
     WHERE backend_xmin IS NOT NULL AND backend_type = 'client backend'
       AND datname = current_database() AND pid <> pg_backend_pid()
       AND xact_start < clock_timestamp() - make_interval(mins => %s)
  ORDER BY xact_start LIMIT 1"""


class Ages(NamedTuple):
    """Waiting time in seconds of the oldest event and of the oldest due message.

    ``None``: nothing waits. ``slow``: the query took too long, so the age is unknown.
    """

    event: int | None
    message: int | None
    slow: bool = False

    def stalled(self):
        """Return whether an event or a message has waited too long."""
        return max(self.event or 0, self.message or 0) > STALL_SECONDS


class EngineHealth:
    """Read the state of the engine; no method here writes or waits for a lock."""

    def __init__(self, env):
        # sudo: tables of the engine; the caller decides which users see the result
        self.env = env(su=True)
        self._ages = None

    def ages(self):
        """Return the ``Ages`` of waiting events and messages."""
        if self._ages is None:
            self._ages = self._read_ages()
        return self._ages

    def _read_ages(self):
        cr, pump = self.env.cr, self.env["interop.pump"]
        now, event, due = clock.database_now(cr), None, None
        self.env.flush_all()
        try:
            with db.reading(cr, READ_SECONDS):
                # Held events wait for an approval by a user, not for the engine.
                cr.execute(
                    SQL(
                        "SELECT occurred_at FROM interop_event"
                        " WHERE state <> 'held' AND %s ORDER BY id LIMIT 1",
                        self.env["interop.materializer"]._events_in_force(),
                    )
                )
                event = cr.fetchone()
                interfaces = pump._moving_interfaces()
                due = MessageLeases(self.env).next_claimable(
                    pump._due_lanes(interfaces), interfaces.ids
                )
        except QueryCanceled:
            return Ages(self._age(event and event[0], now), None, True)
        return Ages(self._age(event and event[0], now), self._age(due, now))

    def _age(self, moment, now):
        """Return whole seconds since ``moment``; ``None`` without one or in the future."""
        if not moment or moment > now:
            return None
        return int((now - moment).total_seconds())

    def summary(self):
        """Return the ages in words, for Settings."""
        ages = self.ages()
        event = self.env._("Oldest event: %s.", self._span(ages.event))
        message = self.env._("Oldest due message: %s.", self._span(ages.message))
        if ages.slow:
            message = self.env._(
                "Oldest due message: not found within %s s.", READ_SECONDS
            )
        return f"{event} {message}"

    def _span(self, seconds):
        if seconds is None:
            return self.env._("none")
        if seconds < 120:
            return self.env._("%s s", seconds)
        return self.env._("%s min", seconds // 60)

    def texts(self):
        """Return the reasons why the engine is stalled or slow, one text each."""
        return [
            *self._stall(),
            *self._holder(),
            *self._snapshot(),
            *self._timeout(),
            *self._noted(),
        ]

    def _stall(self):
        if not self.ages().stalled():
            return []
        return [
            self.env._(
                "Messages are due but are not processed. %s Check the jobs of the "
                "model interop.pump (Job Queue ‣ Queue ‣ Jobs) and the server log.",
                self.summary(),
            )
        ]

    def _holder(self):
        # Without this, a transaction keeps seeing the sessions of its first query.
        self.env.cr.execute("SELECT pg_stat_clear_snapshot()")
        self.env.cr.execute(_HOLDER, [const.MATERIALIZE_LOCK])
        return [
            self.env._(
                "Database session %(pid)s has been turning events into messages for "
                "%(seconds)s s. Meanwhile no other session can do this. If the server "
                "process of the session no longer runs, end the session: "
                "SELECT pg_terminate_backend(%(pid)s)",
                pid=pid,
                seconds=seconds,
            )
            for pid, seconds in self.env.cr.fetchall()
            if seconds > STALL_SECONDS / 4
        ]

    def _snapshot(self):
        self.env.cr.execute("SELECT pg_stat_clear_snapshot()")
        self.env.cr.execute(_SNAPSHOT, [SNAPSHOT_MINUTES])
        return [
            self.env._(
                "Database session %(pid)s (%(name)s) has an open transaction for "
                "%(minutes)s min. PostgreSQL keeps all deleted rows until it ends, and "
                "the engine gets slower. End the session, or run backups outside busy "
                "hours.",
                pid=pid,
                name=name,
                minutes=minutes,
            )
            for pid, name, minutes in self.env.cr.fetchall()
        ]

    def _timeout(self):
        seconds = self.env["interop.pump"]._options()["statement_seconds"]
        longest = tools.config["limit_time_real"]
        if seconds < longest:
            return []
        return [
            self.env._(
                "The Statement Timeout (%(seconds)s s) is not below limit_time_real of "
                "odoo.conf (%(longest)s s). Lower the timeout. Otherwise a statement "
                "still runs in PostgreSQL after Odoo has killed its worker.",
                seconds=seconds,
                longest=longest,
            )
        ]

    def _noted(self):
        since = clock.database_now(self.env.cr) - timedelta(hours=TOLD_HOURS)
        problems = self.env["interop.engine.problem"].search(
            [("last_at", ">", since), ("kind", "!=", "stall")], limit=5
        )
        return [
            self.env._(
                "%(at)s UTC: %(text)s",
                at=f"{problem.last_at:%Y-%m-%d %H:%M}",
                text=problem.text,
            )
            for problem in problems
        ]
