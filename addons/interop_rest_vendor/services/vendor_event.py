"""Read the events of a webhook body, and put each event into an envelope."""

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
    """One event of a body.

    ``pointer`` is its place in the body. ``body`` are the bytes that identify it.
    ``default_id`` is its id if the content has no id. ``position`` is its position in a
    list, from 1.
    """

    value: object
    pointer: str
    body: bytes
    default_id: str
    position: int | None = None


def events(client_sudo, value, body, verified, max_events):
    """Return the events of a verified body, and whether they are in a list.

    :param client_sudo: the client with the places of the events
    :param value: the parsed body
    :param bytes body: the body as it was sent
    :param verified: ``vendor_signatures.Verified``
    :param int max_events: maximum number of events in one body
    :returns: ``(list of VendorEvent, bool)``
    :raises Problem: several events where one is expected, too many events, or no list
    """
    place = client_sudo.event_list_path or ""
    found = vendor_envelope.find(value, place)
    pointers = [client_sudo[name] or "" for name in client_sudo._event_places()]
    if not place and (
        not isinstance(found, list) or vendor_envelope.starts_in_a_list(pointers)
    ):
        _check_single(client_sudo, value)
        own_id = verified.msg_id or vendor_signatures.body_id(body)
        return [VendorEvent(value, "", body, own_id)], False
    if not isinstance(found, list):
        raise _invalid(
            client_sudo, place, "missing_member", "The list of events is missing."
        )
    if len(found) > max_events:
        raise Problem("batch_too_long", client=client_sudo.code)
    return _listed(found, place, verified), True


def _check_single(client_sudo, value):
    """Refuse a body with several events if the client is set up for one event."""
    for name in ("event_data_path", "event_id_path"):
        if vendor_envelope.passes_over(value, client_sudo[name] or ""):
            raise Problem("several_events", client=client_sudo.code)


def _listed(elements, place, verified):
    """Return the events of a list.

    An event gets the same id when it is sent again: the signed id with its position, or a
    hash of its content.
    """
    found, seen = [], Counter()
    for number, element in enumerate(elements):
        body = vendor_envelope.element_bytes(element)
        if verified.msg_id:
            own_id = headers.message_id(f"{verified.msg_id}:{number}")
        else:
            own_id = vendor_signatures.body_id(body)
            seen[own_id] += 1
            if seen[own_id] > 1:
                own_id = f"{own_id}:{seen[own_id]}"
        pointer = f"{place}/{number}"
        found.append(VendorEvent(element, pointer, body, own_id, number + 1))
    return found


def enveloped(client_sudo, event, contract, verified):
    """Return the envelope of an event.

    :raises Problem: a place that is set up on the client is missing in the event
    """
    path = client_sudo.event_data_path or ""
    data = vendor_envelope.find(event.value, path)
    facility = client_sudo.event_facility_path
    try:
        if data is MISSING:
            raise EnvelopeError(
                "missing_member", path, "The data of the event is missing."
            )
        return envelope_tools.parse_envelope(
            envelope_tools.build(
                id=_own_id(client_sudo, event),
                type=contract.message_type,
                schema_version=contract.version,
                source=f"urn:interop:client:{client_sudo.code}",
                occurred_at=_occurred_at(client_sudo, event, verified),
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
    """Return epoch and sequence, which order events with the same time.

    They are the minute of arrival and the position in the list. Events in one body often
    share one signed time or one second.
    """
    if not event.position:
        return {}
    return {"sequence": event.position, "epoch": clock.timestamp() // 60}


def _own_id(client_sudo, event):
    """Return the id of an event.

    :raises EnvelopeError: the id is missing
    """
    path = client_sudo.event_id_path
    if not path:
        return event.default_id
    found = vendor_envelope.text_at(event.value, path)
    if not found:
        raise EnvelopeError("missing_member", path, "The id of the event is missing.")
    return headers.message_id(found)


def _occurred_at(client_sudo, event, verified):
    """Return the time of an event: its own time, else the signed time.

    The time of arrival is used only if neither is set up. If a configured time cannot be
    read, the time of arrival is not used, because old content could then replace newer
    content.

    :raises EnvelopeError: the time is missing or cannot be read, and no time is signed
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
    if verified.timestamp is not None:
        return datetime.fromtimestamp(verified.timestamp, UTC)
    if path:
        raise EnvelopeError(
            "invalid_timestamp",
            path,
            "The time of the event is missing, or does not have the format that is set up on "
            "the client. A time without an offset needs a time zone.",
        )
    return clock.now()


def _invalid(client_sudo, pointer, code, detail):
    """Return the problem of a body in which a member is missing or wrong."""
    entry = {"pointer": pointer, "detail": detail, "code": code}
    return Problem(
        "invalid_envelope", reason=code, errors=[entry], client=client_sudo.code
    )


def located(problem, event, data_path):
    """Change the pointers of a problem from the envelope to the body of the webhook.

    :param str data_path: place of the data in the event
    """
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
