"""The OpenAPI 3.1 document of this API, from plain data.

Without contracts it is the skeleton: every route, no message type.
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

_SIGNING = """Every call names its client in Interop-Client and is signed as Standard
Webhooks 1.0 says: webhook-signature is v1 (HMAC-SHA256) or v1a (Ed25519) over the bytes
webhook-id.webhook-timestamp.body. Calls without a body sign an empty one; their
webhook-id is what each of them says. A client that
may use tokens sends one as Authorization: Bearer instead, and no webhook- header; one
that signs by RFC 9421 sends Signature-Input and Signature instead, and covers
idempotency-key if it sends one."""

_NUMBERS = """Integers are between -9007199254740991 and 9007199254740991 (2**53 - 1), as
RFC 7493 recommends: a larger one is refused, and the error names the member. Send it as
text."""


def document(base_url, inbound=(), outbound=(), more=None) -> dict:
    """Return the document.

    ``base_url`` is the server's root without a final slash; ``inbound`` and
    ``outbound`` are ``openapi_schemas.Contract`` that the reader may send and is sent.
    ``more`` is what other addons add: ``tags``, ``paths`` and ``security`` schemes.
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
    """Return a reference to what may be sent: one kind of message has no choice."""
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
        headers.REPLAYED: parts.header("Present when it was answered before."),
        **parts.ending(),
    }
    return {
        "operationId": "sendMessage",
        "tags": ["Messages"],
        "summary": "Send one message",
        "description": "The same message may be sent again at any time: it has one effect, "
        "and the answer is the stored one as it stands then.",
        "security": parts.SIGNED,
        "parameters": [*parts.signature_parameters(), parts.key_parameter()],
        "requestBody": {"required": True, "content": {parts.JSON: content}},
        "responses": {
            "200": {
                "description": "Applied, or skipped on purpose: see status.",
                "headers": told,
                "content": status,
            },
            "202": {
                "description": "Accepted; Location tells what becomes of it.",
                "headers": {"Location": parts.header("Where to ask."), **told},
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
        "description": "The signature covers the whole body; webhook-id names the batch "
        "and may be any id. Each message is taken, refused and answered for itself, in "
        "order, and known by its own id and its own bytes: send again what you like.",
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
        "summary": "What became of a message of yours; webhook-id is its id",
        "description": "The present state of the message, while the message is kept.",
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
                "description": "Its present state.",
                "headers": parts.ending(),
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
        "summary": "The other identifiers of the record that has one; webhook-id is "
        "lookup_ and the SHA-256 of the query string as sent, in hexadecimal digits",
        "description": "With as_of, a date or date-time in ISO 8601 (UTC unless it has "
        "an offset), what was so at that moment: an identifier that was good then, even "
        "if it was retired since, and the identifiers that were good with it.",
        "security": parts.SIGNED,
        "parameters": [*asked, *parts.signature_parameters()],
        "responses": {
            "200": {
                "description": "Found; merged means that another record has taken over, "
                "retired that the identifier was good at as_of only.",
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
        "summary": "This document; signed, with your own message types. webhook-id is "
        f"{headers.OPENAPI_ID}",
        "description": "Without a signature it has routes and errors only, if the "
        "receiver allows that.",
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
        "summary": "This document as a page for people; signed as getOpenApi is",
        "responses": {
            **_openapi()["responses"],
            "200": {
                "description": "A page for people.",
                "content": {"text/html": {"schema": {"type": "string"}}},
            },
        },
    }


def _health():
    return {
        "operationId": "getHealth",
        "tags": ["Health"],
        "summary": "Whether this server and its database answer; signed, also what is "
        f"not finished of your messages. webhook-id is {headers.HEALTH_ID}",
        "description": "Without a signature it says only that the server is up.",
        "security": [*parts.SIGNED, {}],
        "parameters": parts.signature_parameters(),
        "responses": {
            "200": {
                "description": "They do.",
                "content": parts.content({"$ref": "#/components/schemas/Health"}),
            },
            **parts.refusals(("unauthorized", "id_mismatch", *parts.EVERYWHERE)),
        },
    }


def _problem_page():
    return {
        "operationId": "getProblems",
        "tags": ["Description"],
        "summary": "The page that explains every code",
        "description": "The type of every problem leads to its place on this page.",
        "security": [],
        "responses": {
            "200": {
                "description": "A page for people.",
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
        "summary": f"We send {contract.message_type}, version {contract.version}",
        "description": "Verify the signature over the raw bytes, then answer 2xx. The "
        "same webhook-id may come again: apply it once.",
        "security": [{"standardWebhooks": []}, {"httpMessageSignature": []}],
        "parameters": parts.signature_parameters(required=True),
        "requestBody": {"required": True, "content": {parts.JSON: content}},
        "responses": {
            "2XX": {"description": "Received. Anything else is tried again."},
            "410": {"description": "Never send here again."},
        },
    }
    if contract.deprecated:
        operation["deprecated"] = True
    return {"post": operation}
