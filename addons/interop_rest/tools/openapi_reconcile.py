"""OpenAPI of the operation that compares what was sent with what is here."""

from . import openapi_parts as parts
from . import reconcile as tools
from .problems import KINDS

CODES = (
    *parts.RECONCILE,
    "batch_too_long",
    "interface_not_allowed",
    "unknown_facility",
    "facility_not_allowed",
    "invalid_json",
    "unsupported_media_type",
    "not_ready",
    "unauthorized",
    *parts.EVERYWHERE,
)
_COUNT = {"type": "integer", "minimum": 0}
_MOMENT = {"type": "string", "format": "date-time"}


def reconcile() -> dict:
    """Return the operation."""
    return {
        "operationId": "reconcileMessages",
        "tags": ["Messages"],
        "summary": "Which of the messages that you have sent are here, and what became "
        "of them",
        "description": "State up to 1,000 messages by id, perhaps with the SHA-256 of "
        "the bytes of each, or how many occurred in a span of time. Only messages of "
        "your own count. The signature covers the body; webhook-id may be any id.",
        "security": parts.SIGNED,
        "parameters": parts.signature_parameters(),
        "requestBody": {"required": True, "content": parts.content(_request())},
        "responses": {
            "200": {
                "description": "Results in the order of the messages, or the numbers "
                "of the window.",
                "content": parts.content({"anyOf": [_results(), _numbers()]}),
            },
            **parts.refusals(CODES),
        },
    }


def _request():
    code = {"type": "string", "minLength": 1, "maxLength": tools.MAX_TEXT}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "interface": {**code, "description": "Code; absent: all of yours."},
            "facility": {**code, "description": "Code; absent: all of yours."},
            "messages": {
                "type": "array",
                "minItems": 1,
                "maxItems": tools.MAX_MESSAGES,
                "items": _message(),
            },
            "window": _window(),
        },
        "oneOf": [{"required": ["messages"]}, {"required": ["window"]}],
        "examples": [{"messages": [{"id": "msg_1"}]}],
    }


def _message():
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["id"],
        "properties": {
            "id": {"type": "string", "pattern": "^[!-+\\-/-~]{1,128}$"},
            "sha256": {
                "type": "string",
                "pattern": "^[0-9a-f]{64}$",
                "description": "Of the body as sent, of one in a batch as its own "
                "bytes without blanks around them.",
            },
        },
    }


def _window():
    moment = {**_MOMENT, "description": "In whole seconds."}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["from", "to", "count"],
        "description": f"By occurred_at of the messages; at most {tools.MAX_SPAN.days} "
        "days; from counts, to does not.",
        "properties": {
            "from": moment,
            "to": moment,
            "count": {**_COUNT, "maximum": tools.MAX_COUNT},
        },
    }


def _results():
    result = {
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": {"type": "string"},
            "status": {
                "enum": list(tools.STATES),
                "description": "unknown: it never arrived, was refused or is not kept "
                "any more. elsewhere: it is here, but under another interface or "
                "facility than asked for.",
            },
            "received_at": _MOMENT,
            "finished_at": _MOMENT,
            "code": {"enum": sorted(KINDS)},
            "body": {
                "enum": ["same", "different"],
                "description": "Whether the bytes that arrived have the SHA-256 given.",
            },
        },
    }
    return {
        "type": "object",
        "required": ["results", "totals"],
        "properties": {
            "results": {"type": "array", "items": result},
            "totals": _totals("stated", "different"),
        },
    }


def _numbers():
    return {
        "type": "object",
        "required": ["window", "totals"],
        "properties": {
            "window": {
                "type": "object",
                "required": ["stated", "received", "difference"],
                "properties": {
                    "stated": _COUNT,
                    "received": _COUNT,
                    "difference": {
                        "type": "integer",
                        "description": "received less stated: below zero, that many "
                        "did not arrive.",
                    },
                },
            },
            "totals": _totals(),
        },
    }


def _totals(*more):
    """Return the schema of numbers by state; what is zero is left out."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(more),
        "properties": dict.fromkeys((*more, *tools.STATES), _COUNT),
    }
