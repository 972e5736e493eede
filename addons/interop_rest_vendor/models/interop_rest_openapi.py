"""The operation for webhooks of third parties in the API description."""

from odoo import api, models

from odoo.addons.interop_rest.tools import headers, openapi_parts

from ..tools import openapi_vendors


class InteropRestOpenapi(models.AbstractModel):
    """Adds the route of this addon."""

    _inherit = "interop.rest.openapi"

    @api.model
    def _more(self):
        more = super()._more()
        operation = openapi_vendors.receive_webhook(openapi_parts, headers)
        return {
            "tags": [*more["tags"], openapi_vendors.TAG],
            "paths": {
                **more["paths"],
                "/interop/v1/webhooks/{client}": {"post": operation},
            },
            "security": {**more["security"], **openapi_vendors.SECURITY},
        }
