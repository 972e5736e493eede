"""Requests and answers of cross-references (IHE PIXm, ITI-83, ``$ihe-pix``) and links."""

import re
from typing import NamedTuple

from . import query as query_tools

MAX_QUERY_BYTES = 4096
MAX_TARGETS = 20
MAX_TEXT = 255
TYPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-0203"
MEDIA_TYPE = "application/fhir+json"
# Values of _format that mean JSON (FHIR R4, "Content Types and encodings"). A "+" that is
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
    """A request: ``namespace`` and ``value`` of the source identifier.

    ``targets`` are the requested namespaces, empty for all. ``facility`` is a code or
    ``""``. ``format`` is the requested format of the answer, ``""`` for the default.
    """

    namespace: str
    value: str
    targets: tuple
    facility: str
    format: str = ""

    def wants_json(self) -> bool:
        """Return whether the requested format is JSON."""
        wanted = self.format.partition(";")[0].strip().lower()
        return not self.format or wanted in JSON_FORMATS


class Link(NamedTuple):
    """A request to link ``identifier`` to the record that has the identifier ``record``.

    Both are ``{"system", "value"}``. ``identifier`` may have ``use`` and ``period``.
    """

    identifier: dict
    record: dict
    facility: str


def parse(query: bytes) -> Asked | None:
    """Return the request in a query string, None if it is not valid.

    ``sourceIdentifier`` is a FHIR token, ``system|value``. ``targetSystem`` may be
    repeated. ``_format`` is the format of the answer.
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
    Parameters"). Before other characters it is an ordinary character.
    """
    bar = _BAR.search(text)
    if not bar:
        return "", ""
    parts = text[: bar.start(1)], text[bar.end(1) :]
    return tuple(_ESCAPED.sub(r"\1", part) for part in parts)


def signed_id(query: bytes) -> str:
    """Return the ``webhook-id`` that a signed cross-reference must have.

    It contains a hash of the query, because the signature itself does not cover the URL.
    """
    return query_tools.signed_id("pix", query)


def answer(source: dict, identifiers: list) -> dict:
    """Return the FHIR ``Parameters`` of identifiers in the format of messages.

    The answer does not repeat ``source``, the requested identifier (ITI-83,
    2:3.83.4.2.2.1). Without other identifiers it has no member ``parameter``, because FHIR
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
    """Return the request in a parsed JSON body, None if it is not valid."""
    if not isinstance(body, dict) or not body.keys() <= LINK_MEMBERS:
        return None
    identifier, record = body.get("identifier"), body.get("record")
    facility = body.get("facility", "")
    if not _is_wire(identifier, {"use", "period"}) or not _is_wire(record, set()):
        return None
    return Link(identifier, record, facility) if isinstance(facility, str) else None


def _is_wire(value, optional: set) -> bool:
    """Return whether ``value`` is an identifier; ``optional`` names further members."""
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
