"""The handler of test messages."""

from odoo import models

from .. import const


class InteropHandlerTest(models.AbstractModel):
    """Builds made-up content without data of any record."""

    _name = f"interop.handler.{const.TEST_TYPE}"
    _inherit = "interop.handler"
    _description = "Test Message Handler"

    def _build(self, record):
        return {
            "endpoint": record.code,
            "note": "This is a test message. Verify its signature and do nothing else.",
        }

    def _business_key(self, record):
        return record.code
