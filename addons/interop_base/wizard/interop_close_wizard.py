"""The dialog that asks for a reason before failed messages are closed."""

from odoo import fields, models
from odoo.exceptions import UserError

from ..models.log.message_actions import MessageActions

MODELS = ("interop.message", "interop.dead.letter.cause")


class InteropCloseWizard(models.TransientModel):
    """Close failed messages, or all messages of a cause, with a recorded reason."""

    _name = "interop.close.wizard"
    _description = "Close Failed Messages"

    res_model = fields.Char(required=True, readonly=True)
    res_ids = fields.Char(required=True, readonly=True)
    reason = fields.Char(
        required=True,
        help="Shown on each message and recorded in the audit trail.",
    )

    def action_close(self):
        """Close the messages; many messages are closed by a job with progress."""
        self.ensure_one()
        if self.res_model not in MODELS:
            raise UserError(self.env._("%s cannot be closed.", self.res_model))
        ids = [int(res_id) for res_id in self.res_ids.split(",") if res_id]
        records = self.env[self.res_model].browse(ids)
        if self.res_model == "interop.dead.letter.cause":
            return records._start("close", self.reason)
        count = records._close(self.reason)
        if not count:
            raise UserError(self.env._("Only failed messages can be closed."))
        text = self.env._("%s messages closed.", count)
        return MessageActions(records).notify(text)
