"""The numbering of outbound messages of one interface."""

from odoo import api, fields, models

from ... import clock
from ...const import MATERIALIZE_LOCK


class InteropStream(models.Model):
    """Last sequence number and epoch of an interface.

    With a separate table, numbering does not lock the interface, and the deletion of old
    messages does not reset a number. A new epoch shows receivers that a database was restored.
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
        "(interface_id)", "The interface already has a stream."
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

        The number is the current minute, or the last number plus one. A second restore
        from the same backup therefore starts a different epoch. Each outbound interface
        gets a stream, because streams that began after the backup are unknown.

        :returns: the highest epoch that was started
        """
        self.env.flush_all()
        # The lock of the materializer, so that no number is assigned meanwhile.
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
            "epoch", self.browse(), self.env._("New epoch for %s streams", len(epochs))
        )
        return max(epochs, default=0)
