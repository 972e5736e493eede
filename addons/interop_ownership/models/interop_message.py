"""Store the provenance of each value that a message sets."""

from odoo import api, models


class InteropMessage(models.Model):
    """Adds provenance, which outlives messages and names the last message of a value."""

    _inherit = "interop.message"

    @api.model
    @api.private
    def _field_sources(self, model, ids, since):
        found = super()._field_sources(model, ids, since)
        # sudo: see the extended method
        rows_sudo = self.env["interop.provenance"].sudo()
        for row_sudo in rows_sudo.search(
            [
                ("res_model", "=", model),
                ("res_id", "in", ids),
                ("system_id", "!=", False),
                ("set_at", ">=", since),
            ]
        ):
            found[row_sudo.res_id, row_sudo.field_name] = (
                row_sudo,
                row_sudo.message_ref or "–",
                row_sudo.set_at,
            )
        return found
