"""The OpenAPI 3.1 document of this API, from plain data.

Without contracts the document has every route and no message type.
"""

from . import (
    headers,
    openapi_events,
    openapi_identifiers,
    openapi_reconcile,
    problems,
)
from . import openapi_parts as parts
from .lookup import DESCRIPTIONS, FORMATS, REQUIRED
from .openapi_schemas import common, embedded, envelope, examples

VERSION = "3.1.0"
API_VERSION = "1"

_SIGNING = """Every call names its client in the header Interop-Client. It is signed by
Standard Webhooks 1.0: webhook-signature is v1 (HMAC-SHA256) or v1a (Ed25519) over the bytes
webhook-id.webhook-timestamp.body. Calls without a body sign an empty body; each operation
states the webhook-id to use. A client with a token sends Authorization: Bearer instead,
and no webhook- header. A client that signs requests by RFC 9421 sends Signature-Input and
Signature instead. Its signature covers idempotency-key if the header is sent."""

_NUMBERS = """Integers are between -9007199254740991 and 9007199254740991 (2**53 - 1), as
RFC 7493 recommends. A larger integer is refused, and the error names the member. Send
larger numbers as text."""


def document(base_url, inbound=(), outbound=(), more=None) -> dict:
    """Return the document.

    :param base_url: root URL of the server without a final slash
    :param inbound: ``openapi_schemas.Contract`` of messages that the client may send
    :param outbound: ``openapi_schemas.Contract`` of messages that the client receives
    :param dict more: ``tags``, ``paths`` and ``security`` schemes of other addons
    """
    contracts = {item.name: item for item in (*inbound, *outbound)}
    more = {"tags": [], "paths": {}, "security": {}, **(more or {})}
    return {
        "openapi": VERSION,
        "info": {
            "title": "Interop",
            "version": API_VERSION,
            "description": " ".join(f"{_SIGNING}\n{_NUMBERS}".split()),
            "contact": {
                "name": "Operator of this server",
                "url": f"{base_url or 'http://localhost'}/interop/v1/docs",
            },
            "license": {"name": "LGPL-3.0", "identifier": "LGPL-3.0-only"},
        },
        "tags": [*parts.tags(), *more["tags"]],
        "servers": [{"url": base_url or "/"}],
        "paths": parts.limited({**_paths(inbound), **more["paths"]}),
        "webhooks": {item.name: _webhook(item) for item in outbound},
        "components": {
            "schemas": {
                **common(),
                **_embedded(contracts.values()),
                **{
                    f"{name}.message": envelope(item)
                    for name, item in contracts.items()
                },
                **({} if len(inbound) == 1 else {"Message": _any_message(inbound)}),
            },
            "parameters": parts.parameters(required=bool(outbound)),
            "securitySchemes": {**parts.schemes(), **more["security"]},
        },
    }


def _embedded(contracts):
    """Return the schemas of contracts and of their parts."""
    found = {}
    for contract in contracts:
        found.update(embedded(contract))
    return found


def _paths(inbound):
    return {
        "/interop/v1/messages": {"post": _receive(inbound)},
        "/interop/v1/messages:batch": {"post": _receive_batch(inbound)},
        "/interop/v1/messages:reconcile": {"post": openapi_reconcile.reconcile()},
        "/interop/v1/messages/{id}": {"get": _status()},
        "/interop/v1/identifiers": {
            "get": _lookup(),
            "post": openapi_identifiers.link(),
        },
        "/interop/v1/identifiers/$ihe-pix": {
            "get": openapi_identifiers.cross_reference()
        },
        "/interop/v1/events": {"get": openapi_events.events_page()},
        "/interop/v1/openapi.json": {"get": _openapi()},
        "/interop/v1/docs": {"get": _docs()},
        "/interop/v1/health": {"get": _health()},
        problems.PAGE_PATH: {"get": _problem_page()},
    }


