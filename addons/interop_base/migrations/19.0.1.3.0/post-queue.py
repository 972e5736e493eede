"""Open messages enter the queue; their columns of the queue leave the log."""

MOVED = ("next_attempt_at", "lease_token", "lease_until")

# Each message keeps its place, its lease and its failure. The first of each ordering key
# is marked, so that the first claim has nothing to look for.
ENQUEUE = r"""
INSERT INTO interop_queue (id, place, state, lane, next_attempt_at, ordering_key,
       is_first, interface_id, company_id, test, lease_token, lease_until, try_count,
       attempt_count, dead_workers, failed_at, error_class, error_kind, cause,
       owner_user_id, owner_team_id)
SELECT x.id, x.id, CASE WHEN x.state = 'processing' THEN 'pending' ELSE x.state END, x.lane,
       CASE WHEN x.state IN ('pending', 'processing') THEN x.next_attempt_at END,
       x.queue_key,
       CASE WHEN x.queue_key IS NULL THEN true WHEN x.queue_key = '' THEN false
            ELSE x.id = min(x.id) OVER (PARTITION BY x.lane, x.queue_key) END,
       x.interface_id, x.company_id, COALESCE(x.test, false),
       CASE WHEN x.state = 'processing' THEN x.lease_token END,
       CASE WHEN x.state = 'processing' THEN x.lease_until END,
       COALESCE(x.try_count, 0), COALESCE(x.attempt_count, 0),
       CASE WHEN x.state = 'pending'
            THEN GREATEST(0, COALESCE(x.try_count, 0) - COALESCE(x.attempt_count, 0))
            ELSE 0 END,
       CASE WHEN x.state IN ('dead', 'parked') THEN x.write_date END,
       x.error_class, x.error_kind, x.cause, x.owner_user_id, x.owner_team_id
  FROM (SELECT m.*, CASE WHEN m.test THEN NULL
                         WHEN m.direction = 'in' THEN NULLIF(m.ordering_key, '')
                         WHEN e.ordering = 'strict' THEN ''
                         WHEN e.ordering = 'key' THEN NULLIF(m.ordering_key, '')
                    END AS queue_key
          FROM interop_message m
     LEFT JOIN interop_interface i ON i.id = m.interface_id
     LEFT JOIN interop_endpoint e ON e.id = COALESCE(
               substring(m.lane FROM '^(?:left:)?endpoint:([0-9]+)')::int,
               CASE WHEN m.lane !~ '^(?:left:)?(?:interface|test):'
                    THEN i.endpoint_id END)
         WHERE m.state IN ('pending', 'processing', 'dead', 'parked')) x
 ORDER BY x.id
    ON CONFLICT (id) DO NOTHING
"""
LEASES = """
INSERT INTO interop_queue_lease (token, until, claimed)
SELECT lease_token, min(lease_until), jsonb_agg(id) FROM interop_queue
 WHERE lease_token IS NOT NULL GROUP BY lease_token
    ON CONFLICT (token) DO NOTHING
"""


def migrate(cr, version):
    """Fill the queue with a statement for all messages, then drop what moved there."""
    if not version:
        return
    cr.execute(
        """SELECT FROM information_schema.columns
            WHERE table_name = 'interop_message' AND column_name = 'lease_token'"""
    )
    if not cr.rowcount:
        return
    cr.execute(ENQUEUE)
    cr.execute(LEASES)
    cr.execute(
        "UPDATE interop_message SET state = 'pending' WHERE state = 'processing'"
    )
    cr.execute(
        """UPDATE interop_message SET is_withdrawn = true
            WHERE state IN ('skipped', 'cancelled')"""
    )
    cr.execute(
        """UPDATE interop_endpoint_health h SET queue_ordering = e.ordering
             FROM interop_endpoint e WHERE e.id = h.endpoint_id"""
    )
    for name in MOVED:
        cr.execute(f'ALTER TABLE interop_message DROP COLUMN IF EXISTS "{name}"')  # pylint: disable=sql-injection
    cr.execute("ANALYZE interop_queue")
