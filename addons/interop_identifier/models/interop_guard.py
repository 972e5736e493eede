"""Check the unique indexes that keep identifiers unique."""

from odoo import api, models


class InteropGuard(models.AbstractModel):
    """Stops messages while an index that keeps identifiers unique is missing."""

    _inherit = "interop.guard"

    @api.model
    def _guard_indexes(self):
        return [
            *super()._guard_indexes(),
            "interop_identifier_active_value_uniq",
            "interop_identifier_active_record_uniq",
            "interop_identifier_once_uniq",
            "interop_identifier_anchor_record_uniq",
            "interop_identifier_merge_merged_uniq",
        ]
