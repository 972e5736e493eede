"""Turn HTTP requests into calls, and answers into HTTP responses."""

from odoo.http import request

from ..exceptions import Problem
from ..services.call import Call
from ..tools import headers

ROUTE = {
    "type": "interop",
    "auth": "none",
    "csrf": False,
    "save_session": False,
}


def check_type(lines=False, may_be_form=False):
    """Refuse a wrong media type or content encoding before the body is read.

    :param bool lines: allow NDJSON
    :param bool may_be_form: allow HTML forms, for webhooks of third parties
    :raises Problem: ``unsupported_media_type``
    """
    received = request.httprequest.headers
    kind = received.get("Content-Type")
    is_form = may_be_form and headers.is_form(kind)
    if not (lines or is_form or headers.is_json(kind)):
        raise Problem(
            "unsupported_media_type", headers={"Accept": headers.MEDIA_TYPES[0]}
        )
    if not headers.is_plain(received.get("Content-Encoding")):
        raise Problem("unsupported_media_type", headers={"Accept-Encoding": "identity"})


def read_call():
    """Return the request as a ``Call``; reads the body up to the size limit."""
    http = request.httprequest
    return Call(
        headers=list(http.headers.items()),
        body=request.dispatcher.body(),
        address=http.remote_addr or "",
        trace=request.dispatcher.trace,
        base_url=request.dispatcher.base_url,
        query=http.query_string,
        limits=request.dispatcher.limits,
        method=http.method,
        url=headers.target_url(http.scheme, http.host, _target(http)),
    )


def _target(http):
    """Return the request target as sent; WSGI servers keep it beside the decoded path."""
    return http.environ.get("REQUEST_URI") or http.environ.get("RAW_URI") or "/"


def respond(answer):
    """Return the HTTP response of a service's answer."""
    return request.dispatcher.json(
        answer.body, answer.status, answer.headers, answer.media_type
    )
