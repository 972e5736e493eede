"""OpenAPI of the operations that cross-reference and link identifiers."""

from . import openapi_parts as parts
from . import xref

CROSS_REFERENCE = (
    *parts.LOOKUP,
    *parts.CROSS_REFERENCE,
    *parts.LOOKUP_FACILITY,
    "unauthorized",
    *parts.EVERYWHERE,
)
LINKING = (
    *parts.LINK,
    "namespace_unknown",
    "lookup_not_allowed",
    "identifier_not_found",
    "identifier_invalid",
    "invalid_json",
    "unsupported_media_type",
    "technical",
    *parts.LOOKUP_FACILITY,
    "unauthorized",
    *parts.EVERYWHERE,
)
_TEXT = {"type": "string", "minLength": 1, "maxLength": xref.MAX_TEXT}


def _parameter(name, text, required=False, **schema):
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": text,
        "schema": schema or _TEXT,
    }


def cross_reference() -> dict:
    """Return the operation ``$ihe-pix``."""
    return {
        "operationId": "crossReference",
        "tags": ["Identifiers"],
        "summary": "Cross-reference an identifier, answered as FHIR Parameters",
        "description": "This operation follows IHE PIXm (ITI-83), with problem details "
        "for errors. The answer has identifiers of namespaces that your client may look "
        "up, without the source identifier. If the record was merged, the answer has the "
        "identifiers of the survivor. webhook-id is pix_ and the SHA-256 of the query "
        "string as sent, in hexadecimal digits.",
        "security": parts.SIGNED,
        "parameters": [*_cross_parameters(), *parts.signature_parameters()],
        "responses": {
            "200": {
                "description": "The identifier was found. The answer has one "
                "targetIdentifier per other identifier. Without other identifiers it has "
                "no member parameter.",
                "content": {xref.MEDIA_TYPE: {"schema": _parameters()}},
            },
            **parts.refusals(CROSS_REFERENCE),
        },
    }


def _cross_parameters():
    return [
        _parameter(
            "sourceIdentifier",
            "The identifier as a FHIR token, system|value.",
            True,
        ),
        _parameter(
            "targetSystem",
            "Answer only identifiers of this namespace. May be repeated.",
            type="array",
            items=_TEXT,
            maxItems=xref.MAX_TARGETS,
        ),
        _parameter(
            "_format",
            "The format of the answer: json, application/json or "
            "application/fhir+json.",
        ),
        _parameter(
            "facility",
            "The code of the facility. Required if your client serves several.",
        ),
    ]


def _parameters():
    """Return the schema of the FHIR ``Parameters`` in the answer."""
    parameter = {
        "type": "object",
        "required": ["name", "valueIdentifier"],
        "properties": {
            "name": {"const": "targetIdentifier"},
            "valueIdentifier": {"type": "object"},
        },
    }
    return {
        "type": "object",
        "required": ["resourceType"],
        "properties": {
            "resourceType": {"const": "Parameters"},
            "parameter": {"type": "array", "minItems": 1, "items": parameter},
        },
    }


def link() -> dict:
    """Return the operation that links an identifier."""
    done = {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"enum": ["linked", "known"]}},
    }
    return {
        "operationId": "linkIdentifier",
        "tags": ["Identifiers"],
        "summary": "Link an identifier of your system to an existing record",
        "description": "Only the source system of a namespace may add identifiers to it. "
        "A repeated call changes nothing. If the link conflicts with stored identifiers, a "
        "steward decides; send the call again later. The signature covers the body. "
        "webhook-id may be any id.",
        "security": parts.SIGNED,
        "parameters": parts.signature_parameters(),
        "requestBody": {"required": True, "content": parts.content(_link_body())},
        "responses": {
            "200": {
                "description": "The record already has this identifier.",
                "content": parts.content(done),
            },
            "201": {
                "description": "The identifier was linked.",
                "content": parts.content(done),
            },
            **parts.refusals(LINKING),
        },
    }


def _link_body():
    wire = {"system": _TEXT, "value": _TEXT}
    period = {
        "type": "object",
        "properties": {"start": _TEXT, "end": _TEXT},
        "additionalProperties": False,
    }
    uses = {"enum": ["usual", "official", "temp", "secondary", "old"]}
    return {
        "type": "object",
        "required": ["identifier", "record"],
        "additionalProperties": False,
        "properties": {
            "identifier": {
                "type": "object",
                "required": ["system", "value"],
                "additionalProperties": False,
                "properties": {**wire, "use": uses, "period": period},
            },
            "record": {
                "type": "object",
                "description": "Any identifier of the record, in a namespace that your "
                "client may look up.",
                "required": ["system", "value"],
                "additionalProperties": False,
                "properties": wire,
            },
            "facility": {"type": "string"},
        },
    }
