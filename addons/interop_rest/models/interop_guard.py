"""The unique index that the replay guard rests on."""

from odoo import api, models


class InteropGuard(models.AbstractModel):
    """Without the index a message could be applied twice: nothing is accepted then."""

    _inherit = "interop.guard"

    @api.model
    def _guard_indexes(self):
        return [*super()._guard_indexes(), "interop_message_inbound_external_id_uniq"]
