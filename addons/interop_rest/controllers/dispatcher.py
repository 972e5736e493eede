"""Serve requests to ``/interop/`` without HTML, cookies or tracebacks.

Core's ``type="http"`` is not suitable. It reads form bodies before the signature is
verified, saves sessions, and answers 404, 405, 415 and errors in HTML. Without a database
it answers an HTML page.
"""

import json
import logging
import traceback

import psycopg2
from psycopg2.pool import PoolError
from werkzeug.exceptions import HTTPException

from odoo.exceptions import AccessDenied, ConcurrencyError
from odoo.http import Dispatcher, HttpDispatcher, Response

from odoo.addons.interop_base import db
from odoo.addons.interop_base.exceptions import Refused
from odoo.addons.interop_base.tools import rates, trace

from .. import const
from ..exceptions import Problem
from ..tools import headers, problems

_logger = logging.getLogger(__name__)


SETTINGS = "interop.rest.settings"
# SQLSTATE: no connection (class 08), and a server that stops or starts (57P01 to 57P05).
LOST = ("08", "57P")


def _is_lost(exc):
    """Return whether an exception means that the connection to PostgreSQL is lost.

    psycopg2 raises ``OperationalError``, or ``InterfaceError`` on a connection that it
    knows to be closed, or a bare ``DatabaseError`` in the middle of an answer.
    """
    if isinstance(exc, psycopg2.InterfaceError):
        return True
    if type(exc) is not psycopg2.DatabaseError and not isinstance(
        exc, psycopg2.OperationalError
    ):
        return False
    return not exc.pgcode or exc.pgcode.startswith(LOST)


