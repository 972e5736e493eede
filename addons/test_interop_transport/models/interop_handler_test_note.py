"""Content of the tests: a name."""

from odoo import models


class InteropHandlerTestNote(models.AbstractModel):
    """Sends the name of a contact, and creates a contact from a name."""

    _name = "interop.handler.test.note"
    _inherit = "interop.handler"
    _description = "Test Note Handler"

    def _build(self, record):
        return {"name": record.name}

    def _apply(self, message, data):
        # sudo: a service user with base rights only may not write contacts
        return self.env["res.partner"].sudo().create({"name": data["name"]})
