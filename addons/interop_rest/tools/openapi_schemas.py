"""The schemas of the OpenAPI document: contracts, envelopes, problems, status."""

from typing import NamedTuple

from . import openapi_components, openapi_envelope
from .problems import KINDS
from .reconcile import MESSAGE_STATES

_STATES = (
    "pending and processing: accepted, not applied yet. done: applied. parked: stored, a "
    "person has to decide. dead: stored and not applied, a person has to act. skipped: "
    "not applied on purpose. cancelled: a person cancelled it. Do not send the message "
    "again in any of these states."
)


class Contract(NamedTuple):
    """One version of one message type.

    ``schema`` is the JSON Schema 2020-12 (dict) of the member data. ``examples`` are
    (name, data) pairs, ``sunset`` is an ISO date or ``""``. ``facilities`` are the facility
    codes of the reader's system. ``names_facility`` is true if each message has to name
    one.
    """

    message_type: str
    version: int
    description: str
    schema: dict
    examples: tuple
    deprecated: bool = False
    sunset: str = ""
    facilities: tuple = ()
    names_facility: bool = False

    @property
    def name(self) -> str:
        """The component name of the contract, such as ``invoice.posted.v1``."""
        return f"{self.message_type}.v{self.version}"


def embedded(contract) -> dict:
    """Return the schema of a contract as components of a larger document, by name.

    Each referenced part is a separate component: client generators drop operations with
    references into the middle of a component.
    """
    return openapi_components.lifted(contract.schema, contract.name)


def envelope(contract) -> dict:
    """Return the schema of a whole message of one contract."""
    described = {
        "title": f"{contract.name} message",
        "description": contract.description,
    }
    if contract.sunset:
        described["description"] += f" Deprecated until {contract.sunset}."
    return {
        **{key: value.strip() for key, value in described.items() if value.strip()},
        **({"deprecated": True} if contract.deprecated else {}),
        "type": "object",
        "additionalProperties": False,
        "required": [
            "id",
            "type",
            "schema_version",
            "source",
            "occurred_at",
            "data",
            *(["facility"] if contract.names_facility else []),
        ],
        "properties": {
            **openapi_envelope.members(),
            "facility": openapi_envelope.facility(contract),
            "type": {
                "const": contract.message_type,
                "description": "The message type.",
            },
            "schema_version": {
                "const": contract.version,
                "description": "The version of the contract.",
            },
            "data": {
                "$ref": f"#/components/schemas/{contract.name}",
                "description": "The content, by the schema of the contract.",
            },
        },
    }


def examples(contract) -> dict:
    """Return the examples of a contract as whole messages, by name."""
    found = {}
    for number, (title, data) in enumerate(contract.examples, 1):
        value = {
            "id": "msg_06bxm2w1v8q3n5t7y9zab4cdef",
            "type": contract.message_type,
            "schema_version": contract.version,
            "source": "urn:example:sender",
            "occurred_at": "2026-01-31T08:30:00Z",
            "data": data,
        }
        if contract.names_facility and contract.facilities:
            value["facility"] = contract.facilities[0]
        found[f"{contract.name}-{number}"] = {
            "summary": f"{contract.name}: {title}",
            "value": value,
        }
    return found


def common() -> dict:
    """Return the schemas that do not depend on any contract."""
    return {
        "Problem": _problem(),
        "MessageStatus": _status(),
        "BatchResults": _batch_results(),
        "Health": _health(),
        "Identifiers": _identifiers(),
        "Events": _events(),
    }


def _problem():
    entry = {
        "type": "object",
        "properties": {
            "pointer": {"type": "string", "description": "JSON Pointer (RFC 6901)"},
            "detail": {"type": "string"},
            "code": {"type": "string"},
        },
    }
    return {
        "description": "Problem details (RFC 9457). Program against code.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"enum": sorted(KINDS)},
            "trace_id": {"type": "string"},
            "errors": {"type": "array", "items": entry},
            "message": {"$ref": "#/components/schemas/MessageStatus"},
            "status_url": {"type": "string"},
        },
    }


