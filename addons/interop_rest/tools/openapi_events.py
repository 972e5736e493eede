"""OpenAPI of the catch-up: a receiver fetches the messages that it missed."""

from . import events
from . import openapi_parts as parts

CODES = (
    *parts.EVENTS,
    "id_mismatch",
    "not_ready",
    "unauthorized",
    *parts.EVERYWHERE,
)
_ASKED = {
    "cursor": {
        "type": "string",
        "maxLength": events.MAX_CURSOR,
        "pattern": "^[A-Za-z0-9_-]*$",
    },
    "limit": {
        "type": "integer",
        "minimum": 1,
        "maximum": events.MAX_LIMIT,
        "default": events.DEFAULT_LIMIT,
    },
}


def events_page() -> dict:
    """Return the operation."""
    return {
        "operationId": "getEvents",
        "tags": ["Events"],
        "summary": "Fetch messages that your system missed",
        "description": "The answer has messages that this server sent or is going to send "
        "to your system. Start without a cursor, or with the last cursor that you stored. "
        "Repeat with the cursor of the answer while more is true. webhook-id is "
        f"{events.LABEL}_ and the SHA-256 of the query string as sent, in hexadecimal "
        "digits.",
        "security": parts.SIGNED,
        "parameters": [
            *(
                {
                    "name": name,
                    "in": "query",
                    "description": events.DESCRIPTIONS[name],
                    "schema": _ASKED[name],
                }
                for name in events.MEMBERS
            ),
            *parts.signature_parameters(),
        ],
        "responses": {
            "200": {
                "description": "The next page.",
                "content": parts.content({"$ref": "#/components/schemas/Events"}),
            },
            **parts.refusals(CODES),
        },
    }
