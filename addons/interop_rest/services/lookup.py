"""Look up, cross-reference and link identifiers.

All operations use the rights of the service user, one facility, and the namespaces that
were approved for the client. Errors and logs never contain the identifier.
"""

from odoo.exceptions import AccessError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import (
    BusinessError,
    PossibleDuplicate,
    TechnicalError,
)
from odoo.addons.interop_base.inbound import pipeline, read, route
from odoo.addons.interop_base.tools import rfc3339, text
from odoo.addons.interop_identifier import const
from odoo.addons.interop_identifier.tools import period

from ..exceptions import Problem
from ..tools import lookup, xref
from .authenticate import authenticate
from .call import Answer
from .messages import refusal
from .querying import read_query

# codes of the identifier service -> codes of a look-up
REFUSALS = {
    "unknown_namespace": "namespace_unknown",
    "namespace_not_allowed": "lookup_not_allowed",
    "identifier_invalid": "identifier_not_found",
    "identifier_placeholder": "identifier_not_found",
}
# codes of the identifier service -> codes of a link
LINK_REFUSALS = {
    "unknown_namespace": "namespace_unknown",
    "namespace_not_allowed": "link_not_allowed",
    "namespace_not_owned": "link_not_allowed",
    "identifier_invalid": "identifier_invalid",
    "identifier_placeholder": "identifier_invalid",
}
LINK_LIMITS = {"max_depth": 5, "max_items": 50}


def look_up(env, call):
    """Answer the identifiers of the record that has a given identifier.

    :raises Refused: authentication failed, or the look-up is not valid or not allowed
    """
    client_sudo, asked = read_query(env, call, "may_read_identifiers", lookup)
    directory = Directory(client_sudo, asked.facility)
    at = _moment(client_sudo, asked)
    row = directory.find(asked, at)
    directory.note(row)
    if not row:
        # Answered, not raised: a rollback would remove the audit event.
        return _not_found(env, client_sudo, call)
    wires = directory.wires(row, at)
    allowed = set(client_sudo.namespace_ids.mapped("uri"))
    found = [wire for wire in wires if wire["system"] in allowed]
    return Answer(200, {"status": row.state, "identifiers": found}, {})


def cross_reference(env, call):
    """Answer the identifiers of a record in the target namespaces (``$ihe-pix``).

    :raises Refused: authentication failed, or the query is not valid or not allowed
    """
    client_sudo, asked = read_query(env, call, "may_read_identifiers", xref)
    if not asked.wants_json():
        raise Problem("not_acceptable", client=client_sudo.code)
    directory = Directory(client_sudo, asked.facility)
    source = lookup.Asked(asked.namespace, asked.value, asked.facility)
    row = directory.find(source)
    targets = directory.targets(asked.targets)
    directory.note(row)
    if not row:
        return _not_found(env, client_sudo, call)
    uris = set(targets.mapped("uri"))
    wires = [wire for wire in directory.wires(row) if wire["system"] in uris]
    source_wire = {"system": row.namespace_id.uri, "value": row.value}
    body = xref.answer(source_wire, wires)
    return Answer(200, body, {}, media_type=xref.MEDIA_TYPE)


def link(env, call):
    """Link an identifier of the caller's system to a record.

    A conflict opens a case for a steward. It is answered, not raised, because a rollback
    would remove the case.

    :raises Refused: nothing was linked
    """
    client_sudo, _covered = authenticate(env, call._replace(once=True))
    pipeline.check_ready(client_sudo)
    if not client_sudo.may_link:
        raise Problem("link_not_allowed", client=client_sudo.code)
    asked = _read_link(client_sudo, call.body)
    directory = Directory(client_sudo, asked.facility)
    directory.check_own(asked.identifier)
    source = lookup.Asked(asked.record["system"], asked.record["value"], asked.facility)
    row = directory.find(source)
    if not row:
        directory.note(row)
        return _not_found(env, client_sudo, call)
    record = directory.record(row)
    return _linked(client_sudo, record, asked.identifier, directory.company, call)


