"""OpenAPI of the operation that receives webhooks of third parties."""

TAG = {
    "name": "Webhooks",
    "description": "Webhooks of vendors that use their own signature schemes.",
}
SECURITY = {
    "vendorSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Signature",
        "description": "The signature of the vendor. The signature scheme of the client "
        "defines the header.",
    }
}
_CLIENT = {
    "name": "client",
    "in": "path",
    "required": True,
    "description": "The code of the client.",
    "schema": {"type": "string"},
}
_STATUS = {"$ref": "#/components/schemas/MessageStatus"}
_RESULTS = {"$ref": "#/components/schemas/BatchResults"}
_IGNORED = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"const": "ignored"}},
}
_ANSWERED = {
    "description": "The answer to a challenge.",
    "type": "object",
    "additionalProperties": {"type": "string"},
}


def receive_webhook(parts, headers) -> dict:
    """Return the operation.

    :param parts: ``tools.openapi_parts`` of interop_rest
    :param headers: ``tools.headers`` of interop_rest
    """
    return {
        "operationId": "sendWebhook",
        "tags": ["Webhooks"],
        "summary": "Send a webhook with the signature of a vendor",
        "description": "The configuration of the client defines how the body is read. If "
        "the signature covers no id, the id in the body identifies the event. Without an "
        "id, the content identifies it. A list of events is accepted or refused as a "
        "whole, with one result per event. A challenge that verifies this address is "
        "answered as set up on the signature scheme.",
        "security": [{"vendorSignature": []}],
        "parameters": [_CLIENT],
        "requestBody": {
            "required": True,
            "content": {
                **parts.content({}),
                headers.FORM: {"schema": {"type": "object"}},
            },
        },
        "responses": {**_accepted(parts, headers), **parts.refusals(_codes(parts))},
    }


def _accepted(parts, headers):
    """Return the responses for accepted webhooks."""
    told = {
        headers.REPLAYED: parts.header("Present if the event was received before."),
        **parts.lifecycle_headers(),
    }
    return {
        "200": {
            "description": "The events were applied, skipped or ignored, or the body is "
            "the answer to a challenge.",
            "headers": told,
            "content": {
                **parts.content({"anyOf": [_STATUS, _IGNORED, _RESULTS, _ANSWERED]}),
                "text/plain": {"schema": {"type": "string"}},
            },
        },
        "202": {
            "description": "At least one event was accepted and is applied later.",
            "headers": dict(told),
            "content": parts.content({"anyOf": [_STATUS, _RESULTS]}),
        },
    }


def _codes(parts):
    """Return the problem codes of this operation."""
    return (
        *(code for code in parts.MESSAGE if code not in ("id_mismatch", *parts.KEYS)),
        *("event_not_expected", "several_events", "invalid_form"),
        *("batch_too_long", "unauthorized", "unsupported_media_type"),
        *parts.EVERYWHERE,
    )
