"""The dialog that asks for the reason of an emergency stop."""

from odoo import fields, models
from odoo.exceptions import UserError


class InteropStopWizard(models.TransientModel):
    """Stop interfaces, systems or facilities, with a recorded reason."""

    _name = "interop.stop.wizard"
    _description = "Emergency Stop"

    res_model = fields.Char(required=True, readonly=True)
    res_ids = fields.Char(required=True, readonly=True)
    reason = fields.Char(
        required=True,
        help="Shown to every user who can see the stop.",
    )

    def action_stop(self):
        """Stop the records (operators)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        model = self.env[self.res_model]
        if "interop_stopped_at" not in model._fields:
            raise UserError(self.env._("%s cannot be stopped.", model._description))
        records = model.browse(int(res_id) for res_id in self.res_ids.split(","))
        records.check_access("read")
        # sudo: operators may stop but not edit the catalogue
        records.sudo()._set_stopped(self.reason)
        return {"type": "ir.actions.act_window_close"}
