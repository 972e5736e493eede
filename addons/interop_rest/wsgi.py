"""What stands between the web server and core for machines' requests.

**Which database** a request belongs to is found without asking PostgreSQL each time. Core
asks PostgreSQL for all its databases with every request that brings no session, over a
connection that it makes for this one question and then throws away: on a server with
``dbfilter`` this takes longer than to check a signature. People bring a session; machines
never do. So what core finds for a host is remembered for some seconds, and handed to core
as ``X-Odoo-Database``, the header by which a client may name its database as well. Core
checks with each request that the host may have it.

**What core would answer in HTML** before it knows of any route is refused in
problem+json: a host that is none, and doubled slashes where no route allows any, which
werkzeug redirects to a path with single ones. A wish to speak another protocol is not heard
(RFC 9110, 7.8).

**What fails before a route is found**, such as a query over a connection that PostgreSQL
has just closed, leaves core as an HTML page or as an exception. It becomes problem+json, too.

**Failing statements stay out of the log** for the whole request: core writes them with
their values, also in a flush or a commit after the dispatcher has ended.

**The server's banner** does not tell which versions run here.

Middleware as in PEP 3333 rather than changes to core's classes; whoever wraps
``odoo.http.root`` as well gets along with it.
"""

import json
import logging
import time
from urllib.parse import unquote, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_host

from odoo import http
from odoo.service.server import CommonRequestHandler
from odoo.tools import config

from odoo.addons.interop_base import db
from odoo.addons.interop_base.tools import trace

from .const import PARAM_RETRY_AFTER, PREFIX, SETTINGS
from .controllers.dispatcher import InteropDispatcher
from .tools import headers, problems

_logger = logging.getLogger(__name__)

BANNER = "interop"
DATABASE = "HTTP_X_ODOO_DATABASE"
SESSION = "session_id="
KNOWN_FOR = 10.0  # seconds; a database that was added or renamed is found after them
HOSTS = 1000  # a caller may invent hosts: not more of them are remembered

_ROUTES = Map()  # of no routes: to look at hosts only


class MachineRequests:
    """A WSGI application around Odoo's; its attributes are Odoo's."""

    def __init__(self, app):
        # found: host -> (its one database, when that is over by the monotonic clock)
        self.__dict__.update(app=app, found={})

    def __getattr__(self, name):
        return getattr(self.app, name)

    def __setattr__(self, name, value):
        setattr(self.app, name, value)

    def __delattr__(self, name):
        delattr(self.app, name)

    def __call__(self, environ, start_response):
        """Serve a request; one that is not for machines exactly as Odoo does."""
        if not _is_ours(environ.get("PATH_INFO", "")):
            return self.app(environ, start_response)
        environ.setdefault("HTTP_HOST", get_host(environ))  # HTTP/1.0 may bring none
        environ.pop("HTTP_UPGRADE", None)
        host = _host(environ)
        if not _is_host(host):
            return _refuse("bad_request", environ, start_response)
        if environ["PATH_INFO"].startswith(("//", f"{PREFIX}//")):
            return _refuse("not_found", environ, start_response)
        answer = _Answer(start_response)
        body = ()
        try:
            self._choose_database(environ, host)
            with db.quiet():
                body = self.app(environ, answer.start)
        except Exception as exc:  # noqa: BLE001 (no foreign text may get out)
            # Odoo logs what it handles: this failed before that, or while it did so.
            _logger.error("interop request failed: %s", type(exc).__name__)
            answer.code = "database_unavailable"
        if not answer.code:
            return body
        if hasattr(body, "close"):
            body.close()
        return _refuse(answer.code, environ, start_response)

    def _choose_database(self, environ, host):
        """Name the one database of a host to core, unless the caller names one."""
        if environ.get(DATABASE):
            # Core answers an HTML page when a session is of another database.
            environ.pop("HTTP_COOKIE", None)
        elif SESSION not in environ.get("HTTP_COOKIE", ""):
            if name := self._only(host):
                environ[DATABASE] = name
        # else a person reads the documentation

    def _only(self, host):
        """Return the one database of a host; None when there is none, or several."""
        now = time.monotonic()
        name, ends = self.found.get(host, ("", 0.0))
        if now < ends:
            return name
        names = http.db_list(force=True, host=host)
        if len(names) != 1:
            self.found.pop(host, None)
            return None
        if len(self.found) >= HOSTS:
            self.found.clear()
        self.found[host] = (names[0], now + KNOWN_FOR)
        return names[0]


class _Answer:
    """Passes an answer's status and headers on, unless it is an HTML page about an error,
    which no route of ours answers with: then ``code`` names the problem to tell."""

    def __init__(self, start_response):
        self.start_response = start_response
        self.code = ""

    def start(self, status, headers, exc_info=None):
        """Take the place of ``start_response`` (PEP 3333)."""
        found = int(status.partition(" ")[0])
        kinds = [value for name, value in headers if name.lower() == "content-type"]
        if found < 400 or not "".join(kinds).startswith("text/html"):
            return self.start_response(status, headers, exc_info)
        # Before a route is found only the database can fail, and nothing was stored.
        self.code = (
            problems.code_for_status(found) if found < 500 else "database_unavailable"
        )
        return lambda _data: None


def _is_ours(path):
    """Return whether werkzeug may read a path as one for machines."""
    return InteropDispatcher.serves("/" + path.lstrip("/"))


def _host(environ):
    """Return the host as core will see it: with ``proxy_mode`` the proxy says it."""
    forwarded = config["proxy_mode"] and environ.get("HTTP_X_FORWARDED_HOST")
    return (forwarded or "").rpartition(",")[2].strip() or environ["HTTP_HOST"]


def _is_host(host):
    """Return whether routes can be looked up under a host."""
    try:
        _ROUTES.bind(host)
    except HTTPException:
        return False
    return True


def _refuse(code, environ, start_response):
    """Answer a problem; nothing of the request is repeated."""
    response = Response(
        json.dumps(problems.problem(code, trace_id=trace.new_trace().trace_id)),
        problems.KINDS[code].status,
        headers=headers.SECURITY,
        content_type=problems.MEDIA_TYPE,
    )
    if response.status_code == 503:
        response.headers["Retry-After"] = str(SETTINGS[PARAM_RETRY_AFTER][0])
    return response(environ, start_response)


def _version_string(self):
    """Return the ``Server`` header; none of versions either where the server could not
    read the request (it has no ``path`` then)."""
    return BANNER if _may_be_ours(getattr(self, "path", "")) else _core_banner(self)


def _may_be_ours(target):
    """Return whether a request target, as it was sent, may reach us: it may be a whole
    URL, and any character of it may be quoted (RFC 9112, 3.2)."""
    try:
        url = urlsplit(target)
    except ValueError:
        return True
    # werkzeug takes what follows two slashes for a part of the path, as we do
    path = url.path if url.scheme else f"/{url.netloc}{url.path}"
    return not target or _is_ours(unquote(path))


# When imported, not in ``post_load``, which is left out where another addon has imported
# this one before.
http.root = MachineRequests(http.root)
# Core makes its web server's handler, and that writes the banner, without asking anybody:
# the one place where there is nothing to wrap.
_core_banner = CommonRequestHandler.version_string
CommonRequestHandler.version_string = _version_string
