"""What core does for people before it knows which route is meant, done for machines.

Which database a request belongs to is found without asking PostgreSQL each time.
Core asks PostgreSQL for all its databases with every request that brings no session,
over a connection that it makes for this one question and then throws away: on a server
with ``dbfilter`` this takes longer than to check a signature. People bring a session;
machines never do. So what core finds for a host is remembered for some seconds, and a
session of somebody's browser is not looked at where a request names its database itself.

Whatever goes wrong before a route is found, such as a host that is no host, is answered
in problem+json as well; and the server's banner does not tell which versions run here.
Connections to PostgreSQL keep their plans (``plans.py``).
"""

import time

from odoo import http
from odoo.service.server import CommonRequestHandler

from . import plans
from .controllers.dispatcher import InteropDispatcher

BANNER = "interop"
HEADER = "X-Odoo-Database"
KNOWN_FOR = 10.0  # seconds; a database that was added or renamed is found after them
HOSTS = 1000  # a caller may invent hosts: not more of them are remembered

_core = http.Request._get_session_and_dbname
_core_serve = http.Request._serve_db
_core_banner = CommonRequestHandler.version_string
_found = {}  # host -> (its one database, moment of the monotonic clock when it is over)


def _get_session_and_dbname(self):
    """Return ``(session, name of the database or None)`` as core's method does."""
    received = self.httprequest
    if not InteropDispatcher.serves(received.path):
        return _core(self)
    self.dispatcher = InteropDispatcher(self)  # until a route says the same
    named = received.headers.get(HEADER)
    if received._session_id__ and not named:
        return _core(self)  # a person reads the documentation
    host = received.environ.get("HTTP_HOST", "")
    session = http.root.session_store.new()
    session.update(http.get_default_session())
    session.context["lang"] = self.default_lang()
    session.can_save = False
    session.db = _allowed(named, host) if named else _only(host)
    session.is_dirty = False
    return session, session.db


def _allowed(name, host):
    """Return the database that a request names, if its host may have it, or None."""
    return name if http.db_filter([name], host=host) else None


def _only(host):
    """Return the one database of a host; None when there is none, or more than one."""
    now = time.monotonic()
    name, ends = _found.get(host, ("", 0.0))
    if now < ends:
        return name
    names = http.db_list(force=True, host=host)
    if len(names) != 1:
        _found.pop(host, None)
        return None
    if len(_found) >= HOSTS:
        _found.clear()
    _found[host] = (names[0], now + KNOWN_FOR)
    return names[0]


def _serve_db(self):
    """Serve a request as core does, on a connection that keeps its plans if it is one of
    ours."""
    if not InteropDispatcher.serves(self.httprequest.path):
        return _core_serve(self)
    with plans.kept():
        return _core_serve(self)


def _version_string(self):
    """Return the ``Server`` header; ``path`` is missing where there was no request."""
    target = getattr(self, "path", "").partition("?")[0]
    return BANNER if InteropDispatcher.serves(target) else _core_banner(self)


# Taken over for our own paths; every other request is served as ever. When imported, not
# in ``post_load``, which is left out where another addon has imported this one before.
http.Request._get_session_and_dbname = _get_session_and_dbname
http.Request._serve_db = _serve_db
CommonRequestHandler.version_string = _version_string
