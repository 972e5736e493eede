"""Every limit over the real routes, on every route: refused in problem+json."""

import hashlib
import json
import re
import time

from odoo.http import _generate_routing_rules
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import signing

from ..tools import headers, problem_page
from .common import URL, RestEffectHttpCase

DEEP = 32
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FORM = "application/x-www-form-urlencoded"
TYPES = (
    "",
    "text/plain",
    "text/json",
    FORM,
    "multipart/form-data; boundary=x",
    "application/json; charset=latin-1",
    "application/json, text/plain",
)


@tagged("post_install", "-at_install")
class TestLimits(RestEffectHttpCase):
    def _routes(self):
        """Return ``(path, allowed methods)`` of every route, with something in it."""
        found = {}
        for url, endpoint in _generate_routing_rules(["interop_rest"], nodb_only=False):
            if endpoint.original_endpoint.__name__ != "unknown":
                path = re.sub(r"<\w+:\w+>", "some-thing", url)
                found[path] = endpoint.routing["interop_methods"]
        self.assertGreater(len(found), 10)
        return found

    def _ask(self, method, path, **options):
        return self.opener.request(method, self.base_url() + path, **options)

    def _send_bytes(self, body, path=URL, **more):
        """Sign bytes, whatever they are, and send them."""
        signed = signing.headers(
            f"msg_{self._next()}",
            clock.timestamp(),
            body if isinstance(body, bytes) else b"".join(body),
            [signing.SigningKey.from_text(self.secret_text)],
        )
        sent = {
            **signed,
            "Interop-Client": self.client.code,
            "Content-Type": "application/json",
            **more,
        }
        self.env.flush_all()
        return self._ask(
            "POST",
            path,
            data=body if isinstance(body, bytes) else iter(body),
            headers=sent,
        )

    # --- every route

    def test_405_on_every_route(self):
        for path, allowed in self._routes().items():
            for method in set(METHODS) - set(allowed):
                with self.subTest(path=path, method=method):
                    response = self._ask(method, path)
                    self.assertEqual(response.status_code, 405)
                    self.assertEqual(response.headers["Allow"], ", ".join(allowed))
                    if method != "HEAD":
                        self._assert_problem(response, 405, "method_not_allowed")

    def test_415_on_every_route_that_takes_a_body(self):
        for path, allowed in self._routes().items():
            if "POST" not in allowed:
                continue
            for content_type in TYPES:
                with self.subTest(path=path, content_type=content_type):
                    sent = {"Content-Type": content_type}
                    response = self._ask("POST", path, data=b"a=b", headers=sent)
                    if "/webhooks/" in path and content_type == FORM:
                        # Forms are an option of a scheme: the caller is known first.
                        self._assert_problem(response, 401, "unauthorized")
                        continue
                    self._assert_problem(response, 415, "unsupported_media_type")
            for encoding in ("gzip", "deflate", "br", "identity, gzip", "x"):
                sent = {
                    "Content-Type": "application/json",
                    "Content-Encoding": encoding,
                }
                response = self._ask("POST", path, data=b"{}", headers=sent)
                self._assert_problem(response, 415, "unsupported_media_type")

    def test_413_on_every_route_that_takes_a_body(self):
        params = self.env["ir.config_parameter"]
        params.set_param("interop_rest.max_body_kb", "1")
        params.set_param("interop_rest.max_batch_kb", "2")
        for path, allowed in self._routes().items():
            if "POST" not in allowed:
                continue
            limit = 2048 if path.endswith(":batch") else 1024
            for body in (b" " * (limit + 1), [b" " * 512] * (limit // 512 + 1)):
                with self.subTest(path=path, chunked=isinstance(body, list)):
                    response = self._send_bytes(body, path)
                    self._assert_problem(response, 413, "too_large")
            for body in (b" " * limit, [b" " * 512] * (limit // 512)):
                response = self._send_bytes(body, path)
                self.assertNotEqual(response.status_code, 413, path)

    def test_security_headers_on_every_answer(self):
        answers = [self._post(), self._ask("GET", "/interop/v1/none")]
        answers += [self._ask("PUT", path) for path in self._routes()]
        page = self._ask("GET", "/interop/v1/problems")
        styled = {"Content-Security-Policy": problem_page.CONTENT_SECURITY_POLICY}
        self.assertTrue(
            styled["Content-Security-Policy"].startswith(
                "default-src 'none'; style-src"
            )
        )
        for response in (*answers, page):
            expected = headers.SECURITY | (styled if response is page else {})
            for name, value in expected.items():
                self.assertEqual(response.headers[name], value, response.url)
            for name in ("Set-Cookie", "Location", "X-Powered-By"):
                self.assertNotIn(name, response.headers)

    # --- the content

    def _with_data(self, text):
        """Return the bytes of an envelope with ``text`` as its data."""
        envelope = json.dumps(self._envelope(data=None))
        return envelope.replace('"data": null', f'"data": {text}').encode()

    def test_json_limits(self):
        inner = "[" * DEEP + "]" * DEEP
        items = "[" + ",".join(["1"] * 50001) + "]"
        for name, text, code in (
            ("depth", f'{{"name": {inner}}}', "too_deep"),
            ("items", f'{{"name": {items}}}', "too_many_items"),
            ("duplicate", '{"name": "a", "name": "b"}', "duplicate_key"),
            ("NaN", '{"name": NaN}', "not_finite"),
            ("Infinity", '{"name": Infinity}', "not_finite"),
            ("-Infinity", '{"name": -Infinity}', "not_finite"),
            ("overflow", '{"name": 1e999}', "not_finite"),
            ("surrogate", '{"name": "\\ud800"}', "invalid_utf8"),
        ):
            with self.subTest(name=name):
                response = self._send_bytes(self._with_data(text))
                body = self._assert_problem(response, 400, "invalid_json")
                self.assertEqual([error["code"] for error in body["errors"]], [code])
        whole = self._with_data('{"name": "Ada"}')
        for body in (
            whole.replace(b"Ada", b"\xff\xfe"),
            whole.replace(b"Ada", b"\xed\xa0\x80"),
            b"\xef\xbb\xbf" + whole,
            whole.decode().encode("utf-16"),
        ):
            response = self._send_bytes(body)
            body = self._assert_problem(response, 400, "invalid_json")
            self.assertEqual(body["errors"][0]["code"], "invalid_utf8")
        self.assertFalse(self._messages())
        self.assertEqual(self._effects(), [])

    def test_an_interface_takes_less_than_the_settings_allow(self):
        self.interface.max_body_kb = 1
        large = self._envelope(data={"name": "x" * 1024})
        self._assert_problem(self._post(large), 413, "too_large")
        items = json.dumps([large, self._envelope()]).encode()
        results = self._send_bytes(items, f"{URL}:batch").json()["results"]
        self.assertEqual([item["status"] for item in results], [413, 200])
        self.assertEqual(len(self._messages()), 1)
        self.interface.max_body_kb = 2
        self.assertNotEqual(self._post(large).status_code, 413)

    # --- the same message elsewhere

    @mute_logger("odoo.sql_db")
    def test_still_running_after_two_seconds(self):
        """Somebody else holds the message, in a session of its own."""
        envelope = self._envelope()
        text = f"interop.in:{self.client.id}:{envelope['id']}"
        digest = hashlib.sha256(text.encode()).digest()[:8]
        key = int.from_bytes(digest, "big", signed=True)
        with db_connect(self.env.cr.dbname).cursor() as elsewhere:
            elsewhere.execute("SELECT pg_advisory_xact_lock(%s)", [key])
            started = time.monotonic()
            response = self._post(envelope)
            waited = time.monotonic() - started
        self._assert_problem(response, 409, "in_flight")
        self.assertEqual(response.headers["Retry-After"], "2")
        self.assertGreater(waited, 1.5)
        self.assertFalse(self._messages())
