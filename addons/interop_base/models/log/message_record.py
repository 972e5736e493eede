"""The record that a message is about."""

from odoo import api, fields, models

from .. import resources


class InteropMessageRecordMixin(models.AbstractModel):
    """A reference to any record, shown to users who may read that record."""

    _name = "interop.message.record.mixin"
    _description = "Record of a Message"

    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(
        "Record ID", model_field="res_model", readonly=True
    )
    resource_ref = fields.Reference(
        selection="_selection_resource_ref",
        string="Record",
        compute="_compute_resource_ref",
    )
    resource_name = fields.Char("Record Name", compute="_compute_resource_name")

    @api.model
    def _selection_resource_ref(self):
        # sudo: model names are no secret, and users may not read ir.model
        models_sudo = self.env["ir.model"].sudo().search([("transient", "=", False)])
        return [(model.model, model.name) for model in models_sudo]

    @api.depends("res_model", "res_id")
    @api.depends_context("uid")
    def _compute_resource_name(self):
        """Read names with one or two queries per model, because lists show them."""
        found = resources.readable(self)
        for message in self:
            record = found.get((message.res_model, message.res_id))
            message.resource_name = record and record.display_name

    @api.depends("res_model", "res_id")
    @api.depends_context("uid")
    def _compute_resource_ref(self):
        """Use it for one message: Odoo checks each assigned reference separately."""
        found = resources.readable(self)
        for message in self:
            key = (message.res_model, message.res_id)
            message.resource_ref = f"{key[0]},{key[1]}" if key in found else False
