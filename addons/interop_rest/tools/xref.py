"""Cross-references of identifiers: what is asked, in the spirit of IHE PIXm
(ITI-83, ``$ihe-pix``), what is answered, and how a source system links."""

from typing import NamedTuple
from urllib.parse import parse_qsl

from . import query as query_tools

MAX_QUERY_BYTES = 4096
MAX_TARGETS = 20
MAX_TEXT = 255
TYPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-0203"
LINK_MEMBERS = {"identifier", "record", "facility"}


class Asked(NamedTuple):
    """A cross-reference: ``namespace`` and ``value`` of the source identifier,
    ``targets`` the namespaces wanted (empty: all), ``facility`` a code or ``""``."""

    namespace: str
    value: str
    targets: tuple
    facility: str


class Link(NamedTuple):
    """``identifier`` is to identify the record that ``record`` finds: both are
    ``{"system", "value"}``, the first one optionally with ``use`` and ``period``."""

    identifier: dict
    record: dict
    facility: str


def parse(query: bytes) -> Asked | None:
    """Return what a query string asks for.

    ``sourceIdentifier`` is a FHIR token, ``system|value``; ``targetSystem`` may be
    repeated. None unless every member is known and well-formed.
    """
    if not query or len(query) > MAX_QUERY_BYTES:
        return None
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_TARGETS + 2,
        )
    except ValueError:
        return None
    targets = tuple(text for name, text in pairs if name == "targetSystem")
    rest = [pair for pair in pairs if pair[0] != "targetSystem"]
    found = dict(rest)
    if len(found) != len(rest) or not found.keys() <= {"sourceIdentifier", "facility"}:
        return None
    namespace, _bar, value = found.get("sourceIdentifier", "").partition("|")
    if not (namespace and value and all(targets)):
        return None
    if any("\x00" in text for text in (namespace, *targets, *found.values())):
        return None
    return Asked(namespace, value, targets, found.get("facility", ""))


def signed_id(query: bytes) -> str:
    """Return the ``webhook-id`` under which a cross-reference is signed: it covers the
    query, which the signature itself does not."""
    return query_tools.signed_id("pix", query)


def answer(status: str, identifiers: list) -> dict:
    """Return the FHIR ``Parameters`` of identifiers as messages carry them.

    ``status`` is that of the source identifier: ``merged`` says that the record was
    merged, and that these are the survivor's.
    """
    found = [
        {"name": "targetIdentifier", "valueIdentifier": _identifier(wire)}
        for wire in identifiers
    ]
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": "sourceStatus", "valueCode": status}, *found],
    }


def _identifier(wire: dict) -> dict:
    """Return a FHIR ``Identifier``."""
    result = {"system": wire["system"], "value": wire["value"]}
    if wire.get("use"):
        result["use"] = wire["use"]
    if wire.get("type"):
        result["type"] = {"coding": [{"system": TYPE_SYSTEM, "code": wire["type"]}]}
    return result


def parse_link(body) -> Link | None:
    """Return the link that a JSON body (already parsed) asks for, None unless every
    member is known and well-formed."""
    if not isinstance(body, dict) or not body.keys() <= LINK_MEMBERS:
        return None
    identifier, record = body.get("identifier"), body.get("record")
    facility = body.get("facility", "")
    if not _is_wire(identifier, {"use", "period"}) or not _is_wire(record, set()):
        return None
    return Link(identifier, record, facility) if isinstance(facility, str) else None


def _is_wire(value, optional: set) -> bool:
    """Say whether ``value`` is an identifier with no other members than these."""
    if not isinstance(value, dict) or not value.keys() <= {
        "system",
        "value",
        *optional,
    }:
        return False
    texts = [value.get("system"), value.get("value"), value.get("use", "usual")]
    if not all(_is_text(text) for text in texts):
        return False
    period = value.get("period", {})
    return (
        isinstance(period, dict)
        and period.keys() <= {"start", "end"}
        and all(_is_text(text) for text in period.values())
        and value.get("use", "usual")
        in ("usual", "official", "temp", "secondary", "old")
    )


def _is_text(value) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and "\x00" not in value
