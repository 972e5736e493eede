"""Our own 404, 405, 413, 415 and 500: problem+json, no cookie, no traceback."""

import json
from types import SimpleNamespace
from unittest.mock import patch

import psycopg2
import psycopg2.pool
from werkzeug.test import EnvironBuilder

from odoo.http import (
    HTTPRequest,
    Request,
    _generate_routing_rules,
    _request_stack,
    request,
    root,
)
from odoo.tests import tagged
from odoo.tools import config, mute_logger

from odoo.addons.interop_base.inbound import read

from ..controllers.dispatcher import InteropDispatcher
from ..services import health as service
from ..services.call import Answer
from ..tools import problems
from .common import URL, RestEffectHttpCase


@tagged("post_install", "-at_install")
class TestDispatcher(RestEffectHttpCase):
    def _ask(self, method, path, **options):
        return self.opener.request(method, self.base_url() + path, **options)

    def test_404(self):
        for path in (
            *("/interop", "/interop/", "/interop/v2", "/interop/v2/messages"),
            *("/interop/v1", "/interop/v1/", "/interop/v1/no/such?x=1"),
        ):
            for method in ("GET", "POST", "DELETE", "OPTIONS"):
                self._assert_problem(self._ask(method, path), 404, "not_found")

    def test_405_names_what_is_allowed(self):
        for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH"):
            response = self._ask(method, URL)
            self._assert_problem(response, 405, "method_not_allowed")
            self.assertEqual(response.headers["Allow"], "POST")
        response = self._ask("POST", "/interop/v1/health")
        self.assertEqual(response.headers["Allow"], "GET, HEAD")

    def test_415(self):
        for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
            response = self._ask(
                "POST", URL, data="a=b", headers={"Content-Type": content_type}
            )
            self._assert_problem(response, 415, "unsupported_media_type")
        response = self._ask(
            "POST",
            URL,
            data="{}",
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )
        self._assert_problem(response, 415, "unsupported_media_type")

    def test_413_by_length_and_in_chunks(self):
        self.env["ir.config_parameter"].set_param("interop_rest.max_body_kb", "1")
        self.env.flush_all()
        headers = {"Content-Type": "application/json"}
        response = self._ask("POST", URL, data=b" " * 1025, headers=headers)
        self._assert_problem(response, 413, "too_large")

        def chunks():
            for _number in range(3):
                yield b" " * 512

        response = self._ask("POST", URL, data=chunks(), headers=headers)
        self._assert_problem(response, 413, "too_large")

    def test_head_and_health(self):
        response = self._ask("GET", "/interop/v1/health")
        self.assertEqual(response.json(), {"status": "up"})
        self._assert_headers(response)
        self.assertEqual(self._ask("HEAD", "/interop/v1/health").status_code, 200)

    def test_the_type_of_a_problem_resolves_to_a_page_that_explains_it(self):
        problem = self._ask("GET", "/interop/v1/no").json()
        page = self.opener.get(problem["type"])
        self.assertEqual(page.status_code, 200)
        self.assertIn('id="not_found"', page.text)
        self._assert_headers(page)

    def test_pages_of_other_sites_get_no_leave(self):
        headers = {"Origin": "https://evil.example"}
        preflight = {**headers, "Access-Control-Request-Method": "POST"}
        for method, path, sent in (
            ("OPTIONS", URL, preflight),
            ("OPTIONS", "/interop/v1/health", preflight),
            ("GET", "/interop/v1/health", headers),
            ("POST", URL, {**headers, "Content-Type": "application/json"}),
        ):
            response = self._ask(method, path, headers=sent)
            found = [
                name for name in response.headers if "access-control" in name.lower()
            ]
            self.assertEqual(found, [], (method, path))
            if method == "OPTIONS":
                self._assert_problem(response, 405, "method_not_allowed")

    def test_no_session_is_saved(self):
        with patch.object(type(root.session_store), "save") as save:
            self._post()
            self._ask("GET", "/interop/v1/health")
        save.assert_not_called()

    def test_a_fault_is_told_without_its_text(self):

        text = "of-fault".replace("of", "canary-of")

        def fail(*_args):
            raise ValueError(text)

        with (
            patch.object(read, "envelope", fail),
            self.assertLogs("odoo.addons.interop_rest", "ERROR") as logs,
        ):
            response = self._post()
        self._assert_problem(response, 500, "internal")
        logged = "\n".join(logs.output)
        self.assertIn("ValueError", logged)
        self.assertIn(response.json()["trace_id"], logged)
        self.assertNotIn("canary-of", logged + response.text)

    def test_a_lost_database_connection_asks_to_come_back(self):
        """Whichever way psycopg2 tells of it (engine.md, 3)."""
        text = "server closed the connection unexpectedly"
        for error, code in (
            (psycopg2.OperationalError(text), "database_unavailable"),
            (psycopg2.errors.AdminShutdown(text), "database_unavailable"),
            (psycopg2.DatabaseError(text), "database_unavailable"),
            (psycopg2.InterfaceError("connection already closed"), None),
            (psycopg2.pool.PoolError("exhausted"), "busy"),
        ):

            def fail(*_args, own=error):
                raise own

            with (
                self.subTest(error=type(error).__name__),
                patch.object(read, "envelope", fail),
                mute_logger("odoo.addons.interop_rest.controllers.dispatcher"),
            ):
                response = self._post()
                self._assert_problem(response, 503, code or "database_unavailable")
                self.assertTrue(response.headers["Retry-After"])
                self.assertNotIn("closed", response.text)

    def test_what_fails_before_a_route_is_found_is_a_problem(self):
        """PostgreSQL restarts: core answers people in HTML, or not at all."""
        places = (
            (self.registry, "check_signaling"),
            (self.registry["ir.http"], "_match"),
        )
        for error in (psycopg2.InterfaceError, psycopg2.DatabaseError):
            for owner, name in places:
                with (
                    self.subTest(error=error.__name__, place=name),
                    patch.object(owner, name, side_effect=error),
                    mute_logger("odoo.http"),
                ):
                    response = self._post()
                    self._assert_problem(response, 503, "database_unavailable")
                    self.assertEqual(response.headers["Retry-After"], "5")
                    page = self.opener.get(f"{self.base_url()}/web/health")
                    self.assertIn("text/html", page.headers["Content-Type"])

    def test_a_statement_that_fails_before_the_commit_is_not_logged(self):
        """Its values may be content; hooks run in the flush of the dispatcher."""
        text = "of-hook".replace("of", "canary-of")

        def health(env, _call):
            env.cr.precommit.add(lambda: env.cr.execute("SELECT %s::int", [text]))
            return Answer(200, {"status": "up"}, {})

        with patch.object(service, "health", health), self.assertLogs("odoo") as logs:
            response = self._ask("GET", "/interop/v1/health")
        self._assert_problem(response, 500, "internal")
        logged = "\n".join(logs.output)
        self.assertIn("InvalidTextRepresentation", logged)
        self.assertNotIn("canary-of", logged + response.text)

    def test_without_a_database(self):
        """As Odoo serves it when interop_rest is in server_wide_modules."""
        modules = [*config["server_wide_modules"], "interop_rest"]
        for path, method in ((URL, "POST"), ("/interop/v1/health", "GET")):
            response = self._serve_without_database(path, method, modules)
            body = json.loads(response.get_data())
            self.assertEqual(
                (response.status_code, body["code"]), (503, "database_unavailable")
            )
            self.assertEqual(response.headers["Retry-After"], "5")
            self.assertEqual(response.headers["Content-Type"], problems.MEDIA_TYPE)
            self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        page = self._serve_without_database("/interop/v1/problems", "GET", modules)
        self.assertEqual(page.status_code, 200)

    def _serve_without_database(self, path, method, modules):
        """Run core's own database-free code path."""
        environ = EnvironBuilder(path=path, method=method).get_environ()
        vars(root).pop("nodb_routing_map", None)
        self.addCleanup(vars(root).pop, "nodb_routing_map", None)
        with patch.dict(config.options, server_wide_modules=modules):
            request = Request(HTTPRequest(environ))
            request.session = SimpleNamespace(can_save=True, debug="")
            request.db = None
            _request_stack.push(request)
            try:
                return request._serve_nodb()
            except Exception as exc:  # as Application.__call__ does
                return request.dispatcher.handle_error(exc)
            finally:
                _request_stack.pop()

    def test_every_dispatcher_route_states_its_methods(self):
        found = list(_generate_routing_rules(["interop_rest"], nodb_only=False))
        self.assertIn(URL, [url for url, _endpoint in found])
        for _url, endpoint in found:
            self.assertEqual(endpoint.routing["type"], InteropDispatcher.routing_type)
            self.assertTrue(endpoint.routing["interop_methods"])
            self.assertEqual(endpoint.routing["auth"], "none")
            self.assertIs(endpoint.routing["save_session"], False)

    def test_a_query_leaves_nothing_in_a_session(self):
        """Addons of core keep some parameters of any request for a later log-in."""
        seen = []

        def health(_env, _call):
            seen.append(dict(request.session))
            return Answer(200, {"status": "up"}, {})

        with patch.object(service, "health", health):
            self._ask("GET", "/interop/v1/health?auth_login=mallory&debug=assets")
        (session,) = seen
        self.assertNotIn("auth_login", session)
        self.assertFalse(session.get("debug"))
