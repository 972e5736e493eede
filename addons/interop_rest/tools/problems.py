"""The errors of this API as RFC 9457 problem details.

The table of codes is in ``problem_kinds``.
"""

from .problem_kinds import KINDS

MEDIA_TYPE = "application/problem+json"
PAGE_PATH = "/interop/v1/problems"

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
    """Return the code for an HTTP error of Odoo or Werkzeug (routing, body)."""
    if status in _STATUS_CODES:
        return _STATUS_CODES[status]
    return (
        "bad_request" if isinstance(status, int) and 400 <= status < 500 else "internal"
    )


def failure_code(code) -> str:
    """Return the public code of a failed message.

    It is the code itself if this table has it with status 422, else ``business_rule``.
    """
    known = KINDS.get(code)
    return code if known and known.status == 422 else "business_rule"


def problem(code, *, base_url="", trace_id="", detail="", errors=(), **members) -> dict:
    """Return the problem details object.

    :param base_url: root URL of the server without a final slash
    :param detail: text that replaces the advice of the code
    :param errors: dicts with ``pointer`` (RFC 6901), ``detail`` and ``code``
    :param members: further members; None and ``""`` are omitted
    :raises KeyError: the code is not in the table
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
