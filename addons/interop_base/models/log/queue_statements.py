"""SQL of the queue, and what its columns mean to a statement.

No plan depends on statistics. A list of ids comes from ``unnest((SELECT …))``, whose size
the planner cannot see, or is taken with ``= ANY(ARRAY(SELECT …))``: either way PostgreSQL
looks up each id in the primary key. Rows of an order are sorted by ``place``, which equals
the id and is in one index only: sorted by the id, the planner may read the primary key from
its beginning instead.
"""

# The state of a message in the words of users, from its row ``q`` of the queue.
STATE = "(CASE WHEN q.lease_token IS NULL THEN q.state ELSE 'processing' END)"

# The id of the first row that has the lane and the ordering key of ``x``.
FIRST = """(SELECT e.id FROM interop_queue e
             WHERE e.lane = x.lane AND e.ordering_key = x.ordering_key
          ORDER BY e.place LIMIT 1)"""

# The order in which message ``m`` is processed: NULL means none, an empty text the order
# of its whole lane. For outbound messages endpoint ``e`` decides.
ORDER_OF = """(CASE WHEN m.test THEN NULL
                    WHEN m.direction = 'in' THEN NULLIF(m.ordering_key, '')
                    WHEN e.ordering = 'strict' THEN ''
                    WHEN e.ordering = 'key' THEN NULLIF(m.ordering_key, '') END)"""
# The endpoint ``e`` whose order holds for message ``m``.
WITH_ENDPOINT = r"""
         LEFT JOIN interop_interface i ON i.id = m.interface_id
         LEFT JOIN interop_endpoint e ON e.id = COALESCE(
                   substring(m.lane FROM '^(?:left:)?endpoint:([0-9]+)')::int,
                   CASE WHEN m.lane !~ '^(?:left:)?(?:interface|test):'
                        THEN i.endpoint_id END)"""

# A row that is not the first of its key leaves the key in ``interop_queue_key``: the next
# claim looks whether it has become the first meanwhile.
ENQUEUE = f"""
WITH entering AS MATERIALIZED (
    SELECT m.id, m.state, m.lane, {ORDER_OF} ordering_key, m.interface_id,
           m.company_id, COALESCE(m.test, false) AS test,
           COALESCE(m.attempt_count, 0) AS attempt_count, m.error_class, m.error_kind,
           m.cause, m.owner_user_id, m.owner_team_id,
           CASE WHEN m.state = 'pending' THEN COALESCE(v.due_at, now.at) END AS due_at,
           CASE WHEN m.state <> 'pending' THEN now.at END AS failed_at
      FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS at) now,
           unnest((SELECT %(ids)s::int[]), (SELECT %(due)s::timestamp[])) AS v(id, due_at)
      JOIN interop_message m ON m.id = v.id {WITH_ENDPOINT}),
entered AS (
    INSERT INTO interop_queue (id, place, state, lane, next_attempt_at, ordering_key,
           is_first, interface_id, company_id, test, try_count, attempt_count, dead_workers,
           failed_at, error_class, error_kind, cause, owner_user_id, owner_team_id)
    SELECT x.id, x.id, x.state, x.lane, x.due_at, x.ordering_key,
           CASE WHEN x.ordering_key IS NULL THEN true
                WHEN x.ordering_key = '' THEN false
                ELSE x.id = min(x.id) OVER (PARTITION BY x.lane, x.ordering_key)
                     AND NOT EXISTS (SELECT FROM interop_queue e
                                      WHERE e.lane = x.lane
                                        AND e.ordering_key = x.ordering_key) END,
           x.interface_id, x.company_id, x.test, x.attempt_count, x.attempt_count, 0,
           x.failed_at, x.error_class, x.error_kind, x.cause, x.owner_user_id, x.owner_team_id
      FROM entering x ORDER BY x.id
        ON CONFLICT (id) DO NOTHING
 RETURNING lane, ordering_key, is_first)
INSERT INTO interop_queue_key (lane, ordering_key)
SELECT DISTINCT lane, ordering_key FROM entered WHERE ordering_key > '' AND NOT is_first
"""

# Keys that may have a new first row: the keys that were noted since the last claim. What
# committed with a note is visible to the statement that takes the note.
PROMOTE = f"""
WITH x AS MATERIALIZED (
    DELETE FROM interop_queue_key
     WHERE id = ANY(ARRAY(SELECT id FROM interop_queue_key ORDER BY id
                           LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
 RETURNING lane, ordering_key),
first AS MATERIALIZED (
    SELECT {FIRST} id FROM (SELECT DISTINCT lane, ordering_key FROM x) x)
UPDATE interop_queue SET is_first = true
 WHERE NOT is_first
   AND id = ANY(ARRAY(SELECT q.id FROM interop_queue q
                       WHERE q.id = ANY(ARRAY(SELECT id FROM first))
                         FOR UPDATE SKIP LOCKED))
"""

