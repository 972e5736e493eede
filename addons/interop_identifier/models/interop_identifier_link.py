"""What a message says about identifiers that is not known yet."""

from odoo import api, models

from .. import const


class InteropIdentifier(models.Model):
    """Steps of linking."""

    _inherit = "interop.identifier"

    @api.model
    def _has_news(self, record, named, rows):
        """Say whether linking changes anything about ``record``."""
        for item in named:
            known = rows.get((item.namespace.id, item.normalized), self.browse())
            current = known.filtered(
                lambda row: (
                    row.state in const.LOOKUP_STATES
                    and (row.res_model, row.res_id) == (record._name, record.id)
                )
            )
            if not current or any(row._news(item) for row in current):
                return True
        return False

    def _news(self, item):
        """Return what a message says about this identifier that is not known."""
        return {
            name: value
            for name, value in (
                ("use", item.use),
                ("period_start", item.start),
                ("period_end", item.end),
            )
            if value and self[name] != value
        }

    def _update_from(self, item):
        """Take over use and period from a message that knows them."""
        vals = self._news(item)
        if vals:
            self.write(vals)