class InteropDispatcher(Dispatcher):
    """Routing type ``interop``.

    Routes declare ``interop_methods`` instead of ``methods``, because core answers a
    wrong method in HTML. Routes that work without a database declare
    ``interop_nodb=True``.
    """

    routing_type = const.ROUTING_TYPE
    mimetypes = headers.MEDIA_TYPES

    def __init__(self, request):
        super().__init__(request)
        self.batch = False
        self.limits = {}
        received = request.httprequest.headers.get("traceparent")
        context = trace.parse_traceparent(received)
        self.trace = trace.child(context) if context else trace.new_trace()

    @classmethod
    def is_compatible_with(cls, request):
        """Accept every content type; the route refuses a wrong one in problem+json."""
        return cls.serves(request.httprequest.path)

    @staticmethod
    def serves(path):
        """Return whether a path is a route for clients."""
        return path == const.PREFIX or path.startswith(f"{const.PREFIX}/")

    def pre_dispatch(self, rule, args):
        """Disable the session and set the maximum size of the body; no CORS."""
        self.request.session.can_save = False
        self.batch = rule.endpoint.routing.get("interop_batch", False)
        if self.request.env is not None and SETTINGS in self.request.env:
            # One byte more than allowed, to detect a chunked body that is too large:
            # werkzeug truncates it at the limit without an error.
            self.request.httprequest.max_content_length = self._max_body_bytes() + 1

    def dispatch(self, endpoint, args):
        """Call the endpoint and turn every failure into a ``Problem``."""
        routing = endpoint.routing
        self.request.params = dict(args)
        methods = routing["interop_methods"]
        if self.request.httprequest.method not in methods:
            raise Problem("method_not_allowed", headers={"Allow": ", ".join(methods)})
        if not routing.get("interop_nodb"):
            self._require_database()
        try:
            with db.quiet():  # statements contain content of messages
                response = endpoint(**args)
                if self.request.env is not None:
                    self.request.env.cr.flush()
            return response
        except Refused as refused:
            problem = Problem.of(refused)
        except (HTTPException, ConcurrencyError, psycopg2.OperationalError):
            raise  # Odoo answers, or repeats the request
        except Exception as exc:  # noqa: BLE001 (texts of other code must not leak)
            self._log_fault(exc)
            problem = self._as_problem(exc)
            problem.reason = type(exc).__name__
        # Raised outside the except block: Odoo would otherwise log the original
        # exception, whose text and SQL statement may contain content.
        raise problem

    def post_dispatch(self, response):
        """Set the security headers only; core would save the session and set a cookie."""
        self._secure(response)

    def handle_error(self, exc):
        """Return problem+json for any exception."""
        problem = self._as_problem(exc)
        problem.trace_id = self.trace.trace_id
        body = problems.problem(
            problem.code,
            base_url=self.base_url,
            trace_id=problem.trace_id,
            detail=problem.detail,
            errors=problem.errors,
        )
        if problem.status == 401:
            problem.headers["WWW-Authenticate"] = headers.CHALLENGE
        if problem.status == 503:
            problem.headers.setdefault("Retry-After", str(self.retry_after))
        response = self.json(body, problem.status, problem.headers, problems.MEDIA_TYPE)
        self._secure(response)
        return response

    # ------------------------------------------------------------------
    # Used by controllers
    # ------------------------------------------------------------------
    @property
    def base_url(self):
        """The root URL of this server as the caller sees it, without a final slash."""
        return self.request.httprequest.url_root.rstrip("/")

    @property
    def retry_after(self):
        """Seconds after which a caller may repeat the request."""
        env = self.request.env
        if env is None or SETTINGS not in env or env.cr.closed:
            return const.SETTINGS[const.PARAM_RETRY_AFTER][0]
        try:
            return env[SETTINGS]._setting(const.PARAM_RETRY_AFTER)
        except psycopg2.Error:
            return const.SETTINGS[const.PARAM_RETRY_AFTER][0]

    def body(self):
        """Return the raw body.

        :raises Problem: the body is larger than the Settings allow
        """
        body = self.request.httprequest.get_data()
        if len(body) > self._max_body_bytes():
            raise Problem("too_large")
        return body

    def json(self, body, status=200, extra=None, media_type="application/json"):
        """Return a JSON response; a ``str`` is sent unchanged."""
        if not isinstance(body, str):
            body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return Response(
            body,
            status=status,
            headers=list((extra or {}).items()),
            content_type=media_type,
        )

    # ------------------------------------------------------------------
    # Steps
    # ------------------------------------------------------------------
    def _max_body_bytes(self):
        settings = self.request.env[SETTINGS]
        if self.batch:
            return settings._max_batch_bytes()
        return settings._max_body_bytes()

    def _require_database(self):
        """Refuse if there is no database, or this addon is not installed in it."""
        if not self.request.db:
            raise Problem("database_unavailable")
        if SETTINGS not in self.request.env:
            raise Problem("not_found", reason="addon_not_installed")

    def _as_problem(self, exc):
        """Map an exception to a problem: the only table from exception to status."""
        if isinstance(exc, Refused):
            return Problem.of(exc)
        if isinstance(exc, HTTPException):
            return Problem(problems.code_for_status(exc.code))
        if isinstance(exc, AccessDenied):
            return Problem("unauthorized")
        if _is_lost(exc):
            return Problem("database_unavailable")
        if isinstance(exc, ConcurrencyError | psycopg2.OperationalError | PoolError):
            return Problem("busy")
        return Problem("internal")

    def _log_fault(self, exc):
        """Log the traceback of a fault without its text, which may contain content."""
        frames = "".join(traceback.format_tb(exc.__traceback__))
        _logger.error(
            "interop request failed: %s trace_id=%s\n%s",
            type(exc).__name__,
            self.trace.trace_id,
            frames,
        )

    def _secure(self, response):
        if self.limits:
            response.headers.update(
                headers.rate_limits(self.limits.values(), rates.WINDOW)
            )
        for name, value in headers.SECURITY.items():
            response.headers.setdefault(name, value)


class UnroutedDispatcher(HttpDispatcher):
    """Core's dispatcher, which every request has until its route is found.

    A class of the same routing type takes the place of core's. Only errors of paths for
    machines are told in another way: a query over a connection that PostgreSQL has just
    closed would be an HTML page otherwise.
    """

    def handle_error(self, exc):
        """Return problem+json for any exception before the route of a machine."""
        if InteropDispatcher.serves(self.request.httprequest.path):
            return InteropDispatcher(self.request).handle_error(exc)
        return super().handle_error(exc)
