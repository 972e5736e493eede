"""Customer invoices that leave Odoo."""

from odoo import fields, models


class AccountMove(models.Model):
    """Publishes posted customer invoices, in the transaction that posts them."""

    _inherit = "account.move"

    interop_message_count = fields.Integer(
        "Integration Messages",
        compute="_compute_interop_message_count",
        groups="interop_base.interop_base_group_user,interop_base.interop_base_group_auditor",
    )

    def _compute_interop_message_count(self):
        groups = self.env["interop.message"]._read_group(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)],
            ["res_id"],
            ["__count"],
        )
        counts = dict(groups)
        for move in self:
            move.interop_message_count = counts.get(move.id, 0)

    def _post(self, soft=True):
        posted = super()._post(soft)
        invoices = posted.filtered(
            lambda move: move.is_sale_document(include_receipts=True)
        )
        self.env["interop.event"]._publish("invoice.posted", invoices)
        return posted

    def action_view_interop_messages(self):
        """Open the messages about these invoices."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_message_action"
        )
        action["domain"] = [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        action["context"] = {}
        return action
