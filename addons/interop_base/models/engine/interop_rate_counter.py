"""What is counted across workers and hosts: requests, messages, failures of proof."""

import threading
import time
from contextlib import contextmanager
from typing import NamedTuple

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import api, fields, models
from odoo.sql_db import Cursor

from ...tools import rates

KNOWN = 1000  # portions that a worker keeps in mind
TRUST_REFUSAL = 1.0  # seconds for which a worker refuses without asking again

_lock = threading.Lock()
_portions = {}  # (database, subject, limit) -> Portion


@contextmanager
def beside(env):
    """Open a second cursor for counting, and commit at the end.

    Counters are not undone with a refused request, and a row of theirs is locked for a
    moment only, not until the request ends. READ COMMITTED, so that a transaction which
    waited counts on from what is there now instead of failing. The commit does not wait
    for the disk: a crash loses a few hits of a counter at most.
    """
    with env.registry.cursor() as cr:
        if isinstance(cr, Cursor):  # a test's cursor is one with the test's own
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
            cr.execute("SET LOCAL synchronous_commit = off")
        yield cr


class Portion(NamedTuple):
    """What this worker has left, and what nobody had taken then; ``ends`` and
    ``trusted`` are moments of the monotonic clock: end of the window, and until when to
    go without asking."""

    own: int
    left: int
    ends: float
    trusted: float
    wait: int


class InteropRateCounter(models.Model):
    """One row per subject. Workers take portions of its limit (see ``tools.rates``), so
    that it is written about a hundred times per window, not with every request."""

    _name = "interop.rate.counter"
    _description = "Inbound Counter"
    _log_access = False
    _rec_name = "subject"

    # Such as client:7. No foreign keys: they would lock what they refer to.
    subject = fields.Char(required=True, readonly=True)
    window = fields.Integer(required=True, readonly=True)
    hits = fields.Integer(required=True, readonly=True)
    before = fields.Integer(required=True, readonly=True)

    _one_per_subject = models.UniqueIndex("(subject)", "A subject has one counter.")

    @api.model
    @api.private
    def _allow(self, subject, limit):
        """Count one of at most ``limit`` in ``rates.WINDOW`` seconds.

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
        """Note that something goes on; return whether it was quiet before.

        :param int quiet: minutes without a note after which it begins anew
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
        """Take a portion from the row; all workers and hosts go by the database's
        clock."""
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
        """Lock the row, made if it is missing; return window, hits, hits before and the
        database's time."""
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
