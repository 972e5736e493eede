"""Calls signed by RFC 9421, over the real routes, by a library that is not ours."""

import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from requests import Request

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import config

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import signing

from .common import URL, RestEffectHttpCase

COVERED = ("@method", "@target-uri")


class Signed:
    """Signs requests with the library, as a partner would."""

    @classmethod
    def _set_up_signer(cls):
        cls.signer = cls._create_client(
            accepts_http_signature=True, accepts_signature=False
        )
        cls.signer_text = cls._add_key(cls.signer)
        cls.signer_key = cls.signer.secret_ids
        cls._activate_client(cls.signer)

    def _request(self, method, path, body=b"", *, headers=None, client=None, **options):
        """Return a prepared request, signed."""
        prepared = Request(
            method,
            self.base_url() + path,
            data=body or None,
            headers={
                "Interop-Client": (client or self.signer).code,
                **({"Content-Type": "application/json"} if body else {}),
                **(headers or {}),
            },
        ).prepare()
        material = options.pop("material", signing.decode_secret(self.signer_text))
        algorithm = options.pop("algorithm", algorithms.HMAC_SHA256)
        key_id = options.pop("key_id", self.signer_key.uuid)
        seconds = options.pop("seconds", 0)
        options.setdefault("nonce", f"nonce-{self._next():016}")
        options.setdefault("covered_component_ids", COVERED)
        HTTPMessageSigner(
            signature_algorithm=algorithm,
            key_resolver=MappingKeyResolver(
                public_keys={}, private_keys={key_id: material}
            ),
        ).sign(
            prepared,
            key_id=key_id,
            created=datetime.fromtimestamp(clock.timestamp() + seconds, UTC),
            body=body or None,
            **options,
        )
        return prepared

    def _send(self, prepared):
        self.env.flush_all()
        # request() of the test's own session, which opens the server for it
        response = self.opener.request(
            prepared.method,
            prepared.url,
            data=prepared.body,
            headers=dict(prepared.headers),
        )
        self.env.invalidate_all()
        return response

    def _post_signed(self, envelope, **options):
        body = json.dumps(envelope).encode()
        return self._send(self._request("POST", URL, body, **options))


