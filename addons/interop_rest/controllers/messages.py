"""The routes under ``/interop/v1/``: parse, call, answer."""

from odoo.http import Controller, Response, request, route

from ..exceptions import Problem
from ..models.inbound_types import Call
from ..tools import docs_page, headers, problem_page

ROUTE = {
    "type": "interop",
    "auth": "none",
    "csrf": False,
    "save_session": False,
}


def _reads_only(_controller, _rule, _args):
    """Return whether a call writes nothing: who says who it is is counted, whether it
    proves that or not."""
    return not headers.proofs(request.httprequest.headers.keys())


class InteropMessages(Controller):
    """Messages in, and what became of them."""

    @route("/interop/v1/messages", readonly=False, interop_methods=["POST"], **ROUTE)
    def receive(self):
        """Take one signed message."""
        self._check_type()
        answer = request.env["interop.inbound"]._receive(self._call())
        return self._respond(answer)

    @route(
        "/interop/v1/messages:batch",
        readonly=False,
        interop_methods=["POST"],
        interop_batch=True,
        **ROUTE,
    )
    def receive_batch(self):
        """Take many messages under one signature."""
        lines = headers.is_lines(request.httprequest.headers.get("Content-Type"))
        self._check_type(lines)
        inbound = request.env["interop.inbound"]
        return self._respond(inbound._receive_batch(self._call(), lines))

    @route(
        "/interop/v1/messages:reconcile",
        readonly=False,  # writes who asked
        interop_methods=["POST"],
        **ROUTE,
    )
    def reconcile(self):
        """Tell the sender which of its messages are here, and what became of them."""
        self._check_type()
        return self._respond(request.env["interop.inbound"]._reconcile(self._call()))

    @route(
        "/interop/v1/webhooks/<string:client>",
        readonly=False,
        interop_methods=["POST"],
        **ROUTE,
    )
    def receive_webhook(self, client):
        """Take one webhook of a vendor that signs in its own way."""
        self._check_type(may_be_form=True)
        call = self._call()._replace(vendor=client)
        return self._respond(request.env["interop.inbound"]._receive_vendor(call))

    @route(
        "/interop/v1/messages/<path:external_id>",
        readonly=False,
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def status(self, external_id):
        """Tell the sender what became of one of its messages."""
        answer = request.env["interop.inbound"]._status(self._call(), external_id)
        return self._respond(answer)

    @route(
        "/interop/v1/identifiers",
        readonly=False,
        interop_methods=["GET", "POST"],
        **ROUTE,
    )
    def identifiers(self):
        """Look an identifier up, or link one; writes who did."""
        inbound = request.env["interop.inbound"]
        if request.httprequest.method == "POST":
            self._check_type()
            return self._respond(inbound._link_identifier(self._call()))
        return self._respond(inbound._lookup(self._call()))

    @route(
        "/interop/v1/identifiers/$ihe-pix",
        readonly=False,
        interop_methods=["GET"],
        **ROUTE,
    )
    def cross_reference(self):
        """Answer all identifiers of a record; writes who asked."""
        inbound = request.env["interop.inbound"]
        return self._respond(inbound._cross_reference(self._call()))

    @route("/interop/v1/events", readonly=False, interop_methods=["GET"], **ROUTE)
    def events(self):
        """Hand out what a receiver missed; writes who fetched what."""
        return self._respond(request.env["interop.inbound"]._events(self._call()))

    @route(
        "/interop/v1/openapi.json",
        readonly=False,
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def openapi(self):
        """What this API is, for the caller."""
        return self._respond(request.env["interop.inbound"]._openapi(self._call()))

    @route(
        "/interop/v1/docs",
        readonly=False,  # a call without proof is counted, too
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def docs(self):
        """The same for people, as a page."""
        answer = request.env["interop.inbound"]._openapi(self._call())
        return Response(
            docs_page.render(answer.body),
            headers={"Content-Security-Policy": docs_page.CONTENT_SECURITY_POLICY},
            content_type=docs_page.MEDIA_TYPE,
        )

    @route(
        "/interop/v1/health",
        readonly=_reads_only,
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def health(self):
        """Liveness, and to a client what waits for it."""
        return self._respond(request.env["interop.inbound"]._health(self._call()))

    @route(
        "/interop/v1/problems",
        readonly=True,
        interop_methods=["GET", "HEAD"],
        interop_nodb=True,
        **ROUTE,
    )
    def problems(self):
        """The page that the ``type`` of every problem resolves to."""
        return Response(
            problem_page.render(),
            headers={"Content-Security-Policy": problem_page.CONTENT_SECURITY_POLICY},
            content_type=problem_page.MEDIA_TYPE,
        )

    @route(
        ["/interop/<path:path>", "/interop"],
        readonly=True,
        interop_methods=[
            "GET",
            "HEAD",
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
            "OPTIONS",
            "TRACE",
        ],
        **ROUTE,
    )
    def unknown(self, path=""):  # pylint: disable=unused-argument
        """Whatever else is asked for under our prefix."""
        raise Problem("not_found")

    # ------------------------------------------------------------------
    # Reading and answering
    # ------------------------------------------------------------------
    def _check_type(self, lines=False, may_be_form=False):
        """Refuse a body that is not plain JSON (or lines of it, or where a third party
        may send one, a form) before reading it."""
        received = request.httprequest.headers
        kind = received.get("Content-Type")
        is_form = may_be_form and headers.is_form(kind)
        if not (lines or is_form or headers.is_json(kind)):
            raise Problem(
                "unsupported_media_type", headers={"Accept": headers.MEDIA_TYPES[0]}
            )
        if not headers.is_plain(received.get("Content-Encoding")):
            raise Problem(
                "unsupported_media_type", headers={"Accept-Encoding": "identity"}
            )

    def _call(self):
        """Return the facts of the request; reads the body, within the limit."""
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
            url=headers.target_url(http.scheme, http.host, self._target(http)),
        )

    def _target(self, http):
        """Return the request target as sent; servers keep it beside the decoded one."""
        return http.environ.get("REQUEST_URI") or http.environ.get("RAW_URI") or "/"

    def _respond(self, answer):
        return request.dispatcher.json(
            answer.body, answer.status, answer.headers, answer.media_type
        )
