"""Rates of clients, counted across workers and hosts."""

import threading
import time
from typing import NamedTuple

from odoo import api, fields, models

from .. import aside
from ..tools import rates

KNOWN = 1000  # portions that a worker keeps in mind
TRUST_REFUSAL = 1.0  # seconds for which a worker refuses without asking again

_lock = threading.Lock()
_portions = {}  # (database, client, interface, limit) -> Portion


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
    """One row per client and limit. Workers take portions of it (see ``tools.rates``),
    so that it is written about a hundred times per window, not with every request."""

    _name = "interop.rate.counter"
    _description = "Rate of an Integration Client"
    _log_access = False
    _rec_name = "client_id"

    client_id = fields.Many2one(
        "interop.client", required=True, readonly=True, ondelete="cascade"
    )
    # 0 counts all requests of the client. No foreign key: one would lock the interface.
    interface = fields.Integer(required=True, readonly=True)
    window = fields.Integer(required=True, readonly=True)
    hits = fields.Integer(required=True, readonly=True)
    before = fields.Integer(required=True, readonly=True)

    _one_per_limit = models.UniqueIndex(
        "(client_id, interface)", "A limit has one counter."
    )

    @api.model
    @api.private
    def _allow(self, client_id, interface_id, limit):
        """Count one request.

        :param int interface_id: 0 for all requests of the client
        :param int limit: requests in ``rates.WINDOW`` seconds
        :returns: ``(allowed, left, seconds until the window ends, seconds to wait)``
        """
        key = (self.env.cr.dbname, client_id, interface_id, limit)
        now = time.monotonic()
        with _lock:
            portion = _portions.get(key)
            if portion is None or now >= portion.trusted:
                portion = self._take(client_id, interface_id, limit)
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
    def _take(self, client_id, interface_id, limit):
        """Take a portion from the row; all workers and hosts go by the database's
        clock."""
        key = [client_id, interface_id]
        with aside.cursor(self.env) as cr:
            row = self._row(cr, key)
            if not row:
                cr.execute(
                    """INSERT INTO interop_rate_counter
                           (client_id, interface, "window", hits, before)
                       VALUES (%s, %s, 0, 0, 0) ON CONFLICT DO NOTHING""",
                    key,
                )
                row = self._row(cr, key)
            *counter, now = row
            grant = rates.take(rates.Counter(*counter), now, limit)
            if grant.granted:
                cr.execute(
                    """UPDATE interop_rate_counter
                          SET "window" = %s, hits = %s, before = %s
                        WHERE client_id = %s AND interface = %s""",
                    [*grant.counter, *key],
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
    def _row(self, cr, key):
        """Return window, hits, hits before and the database's time; locks the row."""
        cr.execute(
            """SELECT "window", hits, before,
                      extract(epoch FROM clock_timestamp())::float8
                 FROM interop_rate_counter
                WHERE client_id = %s AND interface = %s FOR UPDATE""",
            key,
        )
        return cr.fetchone()
