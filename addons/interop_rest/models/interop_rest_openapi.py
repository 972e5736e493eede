"""The OpenAPI document of a client: the messages that it may send and receive."""

import json

from odoo import api, models

from odoo.addons.interop_base import const as base_const

from ..services.authenticate import authenticate, has_credentials, require_id
from ..services.call import Answer
from ..tools import headers, openapi
from ..tools.openapi_schemas import Contract


class InteropRestOpenapi(models.AbstractModel):
    """Builds the document from the catalogue at each request."""

    _name = "interop.rest.openapi"
    _description = "API Description"

    @api.model
    @api.private
    def _answer(self, call):
        """Return the OpenAPI document of the caller.

        A caller without credentials gets routes and errors only, if the Settings allow
        it. A caller whose authentication fails gets the usual 401.

        :raises Refused: authentication failed
        """
        if not has_credentials(call) and self.env["interop.rest.settings"]._is_public():
            document = openapi.document(call.base_url, more=self._more())
            return Answer(200, document, {})
        client_sudo, covered = authenticate(self.env, call)
        require_id(client_sudo, covered, headers.OPENAPI_ID)
        return Answer(200, self._document_of(client_sudo, call.base_url), {})

    @api.model
    @api.private
    def _document_of(self, client_sudo, base_url):
        """Return the OpenAPI document of one client."""
        inbound = client_sudo.interface_ids.filtered(
            lambda item: item.direction == "in" and item.state == "active"
        )
        return openapi.document(
            base_url,
            [
                contract._replace(**self._named_facilities(client_sudo, contract))
                for contract in self._documented(inbound)
            ],
            self._documented(self._sent_to(client_sudo)),
            self._more(),
        )

    @api.model
    def _more(self):
        """Return the additions of other addons to the document.

        Called for every document. An override adds its operations to those of
        ``super()`` and does not change them.

        :returns: ``{"tags": [...], "paths": {...}, "security": {...}}``
        """
        return {"tags": [], "paths": {}, "security": {}}

    @api.model
    def _named_facilities(self, client_sudo, documented):
        """Return the facilities for which the client may send a documented contract.

        :returns: ``facilities``, the codes that the system of the client uses, and
            ``names_facility``, whether messages have to name one
        """
        interfaces = client_sudo.interface_ids.filtered(
            lambda item: (
                item.direction == "in"
                and (documented.message_type, documented.version)
                in [(each.message_type, each.version) for each in item.contract_ids]
            )
        )
        served = interfaces.company_ids.filtered(client_sudo._serves)
        active = interfaces.filtered(lambda item: item.state == "active").company_ids
        codes = [
            client_sudo.system_id._code_for_company(company)
            for company in served & active
        ]
        return {
            "facilities": tuple(sorted(filter(None, codes))),
            "names_facility": len(served) > 1,
        }

    @api.model
    def _sent_to(self, client_sudo):
        """Return the outbound interfaces to the system and facilities of the client."""
        # sudo: service users have no rights on the catalogue
        sent_sudo = (
            client_sudo.env["interop.interface"]
            .sudo()
            .search(
                [
                    ("system_id", "=", client_sudo.system_id.id),
                    ("direction", "=", "out"),
                    ("transport", "=", "webhook"),
                    ("state", "=", "active"),
                ]
            )
        )
        return sent_sudo.filtered(
            lambda item: any(
                client_sudo._serves(company) for company in item.company_ids
            )
        )

    @api.model
    def _documented(self, interfaces):
        """Return the usable contracts of ``interfaces`` as plain data."""
        usable = interfaces.contract_ids.filtered(
            lambda item: item.state in base_const.USABLE_CONTRACT_STATES
        ).sorted(lambda item: (item.message_type, item.version))
        return [
            Contract(
                message_type=contract.message_type,
                version=contract.version,
                description=contract.description or "",
                schema=contract._schema(),
                examples=tuple(
                    (example.name, json.loads(example.body))
                    for example in contract.example_ids
                ),
                deprecated=contract.state == "deprecated",
                sunset=str(contract.sunset_date or ""),
            )
            for contract in usable
        ]
