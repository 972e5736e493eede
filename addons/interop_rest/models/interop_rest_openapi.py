"""The OpenAPI document: what a client may send and is sent, and nothing else."""

import json

from odoo import api, models

from odoo.addons.interop_base import const as base_const

from ..services.authenticate import authenticate, is_signed, require_id
from ..services.call import Answer
from ..tools import headers, openapi
from ..tools.openapi_schemas import Contract


class InteropRestOpenapi(models.AbstractModel):
    """The document is made from the catalogue whenever it is asked for."""

    _name = "interop.rest.openapi"
    _description = "API Description"

    @api.model
    @api.private
    def _answer(self, call):
        """Return the OpenAPI document of the caller.

        Who does not authenticate at all gets the skeleton if the Settings allow it; who
        tries to and fails gets the same 401 as everywhere.

        :raises Refused: refused
        """
        if not is_signed(call) and self.env["interop.rest.settings"]._is_public():
            document = openapi.document(call.base_url, more=self._more())
            return Answer(200, document, {})
        client_sudo, proven = authenticate(self.env, call)
        require_id(client_sudo, proven, headers.OPENAPI_ID)
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
        """Return what other addons add to the document.

        Called for every document. An override adds its operations to those of
        ``super()`` and changes none of them.

        :returns: ``{"tags": [...], "paths": {...}, "security": {...}}``
        """
        return {"tags": [], "paths": {}, "security": {}}

    @api.model
    def _named_facilities(self, client_sudo, documented):
        """Return for which facilities the client may send a documented contract, by
        the codes of its system, and whether it has to say for which."""
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
        """Return the interfaces on which the system of the client is called by us, about
        facilities that are the client's."""
        # sudo: a machine is no user of the catalogue
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
        """Return the usable contracts of ``interfaces`` as the document wants them."""
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
