"""Headers that a receiver wants besides ours."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import header_guard


class InteropEndpointHeader(models.Model):
    """One extra request header. Credentials do not belong here: they are secrets."""

    _name = "interop.endpoint.header"
    _description = "Extra Header of an Endpoint"
    _order = "endpoint_id, name, id"

    endpoint_id = fields.Many2one(
        "interop.endpoint", required=True, ondelete="cascade", index=True
    )
    name = fields.Char(required=True)
    value = fields.Char(required=True)

    @api.constrains("name", "value", "endpoint_id")
    def _check_headers(self):
        for endpoint in self.endpoint_id:
            try:
                header_guard.check_headers(
                    (header.name, header.value) for header in endpoint.header_ids
                )
            except header_guard.HeaderRefusal as refusal:
                raise ValidationError(str(refusal)) from None
