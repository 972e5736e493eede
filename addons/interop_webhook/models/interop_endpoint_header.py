"""Extra request headers of endpoints."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base.tools import approval

from ..tools import header_guard


class InteropEndpointHeader(models.Model):
    """One extra request header. Credentials are stored as secrets instead."""

    _name = "interop.endpoint.header"
    _description = "Extra Header of an Endpoint"
    _inherit = ["interop.approval.part.mixin"]
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

    @api.constrains("name", "endpoint_id")
    def _check_no_signature(self):
        self.endpoint_id._check_signature_headers()

    def _approval_part_fields(self):
        return {"endpoint_id", "name", "value"}

    def _approval_owners(self):
        return self.endpoint_id._approval_owners()

    def _part_audited(self):
        return self.endpoint_id

    def _part_text(self, name):
        """Use a digest of the value, so that the audit trail does not contain it."""
        if name == "value":
            return f"{self.name} {approval.digest(self.value)}"
        return super()._part_text(name)

    @api.model_create_multi
    def create(self, vals_list):
        """Create headers and write audit events."""
        headers = super().create(vals_list)
        for header in headers:
            text = f"Header: – → {header._part_text('value')}"
            self.env["interop.audit.event"]._log("changed", header.endpoint_id, text)
        return headers

    def unlink(self):
        """Delete headers and write audit events."""
        deleted = [(item.endpoint_id, item._part_text("value")) for item in self]
        result = super().unlink()
        for endpoint, text in deleted:
            if endpoint.exists():
                audit = self.env["interop.audit.event"]
                audit._log("changed", endpoint, f"Header: {text} → –")
        return result
