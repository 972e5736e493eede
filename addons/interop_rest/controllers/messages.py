"""The routes under ``/interop/v1/``: parse the request, call the service, answer."""

from odoo.http import Controller, Response, request, route

from ..exceptions import Problem
from ..services import events, health, lookup, messages, reconcile
from ..tools import docs_page, headers, problem_page
from .reading import ROUTE, check_type, read_call, respond


def _is_anonymous(_controller, _rule, _args):
    """Return whether the call has no credentials and therefore writes nothing.

    Calls with credentials are counted, whether authentication succeeds or not.
    """
    return not headers.credentials(request.httprequest.headers.keys())


class InteropMessages(Controller):
    """Inbound messages, their status, and the other REST operations."""

    @route("/interop/v1/messages", readonly=False, interop_methods=["POST"], **ROUTE)
    def receive(self):
        """Receive one signed message."""
        check_type()
        return respond(messages.receive(request.env, read_call()))

    @route(
        "/interop/v1/messages:batch",
        readonly=False,
        interop_methods=["POST"],
        interop_batch=True,
        **ROUTE,
    )
    def receive_batch(self):
        """Receive many messages under one signature."""
        lines = headers.is_lines(request.httprequest.headers.get("Content-Type"))
        check_type(lines)
        return respond(messages.receive_batch(request.env, read_call(), lines))

    @route(
        "/interop/v1/messages:reconcile",
        readonly=False,  # writes an audit event
        interop_methods=["POST"],
        **ROUTE,
    )
    def reconcile(self):
        """Answer the status of the messages that the sender lists."""
        check_type()
        return respond(reconcile.reconcile(request.env, read_call()))

    @route(
        "/interop/v1/messages/<path:external_id>",
        readonly=False,
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def status(self, external_id):
        """Answer the status of one message of the sender."""
        return respond(messages.status(request.env, read_call(), external_id))

    @route(
        "/interop/v1/identifiers",
        readonly=False,
        interop_methods=["GET", "POST"],
        **ROUTE,
    )
    def identifiers(self):
        """Look up an identifier, or link one; both write an audit event."""
        if request.httprequest.method == "POST":
            check_type()
            return respond(lookup.link(request.env, read_call()))
        return respond(lookup.look_up(request.env, read_call()))

    @route(
        "/interop/v1/identifiers/$ihe-pix",
        readonly=False,
        interop_methods=["GET"],
        **ROUTE,
    )
    def cross_reference(self):
        """Answer all identifiers of a record; writes an audit event."""
        return respond(lookup.cross_reference(request.env, read_call()))

    @route("/interop/v1/events", readonly=False, interop_methods=["GET"], **ROUTE)
    def events(self):
        """Answer the messages that a receiver missed; writes an audit event."""
        return respond(events.events(request.env, read_call()))

    @route(
        "/interop/v1/openapi.json",
        readonly=False,
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def openapi(self):
        """Answer the OpenAPI document of the caller."""
        return respond(request.env["interop.rest.openapi"]._answer(read_call()))

    @route(
        "/interop/v1/docs",
        readonly=False,  # failed authentication is counted
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def docs(self):
        """Answer the OpenAPI document as an HTML page."""
        answer = request.env["interop.rest.openapi"]._answer(read_call())
        return Response(
            docs_page.render(answer.body),
            headers={"Content-Security-Policy": docs_page.CONTENT_SECURITY_POLICY},
            content_type=docs_page.MEDIA_TYPE,
        )

    @route(
        "/interop/v1/health",
        readonly=_is_anonymous,
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def health(self):
        """Answer liveness, and for a client the depth of its queues."""
        return respond(health.health(request.env, read_call()))

    @route(
        "/interop/v1/problems",
        readonly=True,
        interop_methods=["GET", "HEAD"],
        interop_nodb=True,
        **ROUTE,
    )
    def problems(self):
        """Answer the page that the ``type`` of every problem links to."""
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
        """Answer 404 for every other path under the prefix."""
        raise Problem("not_found")
