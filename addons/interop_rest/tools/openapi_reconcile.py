"""OpenAPI of the reconciliation: compare messages that were sent and received."""

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
        "summary": "Compare messages that you sent with messages that were received",
        "description": "List up to 1,000 messages by id, optionally with the SHA-256 of "
        "their bytes, or state the number of messages in a time window. Only messages of "
        "your client count. The signature covers the body. webhook-id may be any id.",
        "security": parts.SIGNED,
        "parameters": parts.signature_parameters(),
        "requestBody": {"required": True, "content": parts.content(_request())},
        "responses": {
            "200": {
                "description": "The results in the order of the messages, or the numbers "
                "of the time window.",
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
            "interface": {
                **code,
                "description": "Code of an interface. Omit it for all of your client.",
            },
            "facility": {
                **code,
                "description": "Code of a facility. Omit it for all of your client.",
            },
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
                "description": "SHA-256 of the body as sent. For a message in a batch, of "
                "the bytes of that message without surrounding blanks.",
            },
        },
    }


def _window():
    moment = {**_MOMENT, "description": "Time in whole seconds."}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["from", "to", "count"],
        "description": "Messages with occurred_at from the time from until before the "
        f"time to. The window has at most {tools.MAX_SPAN.days} days.",
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
                "description": "unknown: the message did not arrive, was refused, or was "
                "removed by retention. elsewhere: the message has another interface or "
                "facility than those of the request.",
            },
            "received_at": _MOMENT,
            "finished_at": _MOMENT,
            "code": {"enum": sorted(KINDS)},
            "body": {
                "enum": ["same", "different"],
                "description": "Whether the received bytes have the given SHA-256.",
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
                        "description": "received minus stated. A negative number means "
                        "that messages did not arrive.",
                    },
                },
            },
            "totals": _totals(),
        },
    }


def _totals(*more):
    """Return the schema of numbers by state; states without messages are omitted."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(more),
        "properties": dict.fromkeys((*more, *tools.STATES), _COUNT),
    }
