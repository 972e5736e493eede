"""Every error this API answers with, as RFC 9457 problem details.

One table: code, HTTP status, title and what the sender should do about it. Codes are
stable: clients program against them. The page that ``type`` resolves to is made from
this table.
"""

from typing import NamedTuple

MEDIA_TYPE = "application/problem+json"
PAGE_PATH = "/interop/v1/problems"


class Kind(NamedTuple):
    """One kind of problem; ``advice`` is one or two sentences for the engineer who gets
    it."""

    status: int
    title: str
    advice: str


KINDS = {
    # --- the request itself
    "bad_request": Kind(
        400, "Bad request", "The request cannot be read. Check its headers."
    ),
    "not_found": Kind(
        404, "Not found", "There is nothing here, or nothing that you may see."
    ),
    "method_not_allowed": Kind(
        405, "Method not allowed", "Use one of the methods in the Allow header."
    ),
    "too_large": Kind(
        413, "Too large", "Send a smaller body; its limit is set by the receiver."
    ),
    "not_acceptable": Kind(
        406,
        "Not acceptable",
        "The answer is not available in the format of _format. Ask for json, or leave "
        "_format out.",
    ),
    "unsupported_media_type": Kind(
        415,
        "Unsupported media type",
        "Send application/json in UTF-8, without a content encoding.",
    ),
    # --- who is calling
    "https_required": Kind(
        403,
        "HTTPS required",
        "Send the request over https. A token that was sent in clear may be known to "
        "others: replace it.",
    ),
    "operation_not_allowed": Kind(
        403, "Not allowed", "This operation was not approved for this client."
    ),
    "unauthorized": Kind(
        401,
        "Unauthorized",
        "The caller is not known or the signature does not prove it. Check the client "
        "code in Interop-Client, the key or token, the clock, and that exactly the bytes that "
        "were signed are sent. The server does not say which of them it was.",
    ),
    "too_many_failures": Kind(
        429,
        "Too many failed proofs",
        "Calls under this client code from your network keep failing to prove who they "
        "are. Correct the proof; one that is right is accepted at any time.",
    ),
    "rate_limited": Kind(
        429,
        "Too many requests",
        "This client sends more than it may. Go on after Retry-After; RateLimit-Policy "
        "says how much is allowed, RateLimit what is left.",
    ),
    # --- what is sent
    "invalid_json": Kind(
        400,
        "Invalid JSON",
        "The body is not strict JSON (RFC 8259) in UTF-8 within the limits.",
    ),
    "invalid_envelope": Kind(
        400, "Invalid envelope", "Correct the member named by the pointer in errors."
    ),
    "invalid_batch": Kind(
        400,
        "Invalid batch",
        "A batch is a JSON array of messages, or one message per line "
        "(application/x-ndjson), with at least one message.",
    ),
    "batch_too_long": Kind(
        413, "Batch too long", "Send at most 1,000 messages in one batch."
    ),
    "id_mismatch": Kind(
        400,
        "Ids differ",
        "A message is signed with its own id as webhook-id (or sent with it as "
        "Idempotency-Key), any other call with the webhook-id that the description of "
        "its operation names.",
    ),
    "unknown_contract": Kind(
        422,
        "Unknown contract",
        "No contract of this type and schema_version is published. "
        "/interop/v1/openapi.json lists those that you may send.",
    ),
    "event_not_expected": Kind(
        422,
        "Event not expected",
        "Events of this kind are not set up for the client. List the kind with the "
        "client, with a contract or to be ignored, or stop sending it.",
    ),
    "several_events": Kind(
        422,
        "Several events in one body",
        "The client is set up for one event per body. Name the place of the list of "
        "events with the client, or send one event at a time.",
    ),
    "invalid_form": Kind(
        400,
        "Invalid form",
        "The body is not a form (application/x-www-form-urlencoded) in UTF-8, or a "
        "field occurs twice. Send a form in which each field occurs once.",
    ),
    "contract_retired": Kind(
        410, "Contract retired", "This version is no longer accepted. Use a newer one."
    ),
    "schema_violation": Kind(
        422,
        "The data does not match its contract",
        "Every violation is listed in errors with a JSON Pointer. Correct the data and "
        "send it again.",
    ),
    # --- what the caller may do
    "interface_not_allowed": Kind(
        403,
        "Not allowed",
        "This client was not approved for this type and schema_version. "
        "/interop/v1/openapi.json lists those that it may send.",
    ),
    "interface_not_active": Kind(
        403, "Interface not active", "The interface is not approved and active."
    ),
    "facility_required": Kind(
        422,
        "Facility missing",
        "Your client serves several facilities: name one by its code, in the member "
        "facility of the message or the parameter facility of a look-up. "
        "/interop/v1/openapi.json lists the codes.",
    ),
    "unknown_facility": Kind(
        422,
        "Unknown facility",
        "Your system has no facility of this code here. /interop/v1/openapi.json lists "
        "the codes.",
    ),
    "facility_not_allowed": Kind(
        403,
        "Facility not allowed",
        "This client was not approved to send this, or to look it up, for this facility.",
    ),
    # --- the same message again
    "in_flight": Kind(
        409,
        "Still running",
        "The same message is being processed. Ask again after Retry-After.",
    ),
    "id_reused": Kind(
        409,
        "Id used for another body",
        "Send a changed message under a new webhook-id.",
    ),
    "idempotency_key_missing": Kind(
        400,
        "Idempotency-Key missing",
        "This client sends every message with Idempotency-Key.",
    ),
    "idempotency_key_invalid": Kind(
        400,
        "Invalid Idempotency-Key",
        "A key is given once and is a string of 1 to 128 visible ASCII characters "
        "without quotation mark, dot and comma, such as a UUID.",
    ),
    "idempotency_key_reused": Kind(
        422,
        "Idempotency-Key used for another body",
        "Send a changed message under a new key.",
    ),
    # --- what became of it
    "unknown_identifier": Kind(
        422,
        "Unknown identifier",
        "The message waits until a person has said what an identifier means. Do not "
        "send it again; ask for its status.",
    ),
    "unknown_namespace": Kind(
        422,
        "Unknown assigning authority",
        "The message waits until the authority of an identifier is set up. Do not send "
        "it again; ask for its status.",
    ),
    "possible_duplicate": Kind(
        422,
        "Possible duplicate",
        "Its identifiers belong to different records; a person decides. Ask for its "
        "status.",
    ),
    "namespace_not_allowed": Kind(
        422,
        "Namespace of another facility",
        "Use identifiers of the facility of the message.",
    ),
    "namespace_not_owned": Kind(
        422,
        "Namespace of another system",
        "Only the source system of a namespace may add identifiers to it.",
    ),
    "identifier_invalid": Kind(
        422,
        "Invalid identifier",
        "An identifier does not pass the check of its authority.",
    ),
    "identifier_placeholder": Kind(
        422,
        "Placeholder instead of a number",
        "An identifier is a text such as UNKNOWN or 000000000, which identifies nobody. "
        "Send the record without it, or with its number.",
    ),
    "not_owner": Kind(
        422,
        "Not the owner of the data",
        "Another system is authoritative for this data.",
    ),
    "content_refused": Kind(
        422,
        "Content refused",
        "This server cannot store a value. Correct the value, then send the message "
        "under a new id.",
    ),
    "conflict": Kind(422, "Conflict", "The message contradicts what is recorded."),
    "business_rule": Kind(
        422, "Business rule", "The receiver's rules do not allow this. See the detail."
    ),
    "cancelled": Kind(
        422, "Cancelled", "The receiver has decided not to apply this message."
    ),
    # --- looking an identifier up
    "invalid_query": Kind(
        400,
        "Invalid query",
        "Give the parameters that the description of this operation names, each once "
        "and well-formed, and no others.",
    ),
    "namespace_unknown": Kind(
        400, "Unknown namespace", "No assigning authority of this name is set up here."
    ),
    "lookup_not_allowed": Kind(
        403, "Not allowed", "This client may not look identifiers of this namespace up."
    ),
    "identifier_not_found": Kind(
        404,
        "Unknown identifier",
        "Nothing that this client may see has this identifier.",
    ),
    # --- linking an identifier
    "invalid_link": Kind(
        400,
        "Invalid link",
        "Give identifier and record, each with system and value, as this operation "
        "describes them.",
    ),
    "link_not_allowed": Kind(
        403,
        "Not allowed",
        "This client may not link, or not in this namespace: only its source system "
        "does that.",
    ),
    "identifier_conflict": Kind(
        409,
        "Identifier conflict",
        "The identifier belongs to another record here, or the record has another one. "
        "Somebody decides; repeat the request later.",
    ),
    # --- comparing what was sent
    "invalid_reconciliation": Kind(
        400,
        "Invalid reconciliation",
        "Give messages (id, perhaps sha256) or a window (from, to, count) as this "
        "operation describes them; errors names the place.",
    ),
    # --- fetching what was missed
    "invalid_cursor": Kind(
        400,
        "Invalid cursor",
        "Send the cursor of an earlier answer unchanged, or none to start at the "
        "beginning.",
    ),
    "events_not_allowed": Kind(
        403,
        "Not allowed",
        "This client was not approved for any interface on which this server sends.",
    ),
    # --- not the caller's fault
    "paused": Kind(
        503,
        "Paused",
        "The receiver has stopped this interface. Try again after Retry-After.",
    ),
    "busy": Kind(503, "Busy", "Too much at once. Try again after Retry-After."),
    "not_ready": Kind(
        503,
        "Not ready",
        "The receiver is not set up to take messages. Try again later.",
    ),
    "database_unavailable": Kind(
        503,
        "Database unavailable",
        "Nothing was stored. Try again after Retry-After. Where a server has several "
        "databases, the host name or X-Odoo-Database names yours.",
    ),
    "technical": Kind(
        503, "Technical failure", "Nothing was applied. Try again after Retry-After."
    ),
    "internal": Kind(
        500,
        "Internal error",
        "A fault of the receiver. Report the trace_id to its operator.",
    ),
}

_STATUS_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "busy",
}


def code_for_status(status) -> str:
    """Return the code for an HTTP error that came from below (routing, reading the
    body)."""
    if status in _STATUS_CODES:
        return _STATUS_CODES[status]
    return (
        "bad_request" if isinstance(status, int) and 400 <= status < 500 else "internal"
    )


def failure_code(code) -> str:
    """Return the public code of a failed message: its own when it is documented
    here."""
    known = KINDS.get(code)
    return code if known and known.status == 422 else "business_rule"


def problem(code, *, base_url="", trace_id="", detail="", errors=(), **members) -> dict:
    """Return the problem details object.

    ``base_url`` is the server's root without a final slash; ``errors`` are dicts with
    ``pointer`` (RFC 6901), ``detail`` and ``code``. Raises KeyError for a code that is
    not in the table: an undocumented error is a fault of ours.
    """
    kind = KINDS[code]
    body = {
        "type": f"{base_url}{PAGE_PATH}#{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail or kind.advice,
        "code": code,
    }
    if trace_id:
        body["trace_id"] = trace_id
    if errors:
        body["errors"] = [dict(error) for error in errors]
    body.update(
        {name: value for name, value in members.items() if value not in (None, "")}
    )
    return body