# Finds what a lost note left behind: every key once, in the order of its index.
HEAL = """
INSERT INTO interop_queue_key (lane, ordering_key)
SELECT lane, ordering_key
  FROM (SELECT DISTINCT ON (lane, ordering_key) lane, ordering_key, is_first
          FROM interop_queue WHERE ordering_key > ''
      ORDER BY lane, ordering_key, place) head
 WHERE NOT is_first
"""

# The rows of an endpoint take over the order that it keeps now.
REORDER = f"""
WITH x AS MATERIALIZED (
    SELECT q.id, {ORDER_OF} AS ordering_key
      FROM interop_queue q JOIN interop_message m ON m.id = q.id {WITH_ENDPOINT}
     WHERE e.id = ANY(%(endpoints)s)),
changed AS (
    UPDATE interop_queue q
       SET ordering_key = x.ordering_key, is_first = x.ordering_key IS NULL
      FROM x WHERE q.id = x.id
 RETURNING q.lane, q.ordering_key)
INSERT INTO interop_queue_key (lane, ordering_key)
SELECT DISTINCT lane, ordering_key FROM changed WHERE ordering_key > ''
"""

# === CLAIMS === #

_UNSTOPPED = """x.state = 'pending' AND x.lease_token IS NULL
              AND x.interface_id = ANY(%(interfaces)s)
              AND (x.company_id IS NULL OR x.company_id <> ALL(%(stopped)s))"""
_DUE_NOW = "x.next_attempt_at <= clock_timestamp() AT TIME ZONE 'UTC'"
# A row that is not the first of its order is never claimed, whatever ``is_first`` says:
# that column only keeps waiting rows out of the index. A row is in the way of the next one,
# failed or not, until it leaves the queue.
_IN_TURN = """(CASE WHEN x.ordering_key IS NULL THEN true ELSE NOT EXISTS (
                    SELECT FROM interop_queue e
                     WHERE e.lane = x.lane AND e.ordering_key = x.ordering_key
                       AND e.place < x.place) END)"""

_LANES = """
lanes(lane, cap) AS (
    SELECT * FROM unnest((SELECT %(lanes)s::text[]), (SELECT %(caps)s::int[])))"""

DUE = f"""
WITH {_LANES},
-- Retries get a quarter of a lane: enough to go on, too little to crowd out new messages.
shares(lane, first, cap) AS (
    SELECT lane, true, cap FROM lanes
     UNION ALL
    SELECT lane, false, GREATEST(1, cap / %(share)s) FROM lanes),
due AS (
    SELECT found.id, found.next_attempt_at, shares.lane, shares.cap,
           row_number() OVER (PARTITION BY shares.lane, shares.first
                              ORDER BY found.next_attempt_at, found.id) AS place
      FROM shares
     CROSS JOIN LATERAL (
           SELECT x.id, x.next_attempt_at
             FROM interop_queue x
            WHERE x.lane = shares.lane AND (x.attempt_count = 0) = shares.first
              AND x.is_first AND x.dead_workers = 0
              AND {_DUE_NOW} AND {_UNSTOPPED} AND {_IN_TURN}
         ORDER BY x.next_attempt_at, x.id
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
SELECT id FROM ranked WHERE place <= cap
"""

# Lanes in strict order: the first rows of each, as long as one follows the other without a
# row that has to wait. Rows that another transaction has locked end the run, too.
RUNS = f"""
WITH {_LANES},
run AS MATERIALIZED (
    SELECT found.id, found.lane, found.place
      FROM lanes
     CROSS JOIN LATERAL (
           SELECT w.id, w.lane, w.place, bool_and(w.may) OVER (ORDER BY w.place) AS may
             FROM (SELECT x.id, x.lane, x.place, COALESCE(
                          x.dead_workers = 0 AND {_DUE_NOW} AND {_UNSTOPPED},
                          false) AS may
                     FROM interop_queue x
                    WHERE x.lane = lanes.lane AND x.ordering_key = ''
                 ORDER BY x.place LIMIT lanes.cap) w) found
     WHERE found.may),
locked AS MATERIALIZED (
    SELECT x.id FROM interop_queue x
     WHERE x.id = ANY(ARRAY(SELECT id FROM run)) AND x.lease_token IS NULL
       AND x.state = 'pending'
       FOR UPDATE SKIP LOCKED)
SELECT id
  FROM (SELECT run.id, bool_and(run.id = ANY(ARRAY(SELECT id FROM locked)))
                       OVER (PARTITION BY run.lane ORDER BY run.place) AS may
          FROM run) taken
 WHERE may
"""

