"""What most integrations keep of a webhook."""

from odoo import fields, models


class BenchRow(models.Model):
    """One message that came in."""

    _name = "bench.row"
    _description = "Received Message"

    message_id = fields.Char(required=True, index=True)
    name = fields.Char(required=True)
    body = fields.Text()
