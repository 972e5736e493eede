"""The table of all error codes of this API.

An entry has the code, the HTTP status, a title, and advice for the engineer at the
partner. Codes are stable, because clients program against them. The page that ``type``
links to is generated from this table.
"""

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of problem; ``advice`` states the cause and the next step."""

    status: int
    title: str
    advice: str


KINDS = {
    # --- the request itself
    "bad_request": Kind(
        400,
        "Bad request",
        "The server cannot read the request. Check its address and headers.",
    ),
    "not_found": Kind(
        404,
        "Not found",
        "The address or the message does not exist, or your client may not see it. Check "
        "the address and the id.",
    ),
    "method_not_allowed": Kind(
        405, "Method not allowed", "Use one of the methods in the Allow header."
    ),
    "too_large": Kind(
        413,
        "Too large",
        "The body is larger than the limit of this server. Send a smaller body.",
    ),
    "not_acceptable": Kind(
        406,
        "Not acceptable",
        "The server cannot answer in the format of _format. Request json, or omit _format.",
    ),
    "unsupported_media_type": Kind(
        415,
        "Unsupported media type",
        "Send application/json in UTF-8, without a content encoding.",
    ),
    # --- authentication
    "https_required": Kind(
        403,
        "HTTPS required",
        "The request was sent over http. Send it over https. If it contained a token, "
        "replace the token, because others may have read it.",
    ),
    "operation_not_allowed": Kind(
        403,
        "Operation not allowed",
        "This operation is not approved for your client. Ask the operator of the server "
        "to approve it.",
    ),
    "unauthorized": Kind(
        401,
        "Unauthorized",
        "Authentication failed: unknown client code, or the signature or token does not "
        "match. Check Interop-Client, the key or token, and the clock. Send exactly the "
        "bytes that were signed. The server does not tell which check failed.",
    ),
    "too_many_failures": Kind(
        429,
        "Too many failed authentications",
        "Too many calls with this client code from your network failed authentication. "
        "Correct the key, clock or signature. A valid call is accepted immediately.",
    ),
    "rate_limited": Kind(
        429,
        "Too many requests",
        "Your client exceeded its rate limit. Continue after Retry-After. "
        "RateLimit-Policy states the limit, RateLimit the remaining requests.",
    ),
    # --- content of the request
    "invalid_json": Kind(
        400,
        "Invalid JSON",
        "The body is not strict JSON (RFC 8259) in UTF-8, or exceeds a limit of depth, "
        "items or numbers. Correct the body.",
    ),
    "invalid_envelope": Kind(
        400,
        "Invalid envelope",
        "A member of the envelope is missing or wrong. Correct the member that the pointer "
        "in errors names.",
    ),
    "invalid_batch": Kind(
        400,
        "Invalid batch",
        "The body is not a batch. Send a JSON array of messages, or one message per line "
        "(application/x-ndjson), with at least one message.",
    ),
    "batch_too_long": Kind(
        413,
        "Batch too long",
        "The batch has more than 1,000 messages. Split it into smaller batches.",
    ),
    "id_mismatch": Kind(
        400,
        "Ids differ",
        "The signature covers another webhook-id than expected. For a message, use its id "
        "as webhook-id or Idempotency-Key. For other calls, use the webhook-id that the "
        "description of the operation states.",
    ),
    "unknown_contract": Kind(
        422,
        "Unknown contract",
        "No contract with this type and schema_version is published. Send a message type "
        "that /interop/v1/openapi.json lists.",
    ),
    "event_not_expected": Kind(
        422,
        "Event not expected",
        "The client is not set up for this event type. Add the event type to the client, "
        "with a contract or to be ignored, or stop sending it.",
    ),
    "several_events": Kind(
        422,
        "Several events in one body",
        "The client is set up for one event per body. Enter the place of the event list on "
        "the client, or send one event per request.",
    ),
    "invalid_form": Kind(
        400,
        "Invalid form",
        "The body is not a form (application/x-www-form-urlencoded) in UTF-8, or a "
        "field occurs twice. Send a form in which each field occurs once.",
    ),
    "contract_retired": Kind(
        410,
        "Contract retired",
        "This contract version is no longer accepted. Use a newer version.",
    ),
    "schema_violation": Kind(
        422,
        "The data does not match its contract",
        "The data violates the JSON Schema of its contract. The list errors has each "
        "violation with a JSON Pointer. Correct the data and send it again.",
    ),
    # --- permissions of the client
    "interface_not_allowed": Kind(
        403,
        "Interface not allowed",
        "Your client is not approved for this type and schema_version. Send a message type "
        "that /interop/v1/openapi.json lists.",
    ),
    "interface_not_active": Kind(
        403,
        "Interface not active",
        "The interface is not approved, or is suspended. Ask the operator of the server "
        "when it becomes active.",
    ),
    "facility_required": Kind(
        422,
        "Facility missing",
        "Your client serves several facilities. Name one by its code, in the member "
        "facility of the message or the parameter facility of a look-up. "
        "/interop/v1/openapi.json lists the codes.",
    ),
    "unknown_facility": Kind(
        422,
        "Unknown facility",
        "No facility has this code for your system. Use a code that "
        "/interop/v1/openapi.json lists.",
    ),
    "facility_not_allowed": Kind(
        403,
        "Facility not allowed",
        "Your client is not approved for this operation in this facility. Use another "
        "facility, or ask the operator of the server to approve it.",
    ),
    # --- repeated messages
    "in_flight": Kind(
        409,
        "Still running",
        "The same message is being processed. Repeat the call after Retry-After.",
    ),
    "id_reused": Kind(
        409,
        "Id used for another body",
        "A message with this id and another body was received before. Send a changed "
        "message with a new webhook-id.",
    ),
    "idempotency_key_missing": Kind(
        400,
        "Idempotency-Key missing",
        "Your client has to send Idempotency-Key with every message. Add the header.",
    ),
    "idempotency_key_invalid": Kind(
        400,
        "Invalid Idempotency-Key",
        "The header is malformed or repeated. Send one key of 1 to 128 visible ASCII "
        "characters without quotation mark, dot and comma, such as a UUID.",
    ),
    "idempotency_key_reused": Kind(
        422,
        "Idempotency-Key used for another body",
        "A message with this key and another body was received before. Send a changed "
        "message with a new key.",
    ),
    # --- failures of stored messages
    "unknown_identifier": Kind(
        422,
        "Unknown identifier",
        "No record has an identifier of the message. The message is stored, and a person "
        "decides. Do not send it again. Read its status.",
    ),
    "unknown_namespace": Kind(
        422,
        "Unknown assigning authority",
        "The assigning authority of an identifier is not set up. The message is stored, "
        "and a person decides. Do not send it again. Read its status.",
    ),
    "possible_duplicate": Kind(
        422,
        "Possible duplicate",
        "The identifiers of the message belong to different records. The message is "
        "stored, and a person decides. Do not send it again. Read its status.",
    ),
    "namespace_not_allowed": Kind(
        422,
        "Namespace of another facility",
        "An identifier belongs to a namespace of another facility. Use identifiers of the "
        "facility of the message.",
    ),
    "namespace_not_owned": Kind(
        422,
        "Namespace of another system",
        "Only the source system of a namespace may add identifiers to it. Omit the "
        "identifier, or ask the operator of the server to change the source system.",
    ),
    "identifier_invalid": Kind(
        422,
        "Invalid identifier",
        "An identifier violates the format or check digit of its namespace. Correct the "
        "identifier.",
    ),
    "identifier_placeholder": Kind(
        422,
        "Placeholder instead of a number",
        "An identifier is a placeholder such as UNKNOWN or 000000000. Omit it, or send the "
        "number.",
    ),
    "not_owner": Kind(
        422,
        "Not the owner of the data",
        "Another system is authoritative for this data. Send the message without it.",
    ),
    "content_refused": Kind(
        422,
        "Content refused",
        "The server cannot store a value. Correct the value, then send the message with a "
        "new id.",
    ),
    "conflict": Kind(
        422,
        "Conflict",
        "The message contradicts stored data. Compare both, and correct the data.",
    ),
    "business_rule": Kind(
        422,
        "Business rule",
        "A rule of the receiver does not allow this message. The detail states the rule.",
    ),
    "cancelled": Kind(
        422,
        "Cancelled",
        "A user of the receiver cancelled the message. It is not applied.",
    ),
    # --- look-up of identifiers
    "invalid_query": Kind(
        400,
        "Invalid query",
        "A parameter is missing, unknown, repeated or malformed. Send only the parameters "
        "that the description of the operation lists, each once.",
    ),
    "namespace_unknown": Kind(
        400,
        "Unknown namespace",
        "No namespace with this URI or alias is set up. Check the URI.",
    ),
    "lookup_not_allowed": Kind(
        403,
        "Look-up not allowed",
        "Your client may not look up identifiers of this namespace. Ask the operator of "
        "the server to approve it.",
    ),
    "identifier_not_found": Kind(
        404,
        "Unknown identifier",
        "No record that your client may see has this identifier. Check the namespace and "
        "the value.",
    ),
    # --- linking of identifiers
    "invalid_link": Kind(
        400,
        "Invalid link",
        "The body is malformed. Send identifier and record, each with system and value.",
    ),
    "link_not_allowed": Kind(
        403,
        "Linking not allowed",
        "Your client may not link identifiers, or its system is not the source system of "
        "this namespace. Ask the operator of the server to approve it.",
    ),
    "identifier_conflict": Kind(
        409,
        "Identifier conflict",
        "The identifier belongs to another record, or the record has another identifier "
        "of this namespace. A person decides. Repeat the request later.",
    ),
    # --- reconciliation
    "invalid_reconciliation": Kind(
        400,
        "Invalid reconciliation",
        "The body is malformed. Send messages (id and, optionally, sha256) or a window "
        "(from, to, count). The list errors names the wrong place.",
    ),
    # --- catch-up
    "invalid_cursor": Kind(
        400,
        "Invalid cursor",
        "The cursor was not issued by this server for your client. Send the cursor of an "
        "earlier answer unchanged, or omit it to start at the beginning.",
    ),
    "events_not_allowed": Kind(
        403,
        "Events not allowed",
        "Your client is not approved for any outbound interface. Ask the operator of the "
        "server to approve one.",
    ),
    # --- failures of the server
    "paused": Kind(
        503,
        "Paused",
        "The operator of the server stopped this interface. Nothing was stored. Try again "
        "after Retry-After.",
    ),
    "busy": Kind(
        503,
        "Busy",
        "The server has too many requests. Nothing was stored. Try again after "
        "Retry-After.",
    ),
    "not_ready": Kind(
        503,
        "Not ready",
        "The server is not ready to receive messages. Nothing was stored. Try again after "
        "Retry-After.",
    ),
    "database_unavailable": Kind(
        503,
        "Database unavailable",
        "The database is not reachable, or the request selects no database. Nothing was "
        "stored. Try again after Retry-After. If the server has several databases, the "
        "host name or X-Odoo-Database selects one.",
    ),
    "technical": Kind(
        503,
        "Technical failure",
        "A technical failure occurred. Nothing was applied. Try again after Retry-After.",
    ),
    "internal": Kind(
        500,
        "Internal error",
        "The server failed. Report the trace_id to its operator.",
    ),
}
