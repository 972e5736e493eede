"""What callers are told about the end of a contract version."""

from odoo import api, fields, models

from odoo.addons.interop_base import clock

from ..tools import lifecycle


class InteropContract(models.Model):
    """Deprecated versions announce their end with every answer; retired ones name their
    successor."""

    _inherit = "interop.contract"

    deprecated_at = fields.Datetime("Deprecated On", readonly=True, copy=False)

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {"deprecated_at"}

    def _set_deprecated(self):
        moved = super()._set_deprecated()
        moved._transition({"deprecated_at": clock.now()})
        return moved

    def _lifecycle_headers(self):
        """Return the headers of an answer about this version."""
        self.ensure_one()
        if self.state != "deprecated":
            return {}
        # Deprecated before this addon was installed: not later than it was published.
        since = self.deprecated_at or self.published_at
        return lifecycle.announcing(since, self.sunset_date or None)
