"""The OpenAPI 3.1 document of this API, from plain data.

Without contracts it is the skeleton: every route, no message type.
"""

from . import headers, problems
from .lookup import MEMBERS
from .openapi_schemas import common, embedded, envelope, examples

VERSION = "3.1.0"
API_VERSION = "1"
JSON = "application/json"

EVERYWHERE = (
    "bad_request",
    "method_not_allowed",
    "too_large",
    "internal",
    "busy",
    "database_unavailable",
)
READING = ("unauthorized", "id_mismatch", "not_found", *EVERYWHERE)
# What each message of a request may be refused with.
ABOUT_REQUESTS = (
    "not_found",
    "unauthorized",
    "unsupported_media_type",
    "invalid_batch",
    "batch_too_long",
)
LOOKUP = (
    "invalid_query",
    "namespace_unknown",
    "lookup_not_allowed",
    "identifier_not_found",
)
MESSAGE = tuple(
    code
    for code in problems.KINDS
    if code not in (*ABOUT_REQUESTS, *LOOKUP, *EVERYWHERE)
)
LOOKUP_FACILITY = (
    "facility_required",
    "unknown_facility",
    "facility_not_allowed",
    "id_mismatch",
    "not_ready",
    "paused",
)
BATCH = (*ABOUT_REQUESTS[1:], "not_ready", *EVERYWHERE)
SENDING = (*MESSAGE, "unauthorized", "unsupported_media_type", *EVERYWHERE)
RETRY_CODES = ("in_flight",)

_SIGNED = [
    {"interopClient": [], "standardWebhooks": []},
    {"interopClient": [], "bearerToken": []},
]
_SIGNING = """Every call names its client in Interop-Client and is signed as Standard
Webhooks 1.0 says: webhook-signature is v1 (HMAC-SHA256) or v1a (Ed25519) over the bytes
webhook-id.webhook-timestamp.body. Calls without a body sign an empty one; their
webhook-id is what each of them says. A client that
may use tokens sends one as Authorization: Bearer instead, and no webhook- header."""


def document(base_url, inbound=(), outbound=()) -> dict:
    """Return the document.

    ``base_url`` is the server's root without a final slash; ``inbound`` and
    ``outbound`` are ``openapi_schemas.Contract`` that the reader may send and is sent.
    """
    contracts = {item.name: item for item in (*inbound, *outbound)}
    return {
        "openapi": VERSION,
        "info": {
            "title": "Interop",
            "version": API_VERSION,
            "description": " ".join(_SIGNING.split()),
        },
        "servers": [{"url": base_url or "/"}],
        "paths": _paths(inbound),
        "webhooks": {item.name: _webhook(item) for item in outbound},
        "components": {
            "schemas": {
                **common(),
                **{name: embedded(item) for name, item in contracts.items()},
                **{
                    f"{name}.message": envelope(item)
                    for name, item in contracts.items()
                },
                "Message": _any_message(inbound),
            },
            "parameters": _parameters(),
            "securitySchemes": _schemes(),
        },
    }


def _paths(inbound):
    return {
        "/interop/v1/messages": {"post": _receive(inbound)},
        "/interop/v1/messages:batch": {"post": _receive_batch()},
        "/interop/v1/messages/{id}": {"get": _status()},
        "/interop/v1/identifiers": {"get": _lookup()},
        "/interop/v1/openapi.json": {"get": _openapi()},
        "/interop/v1/health": {"get": _health()},
        problems.PAGE_PATH: {"get": _problem_page()},
    }


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
    content = {"schema": {"$ref": "#/components/schemas/Message"}}
    if shown:
        content["examples"] = shown
    status = _content({"$ref": "#/components/schemas/MessageStatus"})
    told = {
        headers.REPLAYED: _header("Present when it was answered before."),
        **_ending(),
    }
    return {
        "operationId": "sendMessage",
        "summary": "Send one message",
        "security": _SIGNED,
        "parameters": _signature_parameters(),
        "requestBody": {"required": True, "content": {JSON: content}},
        "responses": {
            "200": {
                "description": "Applied, or skipped on purpose: see status.",
                "headers": told,
                "content": status,
            },
            "202": {
                "description": "Accepted; Location tells what becomes of it.",
                "headers": {"Location": _header("Where to ask."), **told},
                "content": status,
            },
            **refusals(SENDING),
        },
    }


def _receive_batch():
    message = {"$ref": "#/components/schemas/Message"}
    items = {"type": "array", "minItems": 1, "maxItems": 1000, "items": message}
    lines = {"type": "string", "description": "One message per line."}
    return {
        "operationId": "sendMessages",
        "summary": "Send up to 1,000 messages under one signature",
        "description": "The signature covers the whole body; webhook-id names the batch "
        "and may be any id. Each message is taken, refused and answered for itself, in "
        "order, and known by its own id and its own bytes: send again what you like.",
        "security": _SIGNED,
        "parameters": _signature_parameters(),
        "requestBody": {
            "required": True,
            "content": {**_content(items), headers.MEDIA_TYPE_LINES: {"schema": lines}},
        },
        "responses": {
            "200": {
                "description": "One result per message, in order.",
                "content": _content({"$ref": "#/components/schemas/BatchResults"}),
            },
            **refusals(BATCH),
        },
    }


