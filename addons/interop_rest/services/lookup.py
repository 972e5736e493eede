"""Identifiers: from one to the others of the same record, and links told by their source.

Everything runs with the rights of the service user, in one facility, for the namespaces
that were approved for the client. What was asked is in no answer and no log.
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
    """Answer which identifiers the record of an identifier has.

    :raises Refused: refused
    """
    client_sudo, asked = read_query(env, call, "may_read_identifiers", lookup)
    directory = Directory(client_sudo, asked.facility)
    at = _moment(client_sudo, asked)
    row = directory.find(asked, at)
    directory.note(row)
    if not row:
        # Answered, not raised: that somebody asked has to stay on record.
        return _not_found(env, client_sudo, call)
    wires = directory.wires(row, at)
    allowed = set(client_sudo.namespace_ids.mapped("uri"))
    found = [wire for wire in wires if wire["system"] in allowed]
    return Answer(200, {"status": row.state, "identifiers": found}, {})


def cross_reference(env, call):
    """Answer all identifiers of a record, of the target namespaces if some are named
    (``$ihe-pix``).

    :raises Refused: refused
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
    """Link an identifier of the caller's own system to a record.

    A contradiction opens a case in the steward's queue and is answered, not raised, so
    that the case stays.

    :raises Refused: refused; nothing was linked
    """
    client_sudo, _proven = authenticate(env, call._replace(once=True))
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
    """The identifiers as one client sees them in one facility."""

    def __init__(self, client_sudo, facility):
        """Find the facility that the client means.

        :param str facility: code in the client's system, ``""`` for its only one
        :raises Refused: not one of the client's, or nothing moves there now
        """
        self.client_sudo = client_sudo
        self.facility = facility
        self.company = self._company()
        # Rights of the service user from here on.
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
        """Return the identifier asked for as it is now, or was ``at`` a moment, if the
        service user may read its record; else an empty recordset."""
        named = self._named(asked)
        return self._row(named, at) if named else self.identifiers.browse()

    def _named(self, asked):
        """Return the identifier asked for, read by the rules of its namespace; None for
        a value that none can have."""
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
            return found.browse()  # two records have it: a steward has to decide
        row = found._valid_at(at or clock.now())
        if not row or (at and not row._was_good(at)):
            return row.browse()
        record = self.record(row).exists()
        return row if record and record.has_access("read") else row.browse()

    def record(self, row):
        """Return the record of an identifier, as the service user sees it."""
        return self.identifiers.env[row.res_model].browse(row.res_id)

    def wires(self, row, at=None):
        """Return the identifiers of a record as messages write them."""
        record = self.record(row)
        if at:
            return self.identifiers._wire_at(record, self.company, at)
        return self.identifiers._wire(record, self.company)

    def targets(self, names):
        """Return the namespaces that are answered; a target that is not one of the
        client's is refused, known or not."""
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
        """Refuse a namespace that is not the caller's own."""
        client_sudo = self.client_sudo
        try:
            namespace = self._namespace(wire["system"])
        except BusinessError as error:
            code = LINK_REFUSALS.get(error.code, "link_not_allowed")
            raise Problem(code, client=client_sudo.code) from None
        # sudo: only whose it is; the catalogue is closed to service users
        if namespace.sudo().system_id != client_sudo.system_id:
            raise Problem("link_not_allowed", client=client_sudo.code)

    def note(self, row):
        """Leave evidence of who looked up what, without the value."""
        what = f"identifier {row.id}" if row else "an identifier that is not here"
        detail = f"Looked up {what}" + (f" in {self.facility}" if self.facility else "")
        audit = self.client_sudo.env["interop.audit.event"]
        audit._log("viewed", self.client_sudo, detail)


def _not_found(env, client_sudo, call):
    problem = Problem("identifier_not_found", client=client_sudo.code)
    return refusal(env, problem, call)


def _moment(client_sudo, asked):
    """Return the moment that is asked about (naive UTC), None for now."""
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
    # What linking reads of a message: who says so, and where.
    teller = env["interop.message"].new(
        {"company_id": company.id, "system_id": client_sudo.system_id.id}
    )
    code = "identifier_conflict"
    try:
        with env.cr.savepoint():
            created = identifiers._link(record, [wire], teller)
            return _answer_link(client_sudo, created, company)
    except PossibleDuplicate as error:
        if error.question:
            # sudo: the queue is the engine's
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
    """Return the answer, and leave evidence of what was linked, without values."""
    if not created:
        return Answer(200, {"status": "known"}, {})
    client_sudo.env["interop.audit.event"]._log(
        "linked",
        client_sudo,
        f"Linked identifier {created.id} in {company.name}",
    )
    return Answer(201, {"status": "linked"}, {})
