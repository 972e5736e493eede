"""Skip core's preparation of browser requests on routes for clients."""

from odoo import models
from odoo.http import request

from ..const import ROUTING_TYPE


class IrHttp(models.AbstractModel):
    """Routes for clients have no session, debug mode, language or editor.

    Addons such as ``auth_login`` read the query into the session here. Routes for clients
    have no session. Skipping this work also saves about the time of one signature check.
    """

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        if rule.endpoint.routing["type"] == ROUTING_TYPE:
            return request.dispatcher.pre_dispatch(rule, args)
        return super()._pre_dispatch(rule, args)
