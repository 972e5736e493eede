"""The numbering of outbound messages of one interface."""

from odoo import api, fields, models

from ... import clock
from ...const import MATERIALIZE_LOCK


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
    @api.private
    def _set_new_epoch(self):
        """Start a new epoch in every stream (after a restore); audited.

        The number is the minute, or one more than the last: a second restore from the
        same backup starts another epoch than the first one did. Streams that began
        after the backup was made are not known here, therefore every outbound interface
        gets one.

        :returns: the highest epoch that was started
        """
        self.env.flush_all()
        # The lock of the materializer: no number is given out meanwhile.
        self.env.cr.execute("SELECT pg_advisory_xact_lock(%s)", [MATERIALIZE_LOCK])
        self.env.cr.execute(
            """INSERT INTO interop_stream (interface_id, epoch, last_sequence)
               SELECT id, %(minute)s, 0 FROM interop_interface WHERE direction = 'out'
               ON CONFLICT (interface_id) DO UPDATE
                       SET epoch = GREATEST(interop_stream.epoch + 1, %(minute)s),
                           last_sequence = 0
                 RETURNING epoch""",
            {"minute": clock.timestamp() // 60},
        )
        epochs = [epoch for (epoch,) in self.env.cr.fetchall()]
        self.invalidate_model(flush=False)
        self.env["interop.audit.event"]._log(
            "epoch", self.browse(), self.env._("%s streams", len(epochs))
        )
        return max(epochs, default=0)
