"""Which database a machine's request belongs to: remembered per host, never a session."""

import json
import logging
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

import psycopg2
from werkzeug.test import EnvironBuilder, run_wsgi_app

from odoo import http
from odoo.http import HTTPRequest, Request, root
from odoo.tests import TransactionCase, tagged
from odoo.tools import config, mute_logger

from .. import wsgi

SID = "a" * 84
MESSAGES = "/interop/v1/messages"
DOCS = "/interop/v1/docs"


class Core:
    """Takes the place of Odoo's application: finds the database of a request, no more."""

    def __init__(self):
        self.seen = []

    def __call__(self, environ, start_response):
        with HTTPRequest(environ) as received:
            self.seen.append(
                (environ, *Request(received)._get_session_and_dbname()),
            )
        start_response("204 No Content", [])
        return []


@tagged("post_install", "-at_install")
class TestMachineRequests(TransactionCase):
    def setUp(self):
        super().setUp()
        self.core = Core()
        self.app = wsgi.MachineRequests(self.core)
        self.now = 1000.0
        clock = patch.object(wsgi.time, "monotonic", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)

    @contextmanager
    def _databases(self, *names, allowed=lambda name, host: True):
        """Let PostgreSQL have these databases; give the list of hosts asked about."""
        asked = []

        def db_list(force=False, host=None):
            asked.append(host)
            return [name for name in names if allowed(name, host)]

        def db_filter(dbs, host=None):
            return [name for name in dbs if name in names and allowed(name, host)]

        with (
            patch.object(http, "db_list", db_list),
            patch.object(http, "db_filter", db_filter),
        ):
            yield asked

    def _call(self, path=MESSAGES, host="one.example", without=(), **headers):
        """Send a request through; return ``(status, headers, body)``."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        builder = EnvironBuilder(headers={"Host": host, **sent}, method="POST")
        environ = {**builder.get_environ(), "PATH_INFO": path}
        for name in without:
            environ.pop(name, None)
        body, status, answered = run_wsgi_app(self.app, environ)
        return status, answered, b"".join(body)

    def _find(self, *args, **options):
        """Send a request through; return ``(session, database)`` as core finds them."""
        self._call(*args, **options)
        return self.core.seen[-1][1:]

    def test_asked_once_per_host_and_while(self):
        with self._databases("one") as asked:
            self.assertEqual([self._find()[1] for _number in range(3)], ["one"] * 3)
            self.assertEqual(asked, ["one.example"])
            self.assertEqual(self._find(host="two.example")[1], "one")
            self.assertEqual(asked, ["one.example", "two.example"])
            self.now += wsgi.KNOWN_FOR - 0.1
            self._find()
            self.assertEqual(len(asked), 2)
            self.now += 0.1
            self._find()
            self.assertEqual(len(asked), 3)

    def test_a_database_that_is_gone_is_not_served_while_it_is_remembered(self):
        """Core checks what is remembered; a new name is found when that is over."""
        with self._databases("one"):
            self.assertEqual(self._find()[1], "one")
        with self._databases("renamed"):
            self.assertIsNone(self._find()[1])
            self.now += wsgi.KNOWN_FOR
            self.assertEqual(self._find()[1], "renamed")

    def test_each_host_has_its_own(self):
        def allowed(name, host):
            return host.startswith(name)

        with self._databases("one", "two", allowed=allowed):
            for _again in range(2):
                self.assertEqual(self._find()[1], "one")
                self.assertEqual(self._find(host="two.example")[1], "two")
                self.assertIsNone(self._find(host="three.example")[1])

    def test_the_host_is_the_one_that_the_proxy_names(self):
        forwarded = "evil.example, two.example"
        sent = {"X_Forwarded_Host": forwarded, "X_Forwarded_For": "192.0.2.1"}
        with self._databases("one") as asked:
            self._find(**sent)
            with patch.dict(config.options, {"proxy_mode": True}):
                self._find(**sent)
                self._find()
        self.assertEqual(asked, ["one.example", "two.example"])

    def test_none_or_several_are_none_and_not_remembered(self):
        for names in ((), ("one", "two")):
            with self._databases(*names):
                self.assertIsNone(self._find()[1])
                self.assertEqual(self.app.found, {})
        with self._databases("one"):
            self.assertEqual(self._find()[1], "one")
        self.now += wsgi.KNOWN_FOR
        with self._databases():  # gone, or out of reach
            self.assertIsNone(self._find()[1])
        self.assertEqual(self.app.found, {})

    def test_invented_hosts_do_not_pile_up(self):
        with self._databases("one"), patch.object(wsgi, "HOSTS", 3):
            for number in range(10):
                self._find(host=f"host-{number}.example")
            self.assertLessEqual(len(self.app.found), 3)

    def test_a_request_names_its_database_if_its_host_may_have_it(self):
        def allowed(name, host):
            return host.startswith(name)

        with self._databases("one", "two", allowed=allowed) as asked:
            self.assertEqual(self._find(X_Odoo_Database="one")[1], "one")
            self.assertIsNone(self._find(X_Odoo_Database="two")[1])
            self.assertIsNone(self._find(X_Odoo_Database="none")[1])
            self.assertEqual(asked, [])

    def test_a_session_beside_the_name_of_a_database_is_not_looked_at(self):
        """Core answers an HTML page when the two differ."""
        with (
            self._databases("one", "two"),
            patch.object(type(root.session_store), "get") as get,
        ):
            session, database = self._find(
                X_Odoo_Database="two", Cookie=f"session_id={SID}"
            )
        get.assert_not_called()
        self.assertEqual((database, session.db), ("two", "two"))
        self.assertNotEqual(session.sid, SID)

    def test_the_session_is_empty_and_never_saved(self):
        with self._databases("one"):
            session, _database = self._find(Cookie="route=3", Accept_Language="de-DE")
        self.assertFalse(session.can_save)
        self.assertFalse(session.is_dirty)
        self.assertIsNone(session.uid)
        self.assertEqual(session.context["lang"], "de_DE")

    def test_people_are_served_by_core_alone(self):
        """Other paths, and whoever reads our pages with a session."""
        cookie = f"session_id={SID}"
        for path, sent, machine in (
            ("/web", {}, False),
            ("/interop_rest/static/x", {}, False),
            ("/interoperable", {}, False),
            (DOCS, {"Cookie": cookie}, False),
            (DOCS, {}, True),
            (f"{MESSAGES}/a//b", {}, True),
        ):
            with self._databases("one"):
                self.assertEqual(self._find(path, **sent)[1], "one")
            environ = self.core.seen[-1][0]
            self.assertEqual(wsgi.DATABASE in environ, machine, path)
            self.assertEqual(environ.get("HTTP_COOKIE"), sent.get("Cookie"))

    def test_a_host_that_is_none_is_refused_before_core_sees_it(self):
        for sent, proxied in (
            ({"host": "x..y"}, False),
            ({"host": "a" * 300, "X_Odoo_Database": "one"}, False),
            ({"X_Forwarded_Host": "x..y"}, True),
        ):
            with patch.dict(config.options, {"proxy_mode": proxied}):
                status, headers, body = self._call(**sent)
            self.assertEqual(status, "400 BAD REQUEST", sent)
            self.assertEqual(headers["Content-Type"], "application/problem+json")
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            problem = json.loads(body)
            self.assertEqual((problem["status"], problem["code"]), (400, "bad_request"))
            self.assertEqual(len(problem["trace_id"]), 32)
        self.assertEqual(self.core.seen, [])

    def test_doubled_slashes_are_not_redirected(self):
        for path in ("//interop", "///interop/v1", "/interop//v1/docs", "/interop//"):
            status, headers, body = self._call(path)
            self.assertEqual(status, "404 NOT FOUND", path)
            self.assertEqual(headers["Content-Type"], "application/problem+json")
            self.assertEqual(json.loads(body)["code"], "not_found")
        self.assertEqual(self.core.seen, [])

    def test_what_fails_before_a_route_is_found_is_a_problem(self):
        """PostgreSQL restarts: core answers in HTML, or not at all (engine.md, 3)."""

        def page(status):
            def app(_environ, start_response):
                start_response(status, [("Content-Type", "text/html; charset=utf-8")])
                return [b"<title>canary</title>"]

            return app

        def fails(error):
            def app(_environ, _start_response):
                raise error

            return app

        gone = (503, "database_unavailable")
        for app, told in (
            (page("500 INTERNAL SERVER ERROR"), gone),
            (page("404 NOT FOUND"), (404, "not_found")),
            (fails(psycopg2.InterfaceError("canary")), gone),
            (fails(psycopg2.DatabaseError("canary")), gone),
        ):
            with (
                patch.dict(vars(self.app), app=app),
                self._databases("one"),
                mute_logger("odoo.addons.interop_rest.wsgi"),
            ):
                _status, headers, body = self._call()
            problem = json.loads(body)
            self.assertEqual((problem["status"], problem["code"]), told)
            self.assertEqual(headers["Content-Type"], "application/problem+json")
            self.assertEqual("Retry-After" in headers, told == gone)
            self.assertNotIn("Set-Cookie", headers)

        with (
            patch.object(http, "db_list", side_effect=psycopg2.InterfaceError("x")),
            mute_logger("odoo.addons.interop_rest.wsgi"),
        ):
            _status, _headers, body = self._call(host="unknown.example")
        self.assertEqual(json.loads(body)["status"], 503)

    def test_other_pages_and_paths_are_cores(self):
        """A page that is no error passes, and so does an error page for people."""

        def app(environ, start_response):
            status = "200 OK" if environ["PATH_INFO"] == DOCS else "500 OOPS"
            start_response(status, [("Content-Type", "text/html; charset=utf-8")])
            return [b"page"]

        with patch.dict(vars(self.app), app=app), self._databases("one"):
            for path in (DOCS, "/web"):
                self.assertEqual(self._call(path)[2], b"page", path)

    def test_failing_statements_of_a_request_stay_out_of_the_log(self):
        """Also in a flush or commit after the dispatcher has ended."""

        def app(_environ, start_response):
            logging.getLogger("odoo.sql_db").error("bad query: canary")
            start_response("204 No Content", [])
            return []

        with patch.dict(vars(self.app), app=app), self._databases("one"):
            with self.assertNoLogs("odoo.sql_db", "ERROR"):
                self._call()
            with self.assertLogs("odoo.sql_db", "ERROR"):
                self._call("/web")

    def test_no_other_protocol_is_spoken(self):
        """werkzeug would look for a route of websockets, and answer in HTML."""
        with self._databases("one"):
            self._call(Upgrade="websocket", Connection="Upgrade")
        self.assertNotIn("HTTP_UPGRADE", self.core.seen[-1][0])

    def test_no_banner_for_a_request_that_cannot_be_read(self):
        """A line that is too long or no request at all has no path; a URL may be none."""
        for read in ({}, {"path": ""}, {"path": "http://[::1/interop"}):
            handler = SimpleNamespace(**read)
            self.assertEqual(
                wsgi.CommonRequestHandler.version_string(handler), "interop"
            )

    def test_no_host_at_all_is_the_address_of_the_server(self):
        """HTTP/1.0; core would answer an HTML page."""
        with self._databases("one") as asked:
            self.assertEqual(self._call(without=["HTTP_HOST"])[0], "204 No Content")
        self.assertEqual(asked, ["localhost"])  # SERVER_NAME

    def test_it_has_what_odoo_has(self):
        """Other addons read and replace parts of ``odoo.http.root``."""
        self.assertIsInstance(http.root, wsgi.MachineRequests)
        self.assertIs(http.root.session_store, http.root.app.session_store)
        http.root.of_another_addon = 1
        self.assertEqual(http.root.app.of_another_addon, 1)
        del http.root.of_another_addon
        self.assertFalse(hasattr(http.root.app, "of_another_addon"))
