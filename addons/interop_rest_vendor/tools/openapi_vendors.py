"""OpenAPI of the operation that takes webhooks of third parties."""

TAG = {
    "name": "Webhooks",
    "description": "Webhooks of third parties that sign in their own ways.",
}
SECURITY = {
    "vendorSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Signature",
        "description": "The vendor's own signature, in the header that the signature "
        "scheme of the client names.",
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
    """Return the operation, made of ``parts`` and ``headers`` of interop_rest."""
    return {
        "operationId": "sendWebhook",
        "tags": ["Webhooks"],
        "summary": "Send a webhook of a third party that signs in its own way",
        "description": "The client configuration says how the body is read. If the "
        "signature covers no id, the id in the body identifies the event. Without an "
        "id, the body identifies it. A list of events is taken as a whole or not at "
        "all, with one result per event. The challenge by which a vendor verifies "
        "this address is answered as set up with its signature scheme.",
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
    """Return the responses to what was taken."""
    told = {
        headers.REPLAYED: parts.header("Present when it was answered before."),
        **parts.ending(),
    }
    return {
        "200": {
            "description": "Applied, skipped on purpose, ignored on purpose, or the "
            "answer to a challenge.",
            "headers": told,
            "content": {
                **parts.content({"anyOf": [_STATUS, _IGNORED, _RESULTS, _ANSWERED]}),
                "text/plain": {"schema": {"type": "string"}},
            },
        },
        "202": {
            "description": "Accepted.",
            "headers": dict(told),
            "content": parts.content({"anyOf": [_STATUS, _RESULTS]}),
        },
    }


def _codes(parts):
    """Return the codes of the problems that a webhook can meet."""
    return (
        *(code for code in parts.MESSAGE if code not in ("id_mismatch", *parts.KEYS)),
        *("event_not_expected", "several_events", "invalid_form"),
        *("batch_too_long", "unauthorized", "unsupported_media_type"),
        *parts.EVERYWHERE,
    )
