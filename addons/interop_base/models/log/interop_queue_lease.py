"""Leases: what each claim took."""

from odoo import fields, models


class InteropQueueLease(models.Model):
    """What one claim took, until all of it has a result."""

    _name = "interop.queue.lease"
    _description = "Lease of Messages"
    _log_access = False

    token = fields.Char(required=True, readonly=True)
    until = fields.Datetime(required=True, readonly=True)
    claimed = fields.Json(required=True, readonly=True)

    _token_uniq = models.UniqueIndex("(token)", "Each lease has one token.")
    _until_idx = models.Index("(until)")
