"""Machine routes get none of what core prepares for people."""

from odoo import models
from odoo.http import request

from ..const import ROUTING_TYPE


class IrHttp(models.AbstractModel):
    """Sessions, debug modes, languages of pages and editors are not for machines.

    Other addons read the query into the session here (such as ``auth_login``), which
    must not happen to a route without one; and it would cost as much as checking a
    signature.
    """

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        if rule.endpoint.routing["type"] == ROUTING_TYPE:
            return request.dispatcher.pre_dispatch(rule, args)
        return super()._pre_dispatch(rule, args)
