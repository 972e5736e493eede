"""Announce the end of a contract version in the answers to callers."""

from odoo import api, fields, models

from odoo.addons.interop_base import clock

from ..tools import lifecycle


class InteropContract(models.Model):
    """Adds the headers that announce when a deprecated version ends."""

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
        """Return the lifecycle headers of an answer about this version.

        They are empty unless the version is deprecated.
        """
        self.ensure_one()
        if self.state != "deprecated":
            return {}
        # The date is unknown if the version was deprecated before this addon was
        # installed. The publication date is then the best answer.
        since = self.deprecated_at or self.published_at
        return lifecycle.announcing(since, self.sunset_date or None)
