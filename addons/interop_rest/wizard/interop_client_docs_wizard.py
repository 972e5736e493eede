"""Show the API description of a client to users of Odoo."""

from markupsafe import Markup

from odoo import api, fields, models

from ..tools import docs_page


class InteropClientDocsWizard(models.TransientModel):
    """Shows the page that the partner gets at ``/interop/v1/docs``; stores nothing."""

    _name = "interop.client.docs.wizard"
    _description = "API Description"

    client_id = fields.Many2one(
        "interop.client",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env["interop.client"].search([], limit=1),
        help="The description lists the messages of the active interfaces of this client.",
    )
    content = fields.Html(compute="_compute_content", sanitize=False)

    @api.depends("client_id")
    def _compute_content(self):
        openapi = self.env["interop.rest.openapi"]
        base_url = self.env["interop.rest.settings"]._public_url()
        for wizard in self:
            client = wizard.client_id
            if not client:
                wizard.content = False
                continue
            client.check_access("read")
            # sudo: shows the contracts and interfaces of the client; the user may read
            # the client
            document = openapi._document_of(client.sudo(), base_url)
            # The tool escapes every text.
            wizard.content = Markup(docs_page.fragment(document))
