"""Retention: delete old content and old log lines in small batches."""

from ... import const
from ..removal import Removal

BATCH = 2000
# Rows that the database refused to delete are skipped until the next daily run.
_NOT_REFUSED = """NOT EXISTS (
    SELECT 1 FROM interop_engine_problem p
     WHERE p.kind = 'retention' AND p.subject = %s AND p.res_id = {}
       AND p.last_at > clock_timestamp() AT TIME ZONE 'UTC' - interval '12 hours')"""


class MessageRetention:
    """Delete content and log lines of closed messages. Keep open messages.

    :param env: environment of the daily clean-up
    """

    def __init__(self, env):
        self.env = env

    def remove_payloads(self):
        """Remove the content of closed messages; return ``(done, more to do)``."""
        self.env.cr.execute(
            f"""SELECT m.payload_id
                  FROM interop_message m
                  JOIN interop_interface i ON i.id = m.interface_id
                 WHERE m.payload_id IS NOT NULL AND m.state = ANY(%s)
                   AND m.done_at < now() AT TIME ZONE 'UTC'
                                   - make_interval(days => i.payload_retention_days)
                   AND {_NOT_REFUSED.format("m.payload_id")}
                 LIMIT %s""",
            [list(const.CLOSED_STATES), "interop.payload", BATCH],
        )
        return self._remove("interop.payload", self._delete_payloads)

    def remove_messages(self):
        """Remove the log lines of closed messages; return ``(done, more to do)``.

        A message stays while its resubmission is open.
        """
        self.env.cr.execute(
            f"""SELECT m.id
                  FROM interop_message m
                  JOIN interop_interface i ON i.id = m.interface_id
                 WHERE m.state = ANY(%s)
                   AND m.done_at < now() AT TIME ZONE 'UTC'
                                   - make_interval(days => i.message_retention_days)
                   AND NOT EXISTS (SELECT 1 FROM interop_message child
                                     JOIN interop_queue q ON q.id = child.id
                                    WHERE child.parent_id = m.id)
                   AND {_NOT_REFUSED.format("m.id")}
                 LIMIT %s""",
            [list(const.CLOSED_STATES), "interop.message", BATCH],
        )
        return self._remove("interop.message", self._delete_messages)

    def _remove(self, subject, delete):
        ids = [row[0] for row in self.env.cr.fetchall()]
        done = Removal(self.env, subject, delete).run(ids)
        self.env["interop.message"].invalidate_model(flush=False)
        return done, len(ids) == BATCH

    def _delete_payloads(self, ids):
        self.env.cr.execute("DELETE FROM interop_payload WHERE id = ANY(%s)", [ids])

    def _delete_messages(self, ids):
        """Delete messages together with their content."""
        self.env.cr.execute(
            "DELETE FROM interop_message WHERE id = ANY(%s) RETURNING payload_id", [ids]
        )
        self._delete_payloads([row[0] for row in self.env.cr.fetchall() if row[0]])
