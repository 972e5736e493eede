"""Retention: content and log lines on their own clocks, in small batches."""

from odoo import api, models

from .. import const

BATCH = 2000


class InteropMessage(models.Model):
    """Never touches what still waits for the engine or for a person."""

    _inherit = "interop.message"

    @api.autovacuum
    def _gc_payloads(self):
        """Remove the content of closed messages; returns ``(done, more to do)``."""
        self.env.cr.execute(
            """DELETE FROM interop_payload WHERE id IN (
                   SELECT m.payload_id
                     FROM interop_message m
                     JOIN interop_interface i ON i.id = m.interface_id
                    WHERE m.payload_id IS NOT NULL AND m.state <> ALL(%s)
                      AND m.done_at < now() AT TIME ZONE 'UTC'
                                      - make_interval(days => i.payload_retention_days)
                    LIMIT %s)""",
            [list(const.OPEN_STATES), BATCH],
        )
        done = self.env.cr.rowcount
        self.invalidate_model(flush=False)
        return done, done == BATCH

    @api.autovacuum
    def _gc_messages(self):
        """Remove the log lines of closed messages; returns ``(done, more to do)``.

        A message that an open one was resubmitted from stays with it.
        """
        self.env.cr.execute(
            """WITH old AS (
                   SELECT m.id, m.payload_id
                     FROM interop_message m
                     JOIN interop_interface i ON i.id = m.interface_id
                    WHERE m.state <> ALL(%s)
                      AND m.done_at < now() AT TIME ZONE 'UTC'
                                      - make_interval(days => i.message_retention_days)
                      AND NOT EXISTS (SELECT 1 FROM interop_message child
                                       WHERE child.parent_id = m.id
                                         AND child.state = ANY(%s))
                    LIMIT %s),
               gone AS (DELETE FROM interop_message m USING old WHERE m.id = old.id),
               content AS (DELETE FROM interop_payload p USING old
                            WHERE p.id = old.payload_id)
               SELECT count(*) FROM old""",
            [list(const.OPEN_STATES), list(const.OPEN_STATES), BATCH],
        )
        done = self.env.cr.fetchone()[0]
        self.invalidate_model(flush=False)
        return done, done == BATCH
