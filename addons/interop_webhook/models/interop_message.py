"""Messages that travel by webhook."""

from odoo import fields, models

from .. import const


class InteropMessage(models.Model):
    """Remembers in which form a message was frozen: it is sent so, whatever its endpoint
    asks for later."""

    _inherit = "interop.message"

    envelope_format = fields.Selection(
        const.CLOUDEVENTS, "CloudEvents 1.0", readonly=True, copy=False
    )
