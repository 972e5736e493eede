"""Messages that travel by webhook."""

from odoo import fields, models

from .. import const


class InteropMessage(models.Model):
    """Adds the endpoint and test messages."""

    _inherit = "interop.message"

    envelope_format = fields.Selection(
        const.CLOUDEVENTS, "CloudEvents 1.0", readonly=True, copy=False
    )
    endpoint_id = fields.Many2one(related="interface_id.endpoint_id")

    _test_idx = models.Index("(interface_id) WHERE test AND state = 'pending'")

    def _may_leave(self):
        """Return whether this message may be sent now; a test message also before its
        interface is active."""
        self.ensure_one()
        interface = self.interface_id
        return interface._may_test() if self.test else interface._moves()

    def _retry_delay(self, message, result):
        """A test message is tried once: somebody is waiting for its result."""
        if message.test and result.outcome == "retry":
            return "dead", None
        return super()._retry_delay(message, result)
