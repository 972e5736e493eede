"""The numbering of outbound messages of one interface."""

from odoo import api, fields, models


class InteropStream(models.Model):
    """Last sequence number and epoch of an interface.

    A table of its own: numbering never locks the interface, and retention of messages never
    makes a number come back. After a restore the epoch is raised, so that receivers see it.
    """

    _name = "interop.stream"
    _description = "Message Stream"
    _log_access = False

    interface_id = fields.Many2one(
        "interop.interface", required=True, readonly=True, ondelete="cascade"
    )
    epoch = fields.Integer(required=True, readonly=True, default=1)
    last_sequence = fields.Integer(required=True, readonly=True, default=0)

    _interface_uniq = models.UniqueIndex(
        "(interface_id)", "An interface has one stream."
    )

    @api.model
    def _take(self, interface_id, count):
        """Reserve ``count`` numbers; returns ``(epoch, first number)``.

        The caller holds the materialization lock, so numbers follow commit order.
        """
        self.env.cr.execute(
            """INSERT INTO interop_stream (interface_id, epoch, last_sequence)
                    VALUES (%s, 1, %s)
               ON CONFLICT (interface_id) DO UPDATE
                       SET last_sequence = interop_stream.last_sequence + %s
                 RETURNING epoch, last_sequence""",
            [interface_id, count, count],
        )
        epoch, last = self.env.cr.fetchone()
        return epoch, last - count + 1

    @api.model
    def _set_new_epoch(self):
        """Start a new epoch in every stream (after a restore)."""
        self.env.cr.execute(
            "UPDATE interop_stream SET epoch = epoch + 1, last_sequence = 0"
        )