@tagged("post_install", "-at_install")
class TestHttpSignature(Signed, RestEffectHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_signer()

    def _assert_refused(self, response):
        body = self._assert_problem(response, 401, "unauthorized")
        self.assertEqual(response.headers["WWW-Authenticate"], 'Bearer realm="interop"')
        return {name: value for name, value in body.items() if name != "trace_id"}

    def test_a_message(self):
        envelope = self._envelope()
        response = self._post_signed(envelope)
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(self._messages(self.signer).create_uid, self.signer.user_id)
        # Known by its id, whatever signature it comes under.
        again = self._post_signed(envelope)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(self._effects(), ["Ada"])

    def test_the_very_same_request_again_has_no_second_effect(self):
        prepared = self._request("POST", URL, json.dumps(self._envelope()).encode())
        self.assertEqual(self._send(prepared).status_code, 200)
        again = self._send(prepared)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(self._effects(), ["Ada"])

    def test_every_route(self):
        envelope = self._envelope(id="a/b?c%d")
        self._post_signed(envelope)
        location = f"{URL}/a%2Fb%3Fc%25d"
        for method in ("GET", "HEAD"):
            for path in (location, "/interop/v1/openapi.json", "/interop/v1/health"):
                response = self._send(self._request(method, path))
                self.assertEqual(response.status_code, 200, (path, response.text))
        batch = json.dumps([envelope]).encode()
        response = self._send(self._request("POST", f"{URL}:batch", batch))
        self.assertTrue(response.json()["results"][0]["replayed"])
        self.signer._set_suspended()
        self.signer._set_requested()
        self.signer.namespace_ids = self.namespace
        self._activate_client(self.signer)
        query = "?namespace=http://effects.example&value=Ada"
        response = self._send(self._request("GET", f"/interop/v1/identifiers{query}"))
        self.assertIn(response.status_code, (200, 404), response.text)

    def test_a_nonce_of_a_reading_call_is_good_once(self):
        for method in ("GET", "HEAD"):
            prepared = self._request(method, "/interop/v1/openapi.json")
            self.assertEqual(self._send(prepared).status_code, 200)
            self.assertEqual(self._send(prepared).status_code, 401)
        prepared = self._request("GET", "/interop/v1/openapi.json", nonce="n" * 20)
        self.assertEqual(self._send(prepared).status_code, 200)
        other = self._request("GET", "/interop/v1/health", nonce="n" * 20)
        self._assert_refused(self._send(other))

    def test_a_nonce_of_a_call_with_a_body_that_is_no_message_is_good_once(self):
        self.namespace.system_id = self.system
        self.signer._transition(
            {"may_link": True, "namespace_ids": [(6, 0, self.namespace.ids)]}
        )
        wire = {"system": self.namespace.uri, "value": "nobody"}
        for path, status, question in (
            (f"{URL}:reconcile", 200, {"messages": [{"id": "msg_1"}]}),
            ("/interop/v1/identifiers", 404, {"identifier": wire, "record": wire}),
        ):
            prepared = self._request("POST", path, json.dumps(question).encode())
            self.assertEqual(self._send(prepared).status_code, status)
            self._assert_refused(self._send(prepared))

    def test_nonces_are_kept_while_they_matter_as_hashes(self):
        self._send(
            self._request("GET", "/interop/v1/health", nonce="canary-nonce-0001")
        )
        nonces = self.env["interop.client.nonce"].search(
            [("client_id", "=", self.signer.id)]
        )
        self.assertNotIn("canary", nonces.digest)
        left = nonces.kept_until - clock.now()
        self.assertGreater(left, timedelta(seconds=600))
        self.env["interop.client.nonce"]._gc_nonces()
        self.assertTrue(nonces.exists())
        self.env.cr.execute(
            "UPDATE interop_client_nonce SET kept_until = kept_until - '1 day'::interval"
        )
        self.env["interop.client.nonce"]._gc_nonces()
        self.assertFalse(nonces.exists())

    def test_every_failure_is_the_same_401(self):
        envelope = self._envelope()
        good = json.dumps(envelope).encode()
        exchanged = self._request("POST", URL, good)
        exchanged.body = good.replace(b"Ada", b"Eve")
        other_path = self._request("GET", "/interop/v1/health")
        other_path.url = other_path.url.replace("health", "openapi.json")
        other_method = self._request("GET", "/interop/v1/health")
        other_method.method = "HEAD"
        both = self._request("GET", "/interop/v1/health")
        both.headers["Authorization"] = "Bearer x"
        answers = [
            self._assert_refused(response)
            for response in (
                self._send(exchanged),
                self._send(other_path),
                self._post_signed(envelope, seconds=-400),
                self._post_signed(envelope, seconds=400),
                self._post_signed(envelope, material=bytes(32)),
                self._post_signed(envelope, key_id="unknown"),
                self._post_signed(envelope, client=self.client),
                self._post_signed(envelope, nonce=None),
                self._post_signed(envelope, covered_component_ids=("@method",)),
                self._post_signed(envelope, headers={"Interop-Client": "nobody"}),
                self._send(both),
            )
        ]
        self.assertTrue(all(answer == answers[0] for answer in answers))
        self.assertEqual(self._send(other_method).status_code, 401)
        self.assertFalse(self._messages(self.signer))

    def test_ed25519_and_no_other_algorithm_for_its_key(self):
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        text = signing.PREFIX_PUBLIC + signing._b64(public)
        before = self.signer.secret_ids
        self.env["interop.client.key.wizard"].create(
            {"client_id": self.signer.id, "public_key": text}
        ).action_add()
        key_id = (self.signer.secret_ids - before).uuid
        options = {"key_id": key_id, "algorithm": algorithms.ED25519}
        response = self._post_signed(self._envelope(), material=private, **options)
        self.assertEqual(response.status_code, 200, response.text)
        self._assert_refused(
            self._post_signed(self._envelope(), key_id=key_id, material=public)
        )

    def test_behind_a_proxy_the_address_is_the_caller_s(self):
        path = "/interop/v1/health?x=1"
        forwarded = {
            "X-Forwarded-Host": "odoo.example",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "192.0.2.7",
        }
        for proxy_mode, status in ((True, 200), (False, 401)):
            with patch.object(
                type(self), "base_url", lambda _test: "https://odoo.example"
            ):
                prepared = self._request("GET", path, headers=forwarded)
            prepared.url = self.base_url() + path
            with patch.dict(config.options, proxy_mode=proxy_mode):
                self.assertEqual(self._send(prepared).status_code, status)

    def test_it_has_to_be_allowed_for_the_client(self):
        key = self.client.secret_ids
        response = self._post_signed(
            self._envelope(),
            client=self.client,
            key_id=key.uuid,
            material=signing.decode_secret(self.secret_text),
        )
        self._assert_refused(response)
        with self._refused(UserError, "is approved"):
            self.client.accepts_http_signature = True
        # And a client of this kind does not get in by the others.
        envelope = self._envelope()
        response = self._post(
            envelope, secret=self.signer_text, client=self.signer.code
        )
        self._assert_refused(response)

    def test_the_generated_key_is_shown_with_its_key_id(self):
        action = self.signer.action_generate_hmac()
        secret = self.signer.secret_ids.sorted("id")[-1]
        self.assertIn(secret.uuid, action["params"]["note"])
        action = self.client.action_generate_hmac()
        self.assertNotIn("9421", action["params"]["note"])