def _message(inbound):
    """Return a reference to the schema of the messages that may be sent."""
    if len(inbound) == 1:
        return {"$ref": _message_ref(inbound[0])}
    return {"$ref": "#/components/schemas/Message"}


def _any_message(inbound):
    if not inbound:
        return {"type": "object"}
    return {"anyOf": [{"$ref": _message_ref(item)} for item in inbound]}


def _message_ref(contract):
    return f"#/components/schemas/{contract.name}.message"


def _receive(inbound):
    shown = {}
    for contract in inbound:
        shown.update(examples(contract))
    content = {"schema": _message(inbound)}
    if shown:
        content["examples"] = shown
    status = parts.content({"$ref": "#/components/schemas/MessageStatus"})
    told = {
        headers.REPLAYED: parts.header("Present if the message was received before."),
        **parts.lifecycle_headers(),
    }
    return {
        "operationId": "sendMessage",
        "tags": ["Messages"],
        "summary": "Send one message",
        "description": "You may send the same message again at any time. It is applied "
        "once, and the answer states its current status.",
        "security": parts.SIGNED,
        "parameters": [*parts.signature_parameters(), parts.key_parameter()],
        "requestBody": {"required": True, "content": {parts.JSON: content}},
        "responses": {
            "200": {
                "description": "The message was applied or skipped; see status.",
                "headers": told,
                "content": status,
            },
            "202": {
                "description": "The message was accepted and is applied later. Read its "
                "status at Location.",
                "headers": {
                    "Location": parts.header("Address of the status."),
                    **told,
                },
                "content": status,
            },
            **parts.refusals(parts.SENDING),
        },
    }


def _receive_batch(inbound):
    items = {
        "type": "array",
        "minItems": 1,
        "maxItems": 1000,
        "items": _message(inbound),
    }
    lines = {"type": "string", "description": "One message per line."}
    return {
        "operationId": "sendMessages",
        "tags": ["Messages"],
        "summary": "Send up to 1,000 messages under one signature",
        "description": "The signature covers the whole body. webhook-id may be any id. "
        "The messages are received in order, and each has a separate result. A message is "
        "identified by its id and its bytes, so you may send it again alone or in another "
        "batch.",
        "security": parts.SIGNED,
        "parameters": parts.signature_parameters(),
        "requestBody": {
            "required": True,
            "content": {
                **parts.content(items),
                headers.MEDIA_TYPE_LINES: {"schema": lines},
            },
        },
        "responses": {
            "200": {
                "description": "One result per message, in order.",
                "content": parts.content({"$ref": "#/components/schemas/BatchResults"}),
            },
            **parts.refusals(parts.BATCH),
        },
    }


def _status():
    return {
        "operationId": "getMessage",
        "tags": ["Messages"],
        "summary": "Read the status of a message that you sent",
        "description": "The answer is the current status, as long as retention keeps the "
        "message. webhook-id is the id of the message.",
        "security": parts.SIGNED,
        "parameters": [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "The id of the message.",
                "schema": {"type": "string"},
            },
            *parts.signature_parameters(),
        ],
        "responses": {
            "200": {
                "description": "The current status of the message.",
                "headers": parts.lifecycle_headers(),
                "content": parts.content(
                    {"$ref": "#/components/schemas/MessageStatus"}
                ),
            },
            **parts.refusals(parts.READING),
        },
    }


