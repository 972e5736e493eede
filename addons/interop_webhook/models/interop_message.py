"""Messages that travel by webhook."""

from odoo import fields, models

from .. import const


class InteropMessage(models.Model):
    """Store the format in which a message was built. Later changes of the endpoint do not
    affect it."""

    _inherit = "interop.message"

    envelope_format = fields.Selection(
        const.CLOUDEVENTS, "CloudEvents 1.0", readonly=True, copy=False
    )
