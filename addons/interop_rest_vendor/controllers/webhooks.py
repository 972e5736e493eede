"""The route for webhooks of third parties."""

from odoo.http import Controller, request, route

from odoo.addons.interop_rest.controllers.reading import (
    ROUTE,
    check_type,
    read_call,
    respond,
)

from ..services import webhook


class InteropWebhooks(Controller):
    """Webhooks with the signature scheme of a vendor."""

    @route(
        "/interop/v1/webhooks/<string:client>",
        readonly=False,
        interop_methods=["POST"],
        **ROUTE,
    )
    def receive_webhook(self, client):
        """Receive one webhook of a vendor."""
        check_type(may_be_form=True)
        return respond(webhook.receive(request.env, read_call(), client))
