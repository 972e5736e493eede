"""What the operations of the OpenAPI document share: codes, headers, schemes."""

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
    "Messages": "Send messages, read their status, and receive our messages.",
    "Identifiers": "Look identifiers up and link them.",
    "Events": "Fetch messages that a receiver missed.",
    "Description": "This document, and the meaning of the error codes.",
    "Health": "Availability of the server.",
}


def tags() -> list:
    """Return the groups of operations."""
    return [{"name": name, "description": told} for name, told in _TAGS.items()]


def limited(paths) -> dict:
    """Return the paths with what answers to proven callers tell about rates."""
    told = {
        "RateLimit-Policy": header("What is allowed: q requests in w seconds."),
        "RateLimit": header("What is left: r requests, t seconds until it is renewed."),
    }
    for path in paths.values():
        for operation in path.values():
            if not operation["security"]:
                continue
            for response in operation["responses"].values():
                response.setdefault("headers", {}).update(told)
    return paths


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
        response["headers"] = {"WWW-Authenticate": header(headers.CHALLENGE)}
    if status == 503 or set(codes) & set(_RETRY_CODES):
        response["headers"] = {"Retry-After": header("Seconds to wait.")}
    return response


def parameters(required: bool) -> dict:
    """Return the headers of a signature, optional, and if asked for, required as well."""
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
        for suffix in (("", ".optional") if required else (".optional",))
    }


def key_parameter() -> dict:
    """Return the header Idempotency-Key of an operation."""
    return {
        "name": headers.IDEMPOTENCY_KEY,
        "in": "header",
        "required": False,
        "description": "With a token or an RFC 9421 signature: the id of the message, "
        "which may then be left out of the body; if it is there, too, both are the "
        "same. Remembered as long as the message. Not for webhook-signature.",
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
        "httpMessageSignature": {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": "HTTP Message Signatures (RFC 9421), with Signature-Input: "
            "one signature, hmac-sha256 or ed25519 as the key is, over @method, "
            "@target-uri (or @authority, @path and @query) and, with a body, "
            "content-digest; created, keyid and a nonce that is used once.",
        },
    }


def ending() -> dict:
    """Return the headers that announce the end of a contract version."""
    return {
        "Deprecation": header("Since when this contract version is deprecated."),
        "Sunset": header("When it ends."),
    }


def content(schema) -> dict:
    """Return a JSON body of a schema."""
    return {JSON: {"schema": schema}}


def header(text) -> dict:
    """Return a header with a description."""
    return {"description": text, "schema": {"type": "string"}}