# What was claimed when a worker died is claimed apart, see ``tools.claim_policy``. The one
# that waits longest comes first: otherwise workers that die again and again would keep the
# others back for ever.
# It reads a small index of its own and locks what it takes: how much else is due, and how
# much of it was with a dead worker, makes no difference.
CRASHED = f"""
WITH {_LANES},
due AS (
    SELECT found.id, found.dead_workers, found.next_attempt_at
      FROM lanes
     CROSS JOIN LATERAL (
           SELECT x.id, x.next_attempt_at, x.dead_workers
             FROM interop_queue x
            WHERE x.lane = lanes.lane AND x.dead_workers > 0
              AND {_DUE_NOW} AND {_UNSTOPPED} AND {_IN_TURN}
         ORDER BY x.next_attempt_at, x.id
            LIMIT LEAST(lanes.cap, %(together)s)
              FOR UPDATE SKIP LOCKED) found),
first AS (SELECT id, dead_workers FROM due ORDER BY next_attempt_at, id LIMIT 1),
picked AS (
    SELECT id FROM first WHERE dead_workers > 1
     UNION ALL
    (SELECT due.id FROM due, first
      WHERE first.dead_workers = 1 AND due.dead_workers = 1
   ORDER BY due.next_attempt_at, due.id LIMIT %(together)s))
SELECT id FROM picked
"""

# When the next row of each lane is due, of those that nothing else keeps back. A noted
# ordering key may have one: the next claim finds out.
NEXT = f"""
WITH {_LANES},
kinds(first, crashed) AS (VALUES (true, false), (false, false), (NULL, true))
SELECT LEAST(min(due.at),
             CASE WHEN EXISTS (SELECT FROM interop_queue_key k
                                WHERE k.lane = ANY(%(keyed)s))
                  THEN clock_timestamp() AT TIME ZONE 'UTC' END)
  FROM lanes CROSS JOIN kinds
 CROSS JOIN LATERAL (
       (SELECT x.next_attempt_at AS at
          FROM interop_queue x
         WHERE x.lane = lanes.lane AND (x.attempt_count = 0) = kinds.first
           AND x.is_first AND x.dead_workers = 0 AND NOT kinds.crashed
           AND {_UNSTOPPED} AND {_IN_TURN}
      ORDER BY x.next_attempt_at LIMIT 1)
         UNION ALL
       (SELECT x.next_attempt_at
          FROM interop_queue x
         WHERE x.lane = lanes.lane AND x.dead_workers > 0 AND kinds.crashed
           AND {_UNSTOPPED} AND {_IN_TURN}
      ORDER BY x.next_attempt_at LIMIT 1)
         UNION ALL
       (SELECT x.next_attempt_at
          FROM (SELECT * FROM interop_queue e
                 WHERE e.lane = lanes.lane AND e.ordering_key = '' AND kinds.crashed
              ORDER BY e.place LIMIT 1) x
         WHERE x.dead_workers = 0 AND {_UNSTOPPED})) due
"""

# Lanes that have something due, whatever else keeps it back.
BUSY = """
SELECT l.lane
  FROM unnest((SELECT %(lanes)s::text[])) AS l(lane)
 WHERE EXISTS (SELECT FROM interop_queue x
                WHERE x.lane = l.lane AND x.state = 'pending' AND x.is_first
                  AND x.dead_workers = 0
                  AND x.next_attempt_at <= clock_timestamp() AT TIME ZONE 'UTC')
    OR EXISTS (SELECT FROM interop_queue e
                WHERE e.lane = l.lane AND e.ordering_key = '')
"""

# === LEASES === #

# No index names a lease, so that a claim changes no index. Each claim leaves one row in
# ``interop_queue_lease`` that tells which messages it took.
EXPIRED = """
WITH taken AS MATERIALIZED (
    SELECT l.token, e.id::int
      FROM (SELECT token, claimed FROM interop_queue_lease
             WHERE until < clock_timestamp() AT TIME ZONE 'UTC'
          ORDER BY until LIMIT 20) l
     CROSS JOIN LATERAL jsonb_array_elements_text(l.claimed) AS e(id))
SELECT q.id FROM interop_queue q
 WHERE q.id = ANY(ARRAY(SELECT id FROM taken))
   AND q.lease_token = ANY(ARRAY(SELECT token FROM taken))
 LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
# Leases that ended, or that are named, and of which no message is left.
_FORGET = """
DELETE FROM interop_queue_lease
 WHERE id = ANY(ARRAY(
       SELECT l.id
         FROM (SELECT id, token, claimed FROM interop_queue_lease
                WHERE {} LIMIT 100 FOR UPDATE SKIP LOCKED) l
        WHERE (SELECT count(*) FROM interop_queue q
                WHERE q.id = ANY(ARRAY(
                      SELECT taken.id::int
                        FROM jsonb_array_elements_text(l.claimed) AS taken(id)))
                  AND q.lease_token = l.token) = 0))
"""
FORGET = _FORGET.format("until < clock_timestamp() AT TIME ZONE 'UTC' ORDER BY until")
RELEASE = _FORGET.format("token = ANY(%(tokens)s)")
# A lease that no row tells of would never end.
FIND_LEASES = """
INSERT INTO interop_queue_lease (token, until, claimed)
SELECT q.lease_token, min(q.lease_until), jsonb_agg(q.id)
  FROM interop_queue q
 WHERE q.lease_until < clock_timestamp() AT TIME ZONE 'UTC' - interval '1 minute'
 GROUP BY q.lease_token
    ON CONFLICT (token) DO NOTHING
"""
