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

    _waiting_test_idx = models.Index("(interface_id) WHERE test AND state = 'pending'")

    def _retry_delay(self, message, result):
        """A test message is tried once: somebody is waiting for its result."""
        if message.test and result.outcome == "retry":
            return "dead", None
        return super()._retry_delay(message, result)
