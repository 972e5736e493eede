"""Cross-references of identifiers, and links told by their source system."""

from odoo import api, models
from odoo.exceptions import AccessError

from odoo.addons.interop_base.exceptions import (
    BusinessError,
    PossibleDuplicate,
    TechnicalError,
)
from odoo.addons.interop_base.tools import jsonlimits, text
from odoo.addons.interop_base.tools.errors import EnvelopeError

from ..exceptions import Problem
from ..tools import lookup, problems, xref
from .inbound_types import Answer

# codes of the identifier service -> codes of a link
REFUSALS = {
    "unknown_namespace": "namespace_unknown",
    "namespace_not_allowed": "link_not_allowed",
    "namespace_not_owned": "link_not_allowed",
    "identifier_invalid": "identifier_invalid",
    "identifier_placeholder": "identifier_invalid",
}


class InteropInbound(models.AbstractModel):
    """With the rights of the service user, in one facility, like a look-up."""

    _inherit = "interop.inbound"

    # ------------------------------------------------------------------
    # $ihe-pix
    # ------------------------------------------------------------------
    @api.model
    @api.private
    def _cross_reference(self, call):
        """Answer all identifiers of a record, of the target namespaces if some are
        named.

        :raises Problem: refused; what was asked is in no answer and no log
        """
        client_sudo, proven = self._authenticate(call, "may_read_identifiers")
        self._require_id(client_sudo, proven, xref.signed_id(call.query))
        self._check_ready(client_sudo)
        asked = xref.parse(call.query)
        if not asked:
            raise Problem("invalid_query", client=client_sudo.code)
        if not asked.wants_json():
            raise Problem("not_acceptable", client=client_sudo.code)
        company = self._lookup_facility(client_sudo, asked.facility)
        identifiers = self._identifiers_for(client_sudo, company)
        source = lookup.Asked(asked.namespace, asked.value, asked.facility)
        row = self._found_row(client_sudo, identifiers, source, company)
        targets = self._targets(client_sudo, identifiers, asked.targets, company)
        self._note_lookup(client_sudo, asked.facility, row)
        if not row:
            return self._refusal(
                Problem("identifier_not_found", client=client_sudo.code), call
            )
        record = identifiers.env[row.res_model].browse(row.res_id)
        uris = set(targets.mapped("uri"))
        wires = [
            wire
            for wire in identifiers._wire(record, company)
            if wire["system"] in uris
        ]
        source_wire = {"system": row.namespace_id.uri, "value": row.value}
        body = xref.answer(source_wire, wires)
        return Answer(200, body, {}, media_type=xref.MEDIA_TYPE)

    @api.model
    def _identifiers_for(self, client_sudo, company):
        """Return the identifier model as the service user sees it in ``company``."""
        return (
            client_sudo.env["interop.identifier"]
            .with_user(client_sudo.user_id)
            .with_context(allowed_company_ids=company.ids)
            .with_company(company)
        )

    @api.model
    def _found_row(self, client_sudo, identifiers, asked, company):
        """Return the identifier that is asked for, empty if there is none to see."""
        named = self._lookup_named(client_sudo, identifiers, asked, company)
        return self._lookup_row(identifiers, named) if named else identifiers.browse()

    @api.model
    def _targets(self, client_sudo, identifiers, names, company):
        """Return the namespaces that are answered; a target that is not one of the
        client's is refused, known or not."""
        allowed = client_sudo.namespace_ids
        if not names:
            return allowed
        targets = allowed.browse()
        for name in names:
            try:
                found = identifiers.env["interop.namespace"]._find(
                    name, company, client_sudo.system_id
                )
            except BusinessError:
                found = allowed.browse()
            if not found or found not in allowed:
                raise Problem("lookup_not_allowed", client=client_sudo.code)
            targets |= found
        return targets

    # ------------------------------------------------------------------
    # Linking
    # ------------------------------------------------------------------
    @api.model
    @api.private
    def _link_identifier(self, call):
        """Link an identifier of the caller's own system to a record.

        A contradiction opens a case in the steward's queue and is answered, not
        raised, so that the case stays.

        :raises Problem: refused; nothing was linked
        """
        client_sudo, _proven = self._authenticate(call._replace(once=True))
        self._check_ready(client_sudo)
        if not client_sudo.may_link:
            raise Problem("link_not_allowed", client=client_sudo.code)
        asked = self._read_link(client_sudo, call.body)
        company = self._lookup_facility(client_sudo, asked.facility)
        identifiers = self._identifiers_for(client_sudo, company)
        self._check_own(client_sudo, identifiers, asked.identifier, company)
        source = lookup.Asked(
            asked.record["system"], asked.record["value"], asked.facility
        )
        row = self._found_row(client_sudo, identifiers, source, company)
        if not row:
            self._note_lookup(client_sudo, asked.facility, row)
            return self._refusal(
                Problem("identifier_not_found", client=client_sudo.code), call
            )
        record = identifiers.env[row.res_model].browse(row.res_id)
        return self._linked(client_sudo, record, asked.identifier, company, call)

    @api.model
    def _read_link(self, client_sudo, body):
        """Return the ``xref.Link`` of a body."""
        try:
            value = jsonlimits.parse(
                body, max_bytes=self._max_body_bytes(), max_depth=5, max_items=50
            )
        except EnvelopeError as error:
            raise self._refused(problems.READER_CODES.get(error.code), error) from None
        link = xref.parse_link(value)
        if not link or text.control_pointers(value):
            raise Problem("invalid_link", client=client_sudo.code)
        return link

    @api.model
    def _check_own(self, client_sudo, identifiers, wire, company):
        """Refuse a namespace that is not the caller's own."""
        try:
            namespace = identifiers.env["interop.namespace"]._find(
                wire["system"], company, client_sudo.system_id
            )
        except BusinessError as error:
            code = REFUSALS.get(error.code, "link_not_allowed")
            raise Problem(code, client=client_sudo.code) from None
        # sudo: only whose it is; the catalogue is closed to service users
        if namespace.sudo().system_id != client_sudo.system_id:
            raise Problem("link_not_allowed", client=client_sudo.code)

    @api.model
    def _linked(self, client_sudo, record, wire, company, call):
        """Link in a savepoint and answer."""
        identifiers = record.env["interop.identifier"]
        # What linking reads of a message: who says so, and where.
        teller = client_sudo.env["interop.message"].new(
            {"company_id": company.id, "system_id": client_sudo.system_id.id}
        )
        code = "identifier_conflict"
        try:
            with self.env.cr.savepoint():
                created = identifiers._link(record, [wire], teller)
                return self._answer_link(client_sudo, created, company)
        except PossibleDuplicate as error:
            if error.question:
                # sudo: the queue is the engine's
                client_sudo.env["interop.identity.case"]._open(
                    error.question, company=company, system=client_sudo.system_id
                )
        except TechnicalError as error:
            raise Problem(
                "technical", reason=error.code, client=client_sudo.code
            ) from None
        except BusinessError as error:
            code = REFUSALS.get(error.code, "identifier_conflict")
        except AccessError:
            code = "link_not_allowed"
        return self._refusal(Problem(code, client=client_sudo.code), call)

    @api.model
    def _answer_link(self, client_sudo, created, company):
        """Return the answer, and leave evidence of what was linked, without values."""
        if not created:
            return Answer(200, {"status": "known"}, {})
        client_sudo.env["interop.audit.event"]._log(
            "linked",
            client_sudo,
            f"Linked identifier {created.id} in {company.name}",
        )
        return Answer(201, {"status": "linked"}, {})
