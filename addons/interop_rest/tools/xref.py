"""Cross-references of identifiers: what is asked and answered (IHE PIXm, ITI-83,
``$ihe-pix``), and how a source system links."""

import re
from typing import NamedTuple

from . import query as query_tools

MAX_QUERY_BYTES = 4096
MAX_TARGETS = 20
MAX_TEXT = 255
TYPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-0203"
MEDIA_TYPE = "application/fhir+json"
# How a client may ask for JSON (FHIR R4, "Content Types and encodings"). A "+" that is
# not percent-encoded arrives as a space.
JSON_FORMATS = (
    "json",
    "application/json",
    "text/json",
    MEDIA_TYPE,
    MEDIA_TYPE.replace("+", " "),
)
_BAR = re.compile(r"(?<!\\)(?:\\\\)*(\|)")
_ESCAPED = re.compile(r"\\([\\|,$])")
_MEMBERS = {"sourceIdentifier", "facility", "_format"}
LINK_MEMBERS = {"identifier", "record", "facility"}


class Asked(NamedTuple):
    """A cross-reference: ``namespace`` and ``value`` of the source identifier,
    ``targets`` the namespaces wanted (empty: all), ``facility`` a code or ``""``,
    ``format`` the wanted format of the answer, ``""`` for the usual one."""

    namespace: str
    value: str
    targets: tuple
    facility: str
    format: str = ""

    def wants_json(self) -> bool:
        """Return whether JSON is an answer in the wanted format."""
        wanted = self.format.partition(";")[0].strip().lower()
        return not self.format or wanted in JSON_FORMATS


class Link(NamedTuple):
    """``identifier`` is to identify the record that ``record`` finds: both are
    ``{"system", "value"}``, the first one optionally with ``use`` and ``period``."""

    identifier: dict
    record: dict
    facility: str


def parse(query: bytes) -> Asked | None:
    """Return what a query string asks for.

    ``sourceIdentifier`` is a FHIR token, ``system|value``; ``targetSystem`` may be
    repeated; ``_format`` is the format of the answer. None unless every member is known
    and well-formed.
    """
    pairs = query_tools.pairs(query, MAX_TARGETS + 3, MAX_QUERY_BYTES)
    if pairs is None:
        return None
    targets = tuple(text for name, text in pairs if name == "targetSystem")
    rest = [pair for pair in pairs if pair[0] != "targetSystem"]
    found = query_tools.named(rest, _MEMBERS)
    if found is None:
        return None
    namespace, value = _token(found.get("sourceIdentifier", ""))
    if not (namespace and value and all(targets)):
        return None
    return Asked(
        namespace,
        value,
        targets,
        found.get("facility", ""),
        found.get("_format", ""),
    )


def _token(text: str) -> tuple:
    """Return system and value of a FHIR token, ``system|value``.

    A backslash escapes ``|``, ``,``, ``$`` and itself (FHIR R4, "Escaping Search
    Parameters"); in front of anything else it is an ordinary character.
    """
    bar = _BAR.search(text)
    if not bar:
        return "", ""
    parts = text[: bar.start(1)], text[bar.end(1) :]
    return tuple(_ESCAPED.sub(r"\1", part) for part in parts)


def signed_id(query: bytes) -> str:
    """Return the ``webhook-id`` under which a cross-reference is signed: it covers the
    query, which the signature itself does not."""
    return query_tools.signed_id("pix", query)


def answer(source: dict, identifiers: list) -> dict:
    """Return the FHIR ``Parameters`` of identifiers as messages carry them.

    The answer does not repeat ``source``, the identifier that was asked for (ITI-83,
    2:3.83.4.2.2.1). Without any other identifier it has no member ``parameter``: FHIR
    has no empty arrays.
    """
    asked = (source["system"], source["value"])
    found = [
        {"name": "targetIdentifier", "valueIdentifier": _identifier(wire)}
        for wire in identifiers
        if (wire["system"], wire["value"]) != asked
    ]
    parameters = {"parameter": found} if found else {}
    return {"resourceType": "Parameters", **parameters}


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