def _status():
    return {
        "operationId": "getMessage",
        "summary": "What became of a message of yours; webhook-id is its id",
        "security": _SIGNED,
        "parameters": [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
            },
            *_signature_parameters(),
        ],
        "responses": {
            "200": {
                "description": "Its present state.",
                "headers": _ending(),
                "content": _content({"$ref": "#/components/schemas/MessageStatus"}),
            },
            **refusals(READING),
        },
    }


def _lookup():
    asked = [
        {"name": name, "in": "query", "required": name != "facility", "schema": text}
        for text in ({"type": "string", "minLength": 1},)
        for name in MEMBERS
    ]
    identifiers = {"$ref": "#/components/schemas/Identifiers"}
    return {
        "operationId": "getIdentifiers",
        "summary": "The other identifiers of the record that has one; webhook-id is "
        "lookup_ and the SHA-256 of the query string as sent, in hexadecimal digits",
        "security": _SIGNED,
        "parameters": [*asked, *_signature_parameters()],
        "responses": {
            "200": {
                "description": "Found; merged means that another record has taken over.",
                "content": _content(identifiers),
            },
            **refusals((*LOOKUP, *LOOKUP_FACILITY, "unauthorized", *EVERYWHERE)),
        },
    }


def _openapi():
    return {
        "operationId": "getOpenApi",
        "summary": "This document; signed, with your own message types. webhook-id is "
        f"{headers.OPENAPI_ID}",
        "security": [*_SIGNED, {}],
        "parameters": _signature_parameters(),
        "responses": {
            "200": {
                "description": "OpenAPI 3.1.",
                "content": _content({"type": "object"}),
            },
            **refusals(("unauthorized", "id_mismatch", *EVERYWHERE)),
        },
    }


def _health():
    return {
        "operationId": "getHealth",
        "summary": "Whether this server and its database answer; signed, also what is "
        f"not finished of your messages. webhook-id is {headers.HEALTH_ID}",
        "security": [*_SIGNED, {}],
        "parameters": _signature_parameters(),
        "responses": {
            "200": {
                "description": "They do.",
                "content": _content({"$ref": "#/components/schemas/Health"}),
            },
            **refusals(("unauthorized", "id_mismatch", *EVERYWHERE)),
        },
    }


def _problem_page():
    return {
        "operationId": "getProblems",
        "summary": "The page that explains every code",
        "security": [],
        "responses": {
            "200": {
                "description": "A page for people.",
                "content": {"text/html": {"schema": {"type": "string"}}},
            },
            **refusals(("bad_request", "method_not_allowed", "internal")),
        },
    }


def _webhook(contract):
    content = {"schema": {"$ref": _message_ref(contract)}}
    shown = examples(contract)
    if shown:
        content["examples"] = shown
    operation = {
        "operationId": f"receive.{contract.name}",
        "summary": f"We send {contract.message_type}, version {contract.version}",
        "description": "Verify the signature over the raw bytes, then answer 2xx. The "
        "same webhook-id may come again: apply it once.",
        "parameters": _signature_parameters(required=True),
        "requestBody": {"required": True, "content": {JSON: content}},
        "responses": {
            "2XX": {"description": "Received. Anything else is tried again."},
            "410": {"description": "Never send here again."},
        },
    }
    if contract.deprecated:
        operation["deprecated"] = True
    return {"post": operation}


def refusals(codes) -> dict:
    """Return the responses of these problem codes, one per status, each code an
    example."""
    by_status = {}
    for code in codes:
        by_status.setdefault(problems.KINDS[code].status, []).append(code)
    return {
        str(status): _refusal(status, sorted(set(found)))
        for status, found in sorted(by_status.items())
    }


def _refusal(status, codes):
    response = {
        "description": " / ".join(
            f"{code}: {problems.KINDS[code].title}" for code in codes
        ),
        "content": {
            problems.MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"value": problems.problem(code)} for code in codes},
            }
        },
    }
    if status == 401:
        response["headers"] = {"WWW-Authenticate": _header(headers.CHALLENGE)}
    if status == 503 or set(codes) & set(RETRY_CODES):
        response["headers"] = {"Retry-After": _header("Seconds to wait.")}
    return response


def _parameters():
    described = {
        "webhook-id": "The id of the message, or what the operation says.",
        "webhook-timestamp": "Unix seconds of now.",
    }
    return {
        f"{name}{suffix}": {
            "name": name,
            "in": "header",
            "required": not suffix,
            "description": text,
            "schema": {"type": "string"},
        }
        for name, text in described.items()
        for suffix in ("", ".optional")
    }


def _signature_parameters(required=False):
    suffix = "" if required else ".optional"
    return [
        {"$ref": f"#/components/parameters/{name}{suffix}"}
        for name in ("webhook-id", "webhook-timestamp")
    ]


def _schemes():
    return {
        "interopClient": {
            "type": "apiKey",
            "in": "header",
            "name": headers.CLIENT,
            "description": "The code of the client; it proves nothing by itself.",
        },
        "standardWebhooks": {
            "type": "apiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "Standard Webhooks 1.0: a space-separated list of v1,… "
            "(HMAC-SHA256, whsec_ key) and v1a,… (Ed25519).",
        },
        "bearerToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of the client; it ends by itself.",
        },
    }


def _ending():
    return {
        "Deprecation": _header("Since when this contract version is deprecated."),
        "Sunset": _header("When it ends."),
    }


def _content(schema):
    return {JSON: {"schema": schema}}


def _header(text):
    return {"description": text, "schema": {"type": "string"}}