def _health():
    count = {"type": "integer", "minimum": 0}
    queue = {
        "type": "object",
        "required": ["type", "schema_version", "waiting", "parked"],
        "properties": {
            "type": {"type": "string"},
            "schema_version": {"type": "integer"},
            "waiting": {
                **count,
                "description": "Number of messages that are accepted and not applied yet.",
            },
            "parked": {
                **count,
                "description": "Number of messages that wait for a decision of a person.",
            },
            "oldest_waiting_seconds": count,
            "oldest_parked_seconds": count,
        },
    }
    return {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"const": "up"},
            "queues": {
                "type": "array",
                "description": "The unfinished messages of your client.",
                "items": queue,
            },
        },
    }


def _identifiers():
    text = {"type": "string"}
    identifier = {
        "type": "object",
        "required": ["system", "value"],
        "properties": dict.fromkeys(("system", "value", "type", "use"), text),
    }
    return {
        "type": "object",
        "required": ["status", "identifiers"],
        "properties": {
            "status": {
                "enum": ["active", "merged", "retired"],
                "description": "The status of the requested identifier.",
            },
            "identifiers": {"type": "array", "items": identifier},
        },
    }


def _event():
    text, number = {"type": "string"}, {"type": "integer", "minimum": 0}
    return {
        "type": "object",
        "required": ["id", "interface", "epoch", "sequence"],
        "properties": {
            "id": {**text, "description": "The webhook-id of the delivery."},
            "interface": text,
            "epoch": number,
            "sequence": number,
            "payload": {
                **text,
                "description": "The body of the delivery. Its UTF-8 bytes are the bytes "
                "that are sent.",
            },
            "reason": {
                "enum": ["withdrawn", "not_rendered", "purged", "unreadable"],
                "description": "The reason why the event has no payload.",
            },
        },
        "oneOf": [{"required": ["payload"]}, {"required": ["reason"]}],
    }


def _events():
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["events", "cursor", "more", "streams", "held"],
        "properties": {
            "events": {"type": "array", "maxItems": 500, "items": _event()},
            "cursor": {
                **text,
                "description": "The start of the next page, an opaque text.",
            },
            "more": {
                "type": "boolean",
                "description": "Whether the next page has events now.",
            },
            "streams": {
                "type": "object",
                "description": "The last sequence number of each interface.",
                "additionalProperties": _stream(),
            },
            "held": {
                "type": "array",
                "description": "Interfaces that are stopped. Fetch their events later; the "
                "cursor keeps their position.",
                "items": text,
            },
        },
    }


def _stream():
    number = {"type": "integer", "minimum": 0}
    return {
        "type": "object",
        "required": ["epoch", "sequence"],
        "properties": {"epoch": number, "sequence": number},
    }


def _batch_results():
    result = {
        "type": "object",
        "required": ["index", "status"],
        "properties": {
            "index": {
                "type": "integer",
                "description": "The position in the batch, from 0.",
            },
            "id": {
                "type": "string",
                "description": "The id of the message. Absent if it cannot be read.",
            },
            "status": {
                "type": "integer",
                "description": "The HTTP status that the message would get if sent alone.",
            },
            "message": {"$ref": "#/components/schemas/MessageStatus"},
            "problem": {"$ref": "#/components/schemas/Problem"},
            "location": {"type": "string"},
            "retry_after": {"type": "string"},
            "deprecation": {"type": "string"},
            "sunset": {"type": "string"},
            "replayed": {"type": "boolean"},
        },
    }
    return {
        "type": "object",
        "required": ["results"],
        "properties": {"results": {"type": "array", "items": result}},
    }


def _status():
    moment = {"type": "string", "format": "date-time"}
    return {
        "description": "The status of a message.",
        "type": "object",
        "required": ["id", "type", "schema_version", "status", "received_at"],
        "properties": {
            "id": {"type": "string"},
            "type": {"type": "string"},
            "schema_version": {"type": "integer"},
            "status": {"enum": list(MESSAGE_STATES), "description": _STATES},
            "received_at": moment,
            "finished_at": moment,
            "test": {"type": "boolean"},
            "code": {"enum": sorted(KINDS)},
            "reason": {
                "enum": ["stale"],
                "description": "The reason for skipping the message: an earlier message "
                "of the sender has the same or a later time.",
            },
            "pointer": {
                "type": "string",
                "description": "JSON Pointer (RFC 6901) of the member that is wrong.",
            },
            "fields": {"type": "array", "items": {"type": "object"}},
        },
    }
