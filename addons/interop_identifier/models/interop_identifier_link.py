"""What a message says about identifiers that is not known yet."""

from odoo import models


class InteropIdentifier(models.Model):
    """Steps of linking."""

    _inherit = "interop.identifier"

    def _hold_record(self):
        """Queue up with merges of the records of these rows, before the rows are
        touched: a merge locks in the same order."""
        for model, rows in self.grouped("res_model").items():
            self.env["interop.identifier.anchor"]._lock(model, rows.mapped("res_id"))

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

    def _update_from(self, item, message):
        """Take over use and period from a message that knows them.

        Only the source system of a namespace says so; from others they are hearsay,
        for which no message is refused.
        """
        owner = item.namespace.system_id
        if owner and owner != message.system_id:
            return
        vals = self._news(item)
        if vals:
            self._hold_record()
            self.write(vals)
