"""The content of the tests: a name."""

from odoo import models


class InteropHandlerTestNote(models.AbstractModel):
    """Tells the name of a contact, and makes one of a name."""

    _name = "interop.handler.test.note"
    _inherit = "interop.handler"
    _description = "Note of the Tests"

    def _build(self, record):
        return {"name": record.name}

    def _apply(self, message, data):
        # sudo: a service user of the ground alone may write nothing
        return self.env["res.partner"].sudo().create({"name": data["name"]})
