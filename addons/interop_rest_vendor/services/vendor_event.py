"""One event of a third party: read from its place in a body, put into an envelope."""

from collections import Counter
from datetime import UTC, datetime
from typing import NamedTuple

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import envelope as envelope_tools
from odoo.addons.interop_base.tools import rfc3339
from odoo.addons.interop_base.tools.errors import EnvelopeError
from odoo.addons.interop_rest.exceptions import Problem
from odoo.addons.interop_rest.tools import headers

from ..tools import vendor_envelope, vendor_signatures, vendor_times

MISSING = vendor_envelope.MISSING


class VendorEvent(NamedTuple):
    """One event. ``pointer`` is where it stands in the body, ``body`` are the bytes that
    it is known by, ``default_id`` is its id where its content has none, ``position`` is
    its place in a list, from 1."""

    value: object
    pointer: str
    body: bytes
    default_id: str
    position: int | None = None


def events(client_sudo, value, body, proven, most):
    """Return the events of a verified body, and whether they came in a list.

    :param client_sudo: the client, whose configuration says where the events are
    :param value: the body, parsed
    :param bytes body: the body as it was sent
    :param proven: ``vendor_signatures.Proven``
    :param int most: how many events one body may have
    :returns: ``(list of VendorEvent, bool)``
    :raises Problem: several events where one is expected, too many, or no list
    """
    place = client_sudo.event_list_path or ""
    found = vendor_envelope.find(value, place)
    pointers = [client_sudo[name] or "" for name in client_sudo._event_places()]
    if not place and (
        not isinstance(found, list) or vendor_envelope.starts_in_a_list(pointers)
    ):
        _check_single(client_sudo, value)
        own_id = proven.msg_id or vendor_signatures.body_id(body)
        return [VendorEvent(value, "", body, own_id)], False
    if not isinstance(found, list):
        raise _invalid(client_sudo, place, "missing_member", "A list is missing.")
    if len(found) > most:
        raise Problem("batch_too_long", client=client_sudo.code)
    return _listed(found, place, proven), True


def _check_single(client_sudo, value):
    """Refuse a body of several events, of which only one would be taken."""
    for name in ("event_data_path", "event_id_path"):
        if vendor_envelope.passes_over(value, client_sudo[name] or ""):
            raise Problem("several_events", client=client_sudo.code)


def _listed(elements, place, proven):
    """Return the events of a list, each with an id that is the same when it is sent
    again: by the signed id and its number, or by its content."""
    found, seen = [], Counter()
    for number, element in enumerate(elements):
        body = vendor_envelope.element_bytes(element)
        if proven.msg_id:
            own_id = headers.message_id(f"{proven.msg_id}:{number}")
        else:
            own_id = vendor_signatures.body_id(body)
            seen[own_id] += 1
            if seen[own_id] > 1:
                own_id = f"{own_id}:{seen[own_id]}"
        pointer = f"{place}/{number}"
        found.append(VendorEvent(element, pointer, body, own_id, number + 1))
    return found


def enveloped(client_sudo, event, contract, proven):
    """Return the envelope of an event.

    :raises Problem: a place that the client's configuration names holds nothing
    """
    path = client_sudo.event_data_path or ""
    data = vendor_envelope.find(event.value, path)
    facility = client_sudo.event_facility_path
    try:
        if data is MISSING:
            raise EnvelopeError("missing_member", path, "The data is missing.")
        return envelope_tools.parse_envelope(
            envelope_tools.build(
                id=_own_id(client_sudo, event),
                type=contract.message_type,
                schema_version=contract.version,
                source=f"urn:interop:client:{client_sudo.code}",
                occurred_at=_occurred_at(client_sudo, event, proven),
                data=data,
                **_order(event),
                facility=vendor_envelope.text_at(event.value, facility)
                if facility
                else "",
            )
        )
    except EnvelopeError as error:
        problem = (error.pointer, error.code, error.message)
    raise _invalid(client_sudo, *problem)


def _order(event):
    """Return what decides between events of one moment: the minute of arrival, then the
    place in the list. One signed time, or one second, often covers a whole body."""
    if not event.position:
        return {}
    return {"sequence": event.position, "epoch": clock.timestamp() // 60}


def _own_id(client_sudo, event):
    """Return the id by which an event is known."""
    path = client_sudo.event_id_path
    if not path:
        return event.default_id
    found = vendor_envelope.text_at(event.value, path)
    if not found:
        raise EnvelopeError("missing_member", path, "The id of the event is missing.")
    return headers.message_id(found)


def _occurred_at(client_sudo, event, proven):
    """Return when an event happened: by its own time, else by the signed one.

    Only where neither is set up it is the moment of arrival. A time that is set up and
    cannot be read is never "now": an old statement would win over a newer one.
    """
    path = client_sudo.event_time_path
    value = vendor_envelope.find(event.value, path) if path else MISSING
    if value is not MISSING:
        moment = vendor_times.read(
            value,
            client_sudo.event_time_format,
            client_sudo.event_time_zone or "",
            rfc3339.parse,
            clock.now(),
        )
        if moment:
            return moment
    if proven.timestamp is not None:
        return datetime.fromtimestamp(proven.timestamp, UTC)
    if path:
        raise EnvelopeError(
            "invalid_timestamp",
            path,
            "The time of the event is missing, or it is not written as set up with the "
            "client. A time without an offset needs a time zone.",
        )
    return clock.now()


def _invalid(client_sudo, pointer, code, detail):
    """Return the problem of a body in which something is missing."""
    entry = {"pointer": pointer, "detail": detail, "code": code}
    return Problem(
        "invalid_envelope", reason=code, errors=[entry], client=client_sudo.code
    )


def located(problem, event, data_path):
    """Change the pointers of a problem from the envelope of an event to the body that it
    came in, so that its sender finds the place."""
    for entry in problem.errors:
        pointer = entry.get("pointer", "")
        if pointer == "/data" or pointer.startswith("/data/"):
            pointer = data_path + pointer.removeprefix("/data")
        entry["pointer"] = event.pointer + pointer
    if not problem.errors:
        title = "This event caused the error. See code and detail."
        problem.errors = [
            {"pointer": event.pointer, "detail": title, "code": problem.code}
        ]
    return problem
