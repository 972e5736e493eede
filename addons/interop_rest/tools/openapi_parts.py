"""Shared parts of OpenAPI operations: error codes, headers, security schemes."""

from . import headers, problems

JSON = "application/json"

EVERYWHERE = (
    "bad_request",
    "https_required",
    "method_not_allowed",
    "too_large",
    "operation_not_allowed",
    "rate_limited",
    "too_many_failures",
    "internal",
    "busy",
    "database_unavailable",
)
READING = ("unauthorized", "id_mismatch", "not_found", *EVERYWHERE)
# Codes that refuse a request, but not a single message.
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
CROSS_REFERENCE = ("not_acceptable",)
LINK = ("invalid_link", "link_not_allowed", "identifier_conflict")
EVENTS = ("invalid_query", "invalid_cursor", "events_not_allowed")
VENDOR = ("event_not_expected", "several_events", "invalid_form")
RECONCILE = ("invalid_reconciliation",)
KEYS = (
    "idempotency_key_missing",
    "idempotency_key_invalid",
    "idempotency_key_reused",
)
MESSAGE = tuple(
    code
    for code in problems.KINDS
    if code
    not in (
        *ABOUT_REQUESTS,
        *LOOKUP,
        *CROSS_REFERENCE,
        *LINK,
        *EVENTS,
        *VENDOR,
        *RECONCILE,
        *EVERYWHERE,
    )
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
_RETRY_CODES = ("in_flight", "rate_limited")

SIGNED = [
    {"interopClient": [], "standardWebhooks": []},
    {"interopClient": [], "bearerToken": []},
    {"interopClient": [], "httpMessageSignature": []},
]


_TAGS = {
    "Messages": "Send messages, read their status, and receive messages of this server.",
    "Identifiers": "Look up and link identifiers.",
    "Events": "Fetch messages that your system missed.",
    "Description": "This document, and the meaning of the error codes.",
    "Health": "Availability of the server.",
}


def tags() -> list:
    """Return the groups of operations."""
    return [{"name": name, "description": told} for name, told in _TAGS.items()]


def limited(paths) -> dict:
    """Add the rate limit headers to the answers of operations with authentication."""
    told = {
        "RateLimit-Policy": header("The limit: q requests in w seconds."),
        "RateLimit": header(
            "The remaining requests r, and the seconds t until the limit is renewed."
        ),
    }
    for path in paths.values():
        for operation in path.values():
            if not operation["security"]:
                continue
            for response in operation["responses"].values():
                response.setdefault("headers", {}).update(told)
    return paths


def refusals(codes) -> dict:
    """Return the responses of problem codes: one per status, one example per code."""
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
        response["headers"] = {"WWW-Authenticate": header(headers.CHALLENGE)}
    if status == 503 or set(codes) & set(_RETRY_CODES):
        response["headers"] = {
            "Retry-After": header("Seconds to wait before the next call.")
        }
    return response


def parameters(required: bool) -> dict:
    """Return the signature headers as optional parameters.

    :param required: also return them as required parameters
    """
    described = {
        "webhook-id": "The id of the message, or the id that the operation states.",
        "webhook-timestamp": "The current time in Unix seconds.",
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
        for suffix in (("", ".optional") if required else (".optional",))
    }


def key_parameter() -> dict:
    """Return the header Idempotency-Key of an operation."""
    return {
        "name": headers.IDEMPOTENCY_KEY,
        "in": "header",
        "required": False,
        "description": "The id of the message, for calls with a token or an RFC 9421 "
        "signature. The body may then omit the id; if it has one, both must be equal. The "
        "key is remembered as long as the message. It is ignored with webhook-signature.",
        "schema": {"type": "string"},
    }


def signature_parameters(required=False) -> list:
    """Return references to the headers of a signature."""
    suffix = "" if required else ".optional"
    return [
        {"$ref": f"#/components/parameters/{name}{suffix}"}
        for name in ("webhook-id", "webhook-timestamp")
    ]


def schemes() -> dict:
    """Return the security schemes."""
    return {
        "interopClient": {
            "type": "apiKey",
            "in": "header",
            "name": headers.CLIENT,
            "description": "The code of the client. It names the client and does not "
            "authenticate it.",
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
            "description": "A token of the client. It has an expiry date.",
        },
        "httpMessageSignature": {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": "HTTP Message Signatures (RFC 9421) with Signature-Input. The "
            "request has one signature, hmac-sha256 or ed25519 according to the key. It "
            "covers @method, @target-uri (or @authority, @path and @query), and "
            "content-digest if there is a body. The parameters created, keyid and nonce "
            "are required. A nonce is used once.",
        },
    }


def lifecycle_headers() -> dict:
    """Return the headers that announce the end of a contract version."""
    return {
        "Deprecation": header("Start of the deprecation of this contract version."),
        "Sunset": header("End of this contract version."),
    }


def content(schema) -> dict:
    """Return a JSON body of a schema."""
    return {JSON: {"schema": schema}}


def header(text) -> dict:
    """Return a header with a description."""
    return {"description": text, "schema": {"type": "string"}}
