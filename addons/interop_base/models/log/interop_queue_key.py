"""Ordering keys that the next claim looks at."""

from odoo import fields, models


class InteropQueueKey(models.Model):
    """An ordering key whose first message may have changed; a claim takes the note."""

    _name = "interop.queue.key"
    _description = "Ordering Key with a New First Message"
    _log_access = False

    lane = fields.Char(required=True, readonly=True)
    ordering_key = fields.Char(required=True, readonly=True)
