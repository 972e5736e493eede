"""The record of a webhook in a typical integration."""

from odoo import fields, models


class BenchRow(models.Model):
    """One received message."""

    _name = "bench.row"
    _description = "Received Message"

    message_id = fields.Char(required=True, index=True)
    name = fields.Char(required=True)
    body = fields.Text()
