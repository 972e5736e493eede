"""Claiming what is due, and creating rows in batches."""

import uuid

from odoo import api, models

from ... import const, db
from ..engine.engine_types import Claim

# What may be claimed from a lane, when its time has come.
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

_LEASE = """
UPDATE interop_message m
   SET state = 'processing', lease_token = %(token)s,
       lease_until = clock_timestamp() AT TIME ZONE 'UTC'
                     + make_interval(secs => %(lease)s),
       try_count = m.try_count + 1
  FROM picked
 WHERE m.id = picked.id
RETURNING m.id, m.lease_token, m.interface_id, m.company_id, m.lane, m.external_id,
          m.try_count, m.attempt_count, m.payload_id, m.ordering_key, m.direction
"""

_CLAIM = """
WITH lanes(lane, cap, ordering) AS (
    SELECT * FROM unnest(%(lanes)s::text[], %(caps)s::int[], %(orderings)s::text[])),
-- Retries get a quarter of a lane: enough to go on, too little to crowd out new messages.
shares(lane, ordering, first, cap) AS (
    SELECT lane, ordering, true, cap FROM lanes
     UNION ALL
    SELECT lane, ordering, false, GREATEST(1, cap / 4) FROM lanes),
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
               ORDER BY CASE WHEN lanes.cap < 4 THEN 0 ELSE (due.place - 0.5) / due.cap END,
                        due.next_attempt_at, due.id) AS place
      FROM due JOIN lanes ON lanes.lane = due.lane),
picked AS (SELECT id FROM ranked WHERE place <= cap)
{lease}""".format(eligible=_ELIGIBLE.format(lanes="shares"), lease=_LEASE)

# What was claimed when a worker died is claimed apart: a message that kills its worker
# must not count as a dead worker against a whole batch. After the first dead worker few
# are claimed together, so that it costs few neighbors a second one; after the second each
# is claimed by itself. Whoever waits longest comes first: were it those with one dead
# worker, workers that die again and again would keep the others back for ever.
# It reads a small index of its own and locks what it takes: how much else is due, and how
# much of it was with a dead worker, makes no difference.
_CLAIM_SUSPECTS = """
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
{lease}""".format(eligible=_ELIGIBLE.format(lanes="lanes"), lease=_LEASE)

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


class InteropMessage(models.Model):
    """Set-based access for the pump."""

    _inherit = "interop.message"

    @api.model
    @api.private
    def _set_claimed(self, lanes, interface_ids, lease_seconds, crashed=True):
        """Lease due messages to this worker, per lane, in one statement.

        Call it on a READ COMMITTED cursor of its own: SKIP LOCKED fails under REPEATABLE
        READ as soon as two workers claim.

        :param dict lanes: ``{lane: engine_types.Lane}``
        :param interface_ids: interfaces whose messages may move now
        :param int lease_seconds: longer than the longest exchange
        :param bool crashed: whether messages that were with a dead worker may be claimed;
            nothing else is, then, if there are any
        :returns: list of ``Claim``, oldest message first
        """
        if not lanes or not interface_ids:
            return []
        self.flush_model()
        parameters = {
            **self._eligible_parameters(lanes, interface_ids),
            "caps": [lane.cap for lane in lanes.values()],
            "token": str(uuid.uuid4()),
            "lease": lease_seconds,
            "together": const.SUSPECTS_TOGETHER,
        }
        rows = []
        if crashed:
            self.env.cr.execute(_CLAIM_SUSPECTS, parameters)
            rows = self.env.cr.fetchall()
        if not rows:
            self.env.cr.execute(_CLAIM, parameters)
            rows = self.env.cr.fetchall()
        self.invalidate_model(flush=False)
        return sorted(map(Claim._make, rows), key=lambda claim: claim.message_id)

    def _eligible_parameters(self, lanes, interface_ids):
        # sudo: the engine moves messages of every facility that is not stopped
        stopped = (
            self.env["res.company"].sudo().search([("interop_stopped_at", "!=", False)])
        )
        return {
            "lanes": list(lanes),
            "orderings": [lane.ordering for lane in lanes.values()],
            "interfaces": list(interface_ids),
            "stopped": stopped.ids,
        }

    @api.model
    def _next_claimable(self, lanes, interface_ids):
        """Return when the next message can be claimed (naive UTC), or ``None``.

        What a stopped facility or an open predecessor keeps back does not count: waking the
        pump for it would be in vain. See ``_set_claimed`` for the parameters.
        """
        self.env.cr.execute(_NEXT, self._eligible_parameters(lanes, interface_ids))
        return self.env.cr.fetchone()[0]

    @api.model
    @api.private
    def _insert_many(self, vals_list):
        """Insert messages of the same columns in one statement; returns their ids.

        For the engine: no default is applied and nothing is computed, every column a row
        needs is in its dict.
        """
        if not vals_list:
            return []
        columns = list(vals_list[0])
        names = ", ".join(f'"{name}"' for name in columns)
        types = [self._fields[name].column_type[1] for name in columns]
        # As columns, in the order of the rows: psycopg2 quotes whole lists many times
        # faster than rows.
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        found = db.fetch(
            self.env.cr,
            f"""INSERT INTO interop_message
                    ({names}, create_date, write_date, create_uid, write_uid)
                SELECT {names}, clock_timestamp() AT TIME ZONE 'UTC',
                       clock_timestamp() AT TIME ZONE 'UTC', %s, %s
                  FROM unnest({arrays}) WITH ORDINALITY AS row({names}, place)
              ORDER BY place
             RETURNING id""",
            [
                *(self.env.uid, self.env.uid),
                *([vals[name] for vals in vals_list] for name in columns),
            ],
        )
        return [message_id for (message_id,) in found]