class Directory:
    """The identifiers that one client may see in one facility."""

    def __init__(self, client_sudo, facility):
        """Resolve the facility of the call.

        :param str facility: facility code of the client's system, ``""`` for its only one
        :raises Refused: the facility is not the client's, or is paused
        """
        self.client_sudo = client_sudo
        self.facility = facility
        self.company = self._company()
        # From here on the rights of the service user apply.
        self.identifiers = (
            client_sudo.env["interop.identifier"]
            .with_user(client_sudo.user_id)
            .with_context(allowed_company_ids=self.company.ids)
            .with_company(self.company)
        )

    def _company(self):
        client_sudo = self.client_sudo
        active = client_sudo.interface_ids.filtered(lambda item: item.state == "active")
        flows = [
            flow
            for flow in client_sudo._scope().flows
            if flow.interface_id in active._ids
        ]
        company_id = route.facility(client_sudo, flows, self.facility)
        serving = active.browse(
            flow.interface_id for flow in flows if company_id in flow.company_ids
        )
        if not serving:
            raise Problem("facility_not_allowed", client=client_sudo.code)
        company = client_sudo.env["res.company"].browse(company_id)
        if (
            not serving.filtered(lambda item: item._in_force())
            or company.interop_stopped_at
            or client_sudo.system_id.interop_stopped_at
        ):
            raise Problem("paused", client=client_sudo.code)
        return company

    def find(self, asked, at=None):
        """Return the requested identifier, or an empty recordset.

        :param lookup.Asked asked: the identifier
        :param at: naive UTC; None for the current state
        :returns: empty as well if the service user may not read the record
        """
        named = self._named(asked)
        return self._row(named, at) if named else self.identifiers.browse()

    def _named(self, asked):
        """Return the requested identifier, parsed by the rules of its namespace.

        :returns: None for a value that no identifier of the namespace can have
        """
        client_sudo, company = self.client_sudo, self.company
        try:
            namespace = self._namespace(asked.namespace)
            if namespace not in client_sudo.namespace_ids:
                raise Problem("lookup_not_allowed", client=client_sudo.code)
            wire = {"system": asked.namespace, "value": asked.value}
            return self.identifiers._parse([wire], company, client_sudo.system_id)[0]
        except BusinessError as error:
            code = REFUSALS.get(error.code)
        if code == "identifier_not_found":
            return None
        raise Problem(code or "lookup_not_allowed", client=client_sudo.code)

    def _namespace(self, name):
        return self.identifiers.env["interop.namespace"]._find(
            name, self.company, self.client_sudo.system_id
        )

    def _row(self, named, at):
        rows = self.identifiers._rows([named], const.RESOLVED_STATES)
        key = (named.namespace.id, named.normalized)
        found = rows.get(key, self.identifiers.browse())
        if const.HELD in found.mapped("state"):
            return found.browse()  # two records have it; a steward has to decide
        row = found._valid_at(at or clock.now())
        if not row or (at and not row._was_good(at)):
            return row.browse()
        record = self.record(row).exists()
        return row if record and record.has_access("read") else row.browse()

    def record(self, row):
        """Return the record of an identifier with the rights of the service user."""
        return self.identifiers.env[row.res_model].browse(row.res_id)

    def wires(self, row, at=None):
        """Return the identifiers of a record in the format of messages."""
        record = self.record(row)
        if at:
            return self.identifiers._wire_at(record, self.company, at)
        return self.identifiers._wire(record, self.company)

    def targets(self, names):
        """Return the target namespaces of an answer.

        :param names: names of the query; empty for all of the client
        :raises Problem: a namespace is not the client's, whether it exists or not
        """
        allowed = self.client_sudo.namespace_ids
        if not names:
            return allowed
        targets = allowed.browse()
        for name in names:
            try:
                found = self._namespace(name)
            except BusinessError:
                found = allowed.browse()
            if not found or found not in allowed:
                raise Problem("lookup_not_allowed", client=self.client_sudo.code)
            targets |= found
        return targets

    def check_own(self, wire):
        """Refuse a namespace whose source system is not the caller's system."""
        client_sudo = self.client_sudo
        try:
            namespace = self._namespace(wire["system"])
        except BusinessError as error:
            code = LINK_REFUSALS.get(error.code, "link_not_allowed")
            raise Problem(code, client=client_sudo.code) from None
        # sudo: reads only the source system; the catalogue is closed to service users
        if namespace.sudo().system_id != client_sudo.system_id:
            raise Problem("link_not_allowed", client=client_sudo.code)

    def note(self, row):
        """Write an audit event of the look-up, without the value."""
        found = f"identifier {row.id}" if row else "an unknown identifier"
        detail = f"Looked up {found}"
        if self.facility:
            detail += f" in {self.facility}"
        audit = self.client_sudo.env["interop.audit.event"]
        audit._log("viewed", self.client_sudo, detail)


def _not_found(env, client_sudo, call):
    problem = Problem("identifier_not_found", client=client_sudo.code)
    return refusal(env, problem, call)


def _moment(client_sudo, asked):
    """Return the requested point in time (naive UTC), None for now."""
    try:
        return period.moment(asked.as_of, read_time=rfc3339.parse)
    except ValueError:
        raise Problem("invalid_query", client=client_sudo.code) from None


def _read_link(client_sudo, body):
    """Return the ``xref.Link`` of a body."""
    limits = client_sudo.env["interop.rest.settings"]._limits()
    value = read.parse(body, limits._replace(**LINK_LIMITS))
    found = xref.parse_link(value)
    if not found or text.control_pointers(value):
        raise Problem("invalid_link", client=client_sudo.code)
    return found


def _linked(client_sudo, record, wire, company, call):
    """Link in a savepoint and answer."""
    env = client_sudo.env
    identifiers = record.env["interop.identifier"]
    # Linking reads the sending system and the facility from a message.
    message = env["interop.message"].new(
        {"company_id": company.id, "system_id": client_sudo.system_id.id}
    )
    code = "identifier_conflict"
    try:
        with env.cr.savepoint():
            created = identifiers._link(record, [wire], message)
            return _answer_link(client_sudo, created, company)
    except PossibleDuplicate as error:
        if error.question:
            # sudo: service users have no rights on cases
            env["interop.identity.case"]._open(
                error.question, company=company, system=client_sudo.system_id
            )
    except TechnicalError as error:
        raise Problem("technical", reason=error.code, client=client_sudo.code) from None
    except BusinessError as error:
        code = LINK_REFUSALS.get(error.code, "identifier_conflict")
    except AccessError:
        code = "link_not_allowed"
    return refusal(env, Problem(code, client=client_sudo.code), call)


def _answer_link(client_sudo, created, company):
    """Return the answer, and write an audit event without the value."""
    if not created:
        return Answer(200, {"status": "known"}, {})
    client_sudo.env["interop.audit.event"]._log(
        "linked",
        client_sudo,
        f"Linked identifier {created.id} in {company.name}",
    )
    return Answer(201, {"status": "linked"}, {})
