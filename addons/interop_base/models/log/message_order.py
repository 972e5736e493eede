"""The order of the messages of a lane: the first open message and the waiting ones."""

from odoo.tools import SQL

from ... import const


class MessageOrder:
    """Find the messages before and after one message in its order."""

    def __init__(self, message):
        message.ensure_one()
        self.message = message
        self.ordering = self._ordering()

    def _ordering(self):
        """Return the ordering that applies to this message."""
        message = self.message
        if message.test or (message.direction == "out" and not message.endpoint_id):
            return "none"
        inbound = message.direction == "in"
        ordering = "key" if inbound else message.endpoint_id.ordering
        return "none" if ordering == "key" and not message.ordering_key else ordering

    def first(self):
        """Return the first open message before this one, or an empty recordset.

        A claim takes the same order: all earlier open messages come first.
        """
        if self.message.state != "pending" or self.ordering == "none":
            return self.message.browse()
        cr = self.message.env.cr
        cr.execute(
            SQL(
                "SELECT min(e.id) FROM interop_message e"
                " WHERE %s AND e.id < %s AND e.state IN %s",
                self._same("e"),
                self.message.id,
                const.OPEN_STATES,
            )
        )
        return self.message.browse(cr.fetchone()[0] or ())

    def behind(self):
        """Return ``(count, since)`` of the messages that wait for this one."""
        if self.message.state not in const.OPEN_STATES or self.ordering == "none":
            return 0, False
        cr = self.message.env.cr
        cr.execute(
            SQL(
                "SELECT count(*), min(l.create_date) FROM interop_message l"
                " WHERE %s AND l.id > %s AND l.state = 'pending'",
                self._same("l"),
                self.message.id,
            )
        )
        return cr.fetchone()

    def _same(self, alias):
        """Return the SQL condition that rows of ``alias`` have the order of this message."""
        lane = SQL("%s.lane = %s", SQL.identifier(alias), self.message.lane)
        if self.ordering == "strict":
            return lane
        key = SQL.identifier(alias, "ordering_key")
        return SQL("%s AND %s = %s", lane, key, self.message.ordering_key)
