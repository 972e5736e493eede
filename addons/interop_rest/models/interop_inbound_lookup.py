"""From one identifier to the others of the same record, for who may ask."""

from odoo import api, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import BusinessError
from odoo.addons.interop_base.tools import rfc3339
from odoo.addons.interop_identifier import const
from odoo.addons.interop_identifier.tools import period

from ..exceptions import Problem
from ..tools import lookup
from .inbound_types import Answer

# codes of the identifier service -> codes of a look-up
REFUSALS = {
    "unknown_namespace": "namespace_unknown",
    "namespace_not_allowed": "lookup_not_allowed",
    "identifier_invalid": "identifier_not_found",
    "identifier_placeholder": "identifier_not_found",
}


class InteropInbound(models.AbstractModel):
    """Runs with the rights of the service user, in one facility, for the namespaces
    that were approved for the client."""

    _inherit = "interop.inbound"

    @api.model
    @api.private
    def _lookup(self, call):
        """Answer which identifiers the record of an identifier has.

        :raises Problem: refused; what was asked is in no answer and no log
        """
        client_sudo, proven = self._authenticate(call, "may_read_identifiers")
        self._require_id(client_sudo, proven, lookup.signed_id(call.query))
        self._check_ready(client_sudo)
        asked = lookup.parse(call.query)
        if not asked:
            raise Problem("invalid_query", client=client_sudo.code)
        company = self._lookup_facility(client_sudo, asked.facility)
        identifiers = (
            client_sudo.env["interop.identifier"]
            .with_user(client_sudo.user_id)
            .with_context(allowed_company_ids=company.ids)
            .with_company(company)
        )
        at = self._lookup_moment(client_sudo, asked)
        named = self._lookup_named(client_sudo, identifiers, asked, company)
        row = named and self._lookup_row(identifiers, named, at)
        if not row:
            self._note_lookup(client_sudo, asked.facility, identifiers)
            # Answered, not raised: that somebody asked has to stay on record.
            return self._refusal(
                Problem("identifier_not_found", client=client_sudo.code), call
            )
        self._note_lookup(client_sudo, asked.facility, row)
        allowed = set(client_sudo.namespace_ids.mapped("uri"))
        record = identifiers.env[row.res_model].browse(row.res_id)
        wires = (
            identifiers._wire_at(record, company, at)
            if at
            else identifiers._wire(record, company)
        )
        found = [wire for wire in wires if wire["system"] in allowed]
        return Answer(200, {"status": row.state, "identifiers": found}, {})

    @api.model
    def _lookup_facility(self, client_sudo, code):
        """Return the facility in which is looked, one of the client's."""
        active = client_sudo.interface_ids.filtered(lambda item: item.state == "active")
        company = self._facility(client_sudo, active, code)
        if company not in active.company_ids or not client_sudo._serves(company):
            raise Problem("facility_not_allowed", client=client_sudo.code)
        in_force = active.filtered(
            lambda item: item._in_force() and company in item.company_ids
        )
        if (
            not in_force
            or company.interop_stopped_at
            or client_sudo.system_id.interop_stopped_at
        ):
            raise Problem("paused", client=client_sudo.code)
        return company

    @api.model
    def _lookup_named(self, client_sudo, identifiers, asked, company):
        """Return the identifier asked for, read by the rules of its namespace; None for
        a value that none can have."""
        namespace = None
        try:
            namespace = identifiers.env["interop.namespace"]._find(
                asked.namespace, company, client_sudo.system_id
            )
            if namespace not in client_sudo.namespace_ids:
                raise Problem("lookup_not_allowed", client=client_sudo.code)
            wire = {"system": asked.namespace, "value": asked.value}
            return identifiers._parse([wire], company, client_sudo.system_id)[0]
        except BusinessError as error:
            code = REFUSALS.get(error.code)
        if code == "identifier_not_found":
            return None
        raise Problem(code or "lookup_not_allowed", client=client_sudo.code)

    @api.model
    def _lookup_moment(self, client_sudo, asked):
        """Return the moment that is asked about (naive UTC), None for now."""
        try:
            return period.moment(asked.as_of, read_time=rfc3339.parse)
        except ValueError:
            raise Problem("invalid_query", client=client_sudo.code) from None

    @api.model
    def _lookup_row(self, identifiers, named, at=None):
        """Return the row that is meant now, or that was good ``at`` a moment, if the
        service user may read its record."""
        rows = identifiers._rows([named], const.RESOLVED_STATES)
        key = (named.namespace.id, named.normalized)
        found = rows.get(key, identifiers.browse())
        if const.HELD in found.mapped("state"):
            return found.browse()  # two records have it: a steward has to decide
        row = found._valid_at(at or clock.now())
        if not row or (at and not row._was_good(at)):
            return row.browse()
        record = identifiers.env[row.res_model].browse(row.res_id).exists()
        return row if record and record.has_access("read") else row.browse()

    @api.model
    def _note_lookup(self, client_sudo, facility, row):
        """Leave evidence of who looked up what, without the value."""
        what = f"identifier {row.id}" if row else "an identifier that is not here"
        detail = f"Looked up {what}" + (f" in {facility}" if facility else "")
        client_sudo.env["interop.audit.event"]._log("viewed", client_sudo, detail)
