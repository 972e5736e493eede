"""The order of the messages of a lane: the first open message and the waiting ones."""

from odoo.tools import SQL

from ... import const


class MessageOrder:
    """Find the messages before and after one message in its order."""

    def __init__(self, message):
        message.ensure_one()
        self.message = message
        message.env.cr.execute(
            "SELECT lane, ordering_key FROM interop_queue WHERE id = %s",
            [message._origin.id],
        )
        # Without a row or a key, the message waits for no other one.
        self.lane, self.key = message.env.cr.fetchone() or (None, None)

    def first(self):
        """Return the first open message before this one, or an empty recordset.

        A claim takes the same order: all earlier open messages come first.
        """
        if self.message.state != "pending" or self.key is None:
            return self.message.browse()
        cr = self.message.env.cr
        cr.execute(
            SQL(
                """SELECT e.id FROM interop_queue e
                    WHERE e.lane = %s AND e.ordering_key = %s
                 ORDER BY e.place LIMIT 1""",
                self.lane,
                self.key,
            )
        )
        (first,) = cr.fetchone()
        return self.message.browse(first if first != self.message.id else ())

    def behind(self):
        """Return ``(count, since)`` of the messages that wait for this one."""
        if self.message.state not in const.OPEN_STATES or self.key is None:
            return 0, False
        cr = self.message.env.cr
        cr.execute(
            SQL(
                """SELECT count(*),
                          (SELECT m.create_date FROM interop_message m
                            WHERE m.id = min(l.id))
                     FROM interop_queue l
                    WHERE l.lane = %s AND l.ordering_key = %s AND l.place > %s
                      AND l.state = 'pending' AND l.lease_token IS NULL""",
                self.lane,
                self.key,
                self.message.id,
            )
        )
        return cr.fetchone()
