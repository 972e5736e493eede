"""The routes under ``/interop/v1/``: parse, call, answer."""

from odoo.http import Controller, Response, request, route

from ..exceptions import Problem
from ..services import events, health, lookup, messages, reconcile
from ..tools import docs_page, headers, problem_page
from .reading import ROUTE, check_type, read_call, respond


def _reads_only(_controller, _rule, _args):
    """Return whether a call writes nothing: who says who it is is counted, whether it
    proves that or not."""
    return not headers.proofs(request.httprequest.headers.keys())


class InteropMessages(Controller):
    """Messages in, and what became of them."""

    @route("/interop/v1/messages", readonly=False, interop_methods=["POST"], **ROUTE)
    def receive(self):
        """Take one signed message."""
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
        """Take many messages under one signature."""
        lines = headers.is_lines(request.httprequest.headers.get("Content-Type"))
        check_type(lines)
        return respond(messages.receive_batch(request.env, read_call(), lines))

    @route(
        "/interop/v1/messages:reconcile",
        readonly=False,  # writes who asked
        interop_methods=["POST"],
        **ROUTE,
    )
    def reconcile(self):
        """Tell the sender which of its messages are here, and what became of them."""
        check_type()
        return respond(reconcile.reconcile(request.env, read_call()))

    @route(
        "/interop/v1/messages/<path:external_id>",
        readonly=False,
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def status(self, external_id):
        """Tell the sender what became of one of its messages."""
        return respond(messages.status(request.env, read_call(), external_id))

    @route(
        "/interop/v1/identifiers",
        readonly=False,
        interop_methods=["GET", "POST"],
        **ROUTE,
    )
    def identifiers(self):
        """Look an identifier up, or link one; writes who did."""
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
        """Answer all identifiers of a record; writes who asked."""
        return respond(lookup.cross_reference(request.env, read_call()))

    @route("/interop/v1/events", readonly=False, interop_methods=["GET"], **ROUTE)
    def events(self):
        """Hand out what a receiver missed; writes who fetched what."""
        return respond(events.events(request.env, read_call()))

    @route(
        "/interop/v1/openapi.json",
        readonly=False,
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def openapi(self):
        """What this API is, for the caller."""
        return respond(request.env["interop.rest.openapi"]._answer(read_call()))

    @route(
        "/interop/v1/docs",
        readonly=False,  # a call without proof is counted, too
        interop_methods=["GET", "HEAD"],
        **ROUTE,
    )
    def docs(self):
        """The same for people, as a page."""
        answer = request.env["interop.rest.openapi"]._answer(read_call())
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
        return respond(health.health(request.env, read_call()))

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