def _lookup():
    asked = [
        {
            "name": name,
            "in": "query",
            "required": name in REQUIRED,
            "description": told,
            "schema": {**text, **FORMATS.get(name, {})},
        }
        for text in ({"type": "string", "minLength": 1, "maxLength": 512},)
        for name, told in DESCRIPTIONS.items()
    ]
    identifiers = {"$ref": "#/components/schemas/Identifiers"}
    return {
        "operationId": "getIdentifiers",
        "tags": ["Identifiers"],
        "summary": "Look up the identifiers of the record that has a given identifier",
        "description": "With as_of, the answer is the state at that time: identifiers "
        "that were valid then, even if they were retired since. as_of is a date or "
        "date-time in ISO 8601, in UTC unless it has an offset. webhook-id is lookup_ and "
        "the SHA-256 of the query string as sent, in hexadecimal digits.",
        "security": parts.SIGNED,
        "parameters": [*asked, *parts.signature_parameters()],
        "responses": {
            "200": {
                "description": "The identifier was found. Status merged: the record was "
                "merged into another one, whose identifiers are listed. Status retired: "
                "the identifier was valid at as_of and is not valid now.",
                "content": parts.content(identifiers),
            },
            **parts.refusals(
                (
                    *parts.LOOKUP,
                    *parts.LOOKUP_FACILITY,
                    "unauthorized",
                    *parts.EVERYWHERE,
                )
            ),
        },
    }


def _openapi():
    return {
        "operationId": "getOpenApi",
        "tags": ["Description"],
        "summary": "Read this document",
        "description": "With authentication the document has the message types of your "
        "client. Without authentication it has routes and errors only, if the operator "
        f"allows it. webhook-id is {headers.OPENAPI_ID}.",
        "security": [*parts.SIGNED, {}],
        "parameters": parts.signature_parameters(),
        "responses": {
            "200": {
                "description": "OpenAPI 3.1.",
                "content": parts.content({"type": "object"}),
            },
            **parts.refusals(("unauthorized", "id_mismatch", *parts.EVERYWHERE)),
        },
    }


def _docs():
    return {
        **_openapi(),
        "operationId": "getDocs",
        "summary": "Read this document as an HTML page",
        "responses": {
            **_openapi()["responses"],
            "200": {
                "description": "The page.",
                "content": {"text/html": {"schema": {"type": "string"}}},
            },
        },
    }


def _health():
    return {
        "operationId": "getHealth",
        "tags": ["Health"],
        "summary": "Check that this server and its database are available",
        "description": "With authentication the answer also has the number and age of "
        "your unfinished messages. Without authentication it has only the status of the "
        f"server. webhook-id is {headers.HEALTH_ID}.",
        "security": [*parts.SIGNED, {}],
        "parameters": parts.signature_parameters(),
        "responses": {
            "200": {
                "description": "Server and database are available.",
                "content": parts.content({"$ref": "#/components/schemas/Health"}),
            },
            **parts.refusals(("unauthorized", "id_mismatch", *parts.EVERYWHERE)),
        },
    }


def _problem_page():
    return {
        "operationId": "getProblems",
        "tags": ["Description"],
        "summary": "Read the page that explains every error code",
        "description": "The type of every problem links to its entry on this page.",
        "security": [],
        "responses": {
            "200": {
                "description": "The page.",
                "content": {"text/html": {"schema": {"type": "string"}}},
            },
            **parts.refusals(("bad_request", "method_not_allowed", "internal")),
        },
    }


def _webhook(contract):
    content = {"schema": {"$ref": _message_ref(contract)}}
    shown = examples(contract)
    if shown:
        content["examples"] = shown
    operation = {
        "operationId": f"receive.{contract.name}",
        "tags": ["Messages"],
        "summary": f"You receive {contract.message_type}, version {contract.version}",
        "description": "Verify the signature over the raw bytes, then answer 2xx. The "
        "same webhook-id may arrive again. Apply it once.",
        "security": [{"standardWebhooks": []}, {"httpMessageSignature": []}],
        "parameters": parts.signature_parameters(required=True),
        "requestBody": {"required": True, "content": {parts.JSON: content}},
        "responses": {
            "2XX": {
                "description": "You received the message. Other answers may lead to a "
                "retry."
            },
            "410": {
                "description": "You no longer accept messages at this address. The server "
                "disables the endpoint."
            },
        },
    }
    if contract.deprecated:
        operation["deprecated"] = True
    return {"post": operation}
