"""Count requests, messages and failed authentications across workers and hosts."""

import threading
import time
from contextlib import contextmanager
from typing import NamedTuple

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import api, fields, models
from odoo.sql_db import Cursor

from ...tools import rates

KNOWN = 1000  # maximum number of portions in the memory of a worker
TRUST_REFUSAL = 1.0  # seconds for which a worker refuses without reading the row again

_lock = threading.Lock()
_portions = {}  # (database, subject, limit) -> Portion


@contextmanager
def beside(env):
    """Open a second cursor for counting, and commit at the end.

    A rollback of the request does not undo the counters, and their rows are locked only
    briefly. With READ COMMITTED, a transaction that waited for the lock reads the new
    values instead of failing. The commit does not wait for the disk, so that a crash may
    lose a few hits.
    """
    with env.registry.cursor() as cr:
        if isinstance(
            cr, Cursor
        ):  # in tests this cursor shares the connection of the test
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
            cr.execute("SET LOCAL synchronous_commit = off")
        yield cr


class Portion(NamedTuple):
    """The part of a limit that one worker has reserved.

    ``own`` is left for this worker, ``left`` was not reserved by any worker. ``ends`` (end
    of the window) and ``trusted`` (until when the row is not read again) are times of the
    monotonic clock. ``wait`` is in seconds.
    """

    own: int
    left: int
    ends: float
    trusted: float
    wait: int


class InteropRateCounter(models.Model):
    """One row per subject. Workers reserve portions of its limit (see ``tools.rates``), so
    that it is written about a hundred times per window instead of with each request."""

    _name = "interop.rate.counter"
    _description = "Inbound Counter"
    _log_access = False
    _rec_name = "subject"

    # Such as client:7. A foreign key would lock the referenced row.
    subject = fields.Char(required=True, readonly=True)
    window = fields.Integer(required=True, readonly=True)
    hits = fields.Integer(required=True, readonly=True)
    before = fields.Integer(required=True, readonly=True)

    _one_per_subject = models.UniqueIndex(
        "(subject)", "The subject already has a counter."
    )

    @api.model
    @api.private
    def _allow(self, subject, limit):
        """Count one request against ``limit`` per ``rates.WINDOW`` seconds.

        :returns: ``(allowed, left, seconds until the window ends, seconds to wait)``
        """
        key = (self.env.cr.dbname, subject, limit)
        now = time.monotonic()
        with _lock:
            portion = _portions.get(key)
            if portion is None or now >= portion.trusted:
                portion = self._take(subject, limit)
                if len(_portions) >= KNOWN:
                    _portions.clear()
            allowed = portion.own > 0
            if allowed:
                trusted = portion.trusted if portion.own > 1 else now
                portion = portion._replace(own=portion.own - 1, trusted=trusted)
            _portions[key] = portion
        return (
            allowed,
            portion.own + portion.left,
            portion.ends - now,
            portion.wait,
        )

    @api.model
    @api.private
    def _begins(self, subject, quiet):
        """Note an occurrence; return whether it is the first after a quiet period.

        :param int quiet: length of the quiet period in minutes
        """
        with beside(self.env) as cr:
            last, _hits, _before, now = self._row(cr, subject)
            minute = int(now // 60)
            cr.execute(
                'UPDATE interop_rate_counter SET "window" = %s WHERE subject = %s',
                [minute, subject],
            )
        return last < minute - quiet

    @api.model
    def _take(self, subject, limit):
        """Reserve a portion in the row; all workers and hosts use the database clock."""
        with beside(self.env) as cr:
            *counter, now = self._row(cr, subject)
            grant = rates.take(rates.Counter(*counter), now, limit)
            if grant.granted:
                cr.execute(
                    """UPDATE interop_rate_counter
                          SET "window" = %s, hits = %s, before = %s
                        WHERE subject = %s""",
                    [*grant.counter, subject],
                )
        ends = time.monotonic() + grant.ends - now
        trusted = min(ends, time.monotonic() + TRUST_REFUSAL)
        return Portion(
            grant.granted,
            grant.left,
            ends,
            ends if grant.granted else trusted,
            grant.wait,
        )

    @api.model
    def _row(self, cr, subject):
        """Lock the row, or create it; return window, hits, hits before and the time of
        the database."""
        query = """SELECT "window", hits, before,
                          extract(epoch FROM clock_timestamp())::float8
                     FROM interop_rate_counter WHERE subject = %s FOR UPDATE"""
        cr.execute(query, [subject])
        row = cr.fetchone()
        if not row:
            cr.execute(
                """INSERT INTO interop_rate_counter (subject, "window", hits, before)
                   VALUES (%s, 0, 0, 0) ON CONFLICT DO NOTHING""",
                [subject],
            )
            cr.execute(query, [subject])
            row = cr.fetchone()
        return row
